"""Log lines: JSON for machines, plain for people; what an exception says is in neither."""

import json
import logging
import sys
from typing import Any, Literal

import pytest

from newsdesk.serving.logs import LogFormatter, source_location

TEXT = "an article"


def record(message: str = "served", *args: object, **extras: Any) -> logging.LogRecord:
    made = logging.LogRecord("newsdesk.access", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(extras)
    return made


def failed() -> logging.LogRecord:
    """A record of an exception that says an article."""
    try:
        raise ValueError(TEXT)
    except ValueError:
        return logging.LogRecord("newsdesk", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())


def test_a_line_is_json_with_what_is_known_of_the_request() -> None:
    line = LogFormatter("json").format(
        record("%s answered", "POST", request_id="r-1", duration_ms=1.5, caller="desk", trace_id=None, other="x")
    )
    fields = json.loads(line)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "INFO",
        "logger": "newsdesk.access",
        "message": "POST answered",
        "request_id": "r-1",
        "duration_ms": 1.5,
        "caller": "desk",
    }


@pytest.mark.parametrize("message", ["two\nlines", 'a "quote"', "Straße\u2028", "\x1b[31mred", "\x00"])
def test_whatever_is_said_is_one_line_of_json(message: str) -> None:
    line = LogFormatter("json").format(record(message))
    assert "\n" not in line
    assert json.loads(line)["message"] == message


def test_a_line_for_people_names_the_same() -> None:
    line = LogFormatter("text").format(record("served", request_id="r-1", caller="desk"))
    assert all(part in line.split() for part in ("INFO", "served", "request_id=r-1", "caller=desk"))
    assert LogFormatter("text").format(record("served")).endswith("served")


@pytest.mark.parametrize("style", ["json", "text"])
def test_of_an_exception_only_kind_and_place_are_told(style: Literal["json", "text"]) -> None:
    line = LogFormatter(style).format(failed())
    assert TEXT not in line
    assert "ValueError at " in line
    assert __file__ in line
    assert "\n" not in line


def test_the_place_is_where_it_was_raised() -> None:
    def deep() -> None:
        raise KeyError(TEXT)

    with pytest.raises(KeyError) as caught:
        deep()
    assert source_location(caught.value) == f"{__file__}:{deep.__code__.co_firstlineno + 1}"
    assert source_location(ValueError(TEXT)) == "an unknown place"


@pytest.mark.parametrize(("is_terminal", "begins"), [(False, "{"), (True, "")])
def test_by_default_a_terminal_gets_plain_lines(
    is_terminal: bool, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    line = LogFormatter().format(record())
    assert line.startswith("{") is not is_terminal
    assert line.startswith(begins)
