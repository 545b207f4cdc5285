"""Print the states of feedback labels, in the same way for every command."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from rich.console import Console

from newsdesk.cli.tables import print_table, table_of
from newsdesk.monitoring.page.formatting import LABEL_STATES
from newsdesk.monitoring.report import LabelState

_MAX_NAMED = 10  # who is not believed; the others are in --json


def print_labels(console: Console, states: Mapping[LabelState, int], distrusted: Sequence[str]) -> None:
    """For people; nothing where there is no feedback."""
    if not any(states.values()):
        return
    table = table_of()
    table.add_column("label", no_wrap=True)
    table.add_column("texts", justify="right")
    table.add_column("meaning")
    for state in get_args(LabelState):
        table.add_row(state, f"{states.get(state, 0):,}", LABEL_STATES[state])
    print_table(console, "Texts with feedback, by what became of it", table)
    for sentence in distrusted[:_MAX_NAMED]:
        console.print(sentence, soft_wrap=True)
    if len(distrusted) > _MAX_NAMED:
        console.print(f"And {len(distrusted) - _MAX_NAMED:,} more: --json names them.", soft_wrap=True)


def labels_as_dict(states: Mapping[LabelState, int], distrusted: Sequence[str]) -> dict[str, Any]:
    """For machines."""
    counts = {state: states.get(state, 0) for state in get_args(LabelState)}
    return {"labels": counts, "distrusted": list(distrusted)}
