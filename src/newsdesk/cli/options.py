"""Options that many commands have."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

Candidates = Annotated[
    str | None, typer.Option(help="Names of candidates, with commas between. Default: all of model_config.yaml.")
]


def candidate_names(option: str | None) -> tuple[str, ...] | None:
    """The names in such an option."""
    return None if option is None else tuple(name.strip() for name in option.split(",") if name.strip())
