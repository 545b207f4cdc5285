"""`configs/logging_config.yaml`: how a server logs, in the schema of `logging.config.dictConfig`."""

from pathlib import Path
from typing import Any

import yaml

from newsdesk.config.yaml_parser import parse_yaml
from newsdesk.errors import ConfigError

FILE = "logging_config.yaml"

DEFAULT: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "newsdesk.serving.logs.LogFormatter", "style": "auto"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"},
    },
    "loggers": {
        "newsdesk": {"level": "INFO"},
        "newsdesk.access": {"level": "INFO"},
        "uvicorn.error": {"level": "INFO"},
    },
    "root": {"level": "WARNING", "handlers": ["console"]},
}


def read_logging_config(folder: Path) -> dict[str, Any]:
    """The configuration in `folder`, or the default where there is none. Raises `ConfigError`."""
    file = folder / FILE
    try:
        config = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULT
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be read: {str(error).splitlines()[0]}. Correct it, or remove it.") from error
    if not isinstance(config, dict) or config.get("version") != 1:
        raise ConfigError(f"{file} must be a mapping with version: 1, as logging.config.dictConfig takes it.")
    return _with_known_levels(config)


def _with_known_levels(config: dict[str, Any]) -> dict[str, Any]:
    """With `level: info` as `logging` writes it: INFO."""
    return {
        key: value.upper()
        if key == "level" and isinstance(value, str)
        else _with_known_levels(value)
        if isinstance(value, dict)
        else value
        for key, value in config.items()
    }
