"""What one can say to the gate beforehand, of commands that train and judge."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from newsdesk.pipeline.gate_options import GateOptions
    from newsdesk.training.gate import Decision

_EXIT_CODES: "dict[Decision, int]" = {"refused": 1, "waiting": 3}

Yes = Annotated[
    bool, typer.Option("--yes", help="Say yes to categories that are not the champion's, where a person is asked.")
]
NoPromote = Annotated[
    bool, typer.Option("--no-promote", help="Train and register, tell the verdict, and put nothing in charge.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Train and tell the verdict; register and remember nothing.")]


def gate_options(*, yes: bool, no_promote: bool, dry_run: bool) -> "GateOptions":
    """The options that were given, as the gate takes them."""
    from newsdesk.pipeline.gate_options import GateOptions

    return GateOptions(yes, "nothing" if dry_run else "register" if no_promote else "promote")


def exit_by_decision(decision: "Decision") -> None:
    """End with the exit code of a decision, unless all is well."""
    if code := _EXIT_CODES.get(decision):
        raise typer.Exit(code)
