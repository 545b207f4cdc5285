"""What a table shows can be copied whole, however narrow the terminal, and whatever the output is."""

import io

import pytest

from newsdesk.cli.tables import PlainConsole, print_table, table_of

DIGEST, DATASET = "5e" * 32, "0123456789abcdef-0123456789abcdef"


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_word_of_a_table_is_cut(width: int, is_terminal: bool) -> None:
    file = io.StringIO()
    console = PlainConsole(file=file, width=width, force_terminal=is_terminal, no_color=True)
    table = table_of("version", "dataset", "digest", "why")
    table.add_row("1", DATASET, DIGEST, "a reason of several words that may stand on several lines")
    print_table(console, "Models", table)
    shown = file.getvalue()
    assert DIGEST in shown
    assert DATASET in shown
    assert "…" not in shown
    assert {"reason", "several", "lines"} <= {*shown.split()}
