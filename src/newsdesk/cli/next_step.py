"""What a person can do about a verdict of the gate that put nobody in charge."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsdesk.training.gate import Decision


def next_step(decision: "Decision", version: str | None, champion: str | None) -> str | None:
    """In one sentence; None where nothing is left to do. `version`: what the new model is registered as; `champion`:
    the version in charge."""
    match decision:
        case "waiting" if champion:
            return f"Until then version {champion} serves on; to say no: newsdesk models promote {champion}"
        case "kept" if version:
            return f"The new model is version {version}; to put it in charge: newsdesk models promote {version}"
        case _:
            return None
