"""Read a YAML file into its frozen model; every mistake in it becomes one sentence."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.errors import ConfigError

MODEL_CONFIG = "model_config.yaml"
PIPELINE_CONFIG = "pipeline_config.yaml"

Config = TypeVar("Config", bound=BaseModel)


def load_model_config(folder: Path) -> ModelConfig:
    return load(folder / MODEL_CONFIG, ModelConfig)


def load_pipeline_config(folder: Path) -> PipelineConfig:
    return load(folder / PIPELINE_CONFIG, PipelineConfig)


def load(path: Path, model: type[Config]) -> Config:
    """The model that `path` describes; the defaults where there is no such file, or for keys that it leaves out.

    Raises `ConfigError` naming the file, the key and the fix.
    """
    if not path.is_file():
        return model()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}. Correct it.") from error
    if content is None:
        return model()
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_mistake(error, model)}") from error


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing pydantic found wrong, as a sentence with the fix."""
    mistake = error.errors(include_url=False)[0]
    *parents, last = mistake["loc"] or ("the file",)
    key = ".".join(str(part) for part in (*parents, last))
    if mistake["type"] == "extra_forbidden":
        return f"unknown key '{key}'. {_nearest(str(last), _keys_under(model, parents))}"
    return f"'{key}': {mistake['msg']}. It is {mistake['input']!r} now."[:500]


def _nearest(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known keys here: {', '.join(known)}."


def _keys_under(model: type[BaseModel], parents: list[int | str]) -> list[str]:
    for parent in parents:
        inner = model.model_fields[str(parent)].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        model = inner
    return list(model.model_fields)
