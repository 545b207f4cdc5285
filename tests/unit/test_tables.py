"""What a table shows can be copied whole, however narrow the terminal, and whatever the output is."""

import io
import re

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


def shown_on_a_terminal(width: int, *rows: tuple[str, ...]) -> list[str]:
    file = io.StringIO()
    console = PlainConsole(file=file, width=width, force_terminal=True, color_system=None)
    table = table_of("version", "in charge", "dataset", "digest")
    for row in rows:
        table.add_row(*row)
    print_table(console, "Models", table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_what_does_not_fit_a_terminal_stands_row_by_row_below_each_other() -> None:
    rows = ("2", "champion", DATASET, DIGEST), ("1", "", DATASET, DIGEST)
    lines = shown_on_a_terminal(80, *rows)
    assert lines == [
        "Models",
        "version    2",
        "in charge  champion",
        f"dataset    {DATASET}",
        f"digest     {DIGEST}",
        "",
        "version    1",
        f"dataset    {DATASET}",
        f"digest     {DIGEST}",
        "",
    ]
    assert max(map(len, lines)) <= 80


def test_what_fits_stands_side_by_side() -> None:
    lines = shown_on_a_terminal(80, ("2", "champion", "short", "ab"))
    assert ["2", "champion", "short", "ab"] in [line.split() for line in lines]


def test_short_of_room_sentences_are_wrapped_between_words_and_nothing_else_gives_way() -> None:
    file = io.StringIO()
    console = PlainConsole(file=file, width=80, force_terminal=True, color_system=None)
    table = table_of()
    for heading in ("from", "texts", "accuracy\n(95 % interval)", "labelled", "estimated", "state"):
        table.add_column(heading, no_wrap=heading != "state")
    table.add_row(
        "31 Dec 00:00", "100", "98% (88% to 100%)", "32", "93.7%", "not judged: too few texts (still running)"
    )
    print_table(console, "Windows", table)
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert {"31 Dec 00:00", "98% (88% to 100%)"} <= {*re.split(r" {2,}", "  ".join(lines))}
    assert {"judged:", "few", "running)"} <= {*" ".join(lines).split()}
