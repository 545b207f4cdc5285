"""How a server logs: as the file says, or as the same file says that is shipped."""

import logging
from logging.config import dictConfig
from pathlib import Path

import pytest

from newsdesk.config.logging_config import DEFAULT, FILE, read_logging_config
from newsdesk.errors import ConfigError
from newsdesk.serving.logs import LogFormatter

SHIPPED = Path(__file__).parents[3] / "configs"


def test_the_default_is_the_file_that_is_shipped(tmp_path: Path) -> None:
    assert read_logging_config(SHIPPED) == DEFAULT == read_logging_config(tmp_path)


def test_python_takes_the_default() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        dictConfig(DEFAULT)
        (handler,) = root.handlers
        assert isinstance(handler.formatter, LogFormatter)
        assert logging.getLogger("newsdesk.access").isEnabledFor(logging.INFO)
        assert not logging.getLogger("another").isEnabledFor(logging.INFO)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name in DEFAULT["loggers"]:
            logging.getLogger(name).setLevel(logging.NOTSET)


def test_levels_may_be_written_small(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("version: 1\nloggers: {newsdesk: {level: info}}\nroot: {level: Error}\n")
    config = read_logging_config(tmp_path)
    assert (config["loggers"]["newsdesk"]["level"], config["root"]["level"]) == ("INFO", "ERROR")


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("version: 1\nroot: {level: ERROR}\n")
    assert read_logging_config(tmp_path) == {"version": 1, "root": {"level": "ERROR"}}


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"version: 2", b"root: {}", b"version: [", b"\xff", b"!!python/object:os.system {}"]
)
def test_a_file_that_is_none_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=FILE):
        read_logging_config(tmp_path)
