"""Read a YAML file into its frozen model; every mistake in it becomes one sentence."""

from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.yaml_parser import parse_yaml
from newsdesk.errors import ConfigError

MODEL_CONFIG = "model_config.yaml"
PIPELINE_CONFIG = "pipeline_config.yaml"

_EXPECTED = dict.fromkeys(("model_type", "dict_type"), "it is a section, with keys of its own under it")

Config = TypeVar("Config", bound=BaseModel)


def load_model_config(folder: Path) -> ModelConfig:
    return load_config(folder / MODEL_CONFIG, ModelConfig)


def load_pipeline_config(folder: Path) -> PipelineConfig:
    return load_config(folder / PIPELINE_CONFIG, PipelineConfig)


def load_config(path: Path, model: type[Config]) -> Config:
    """The model that `path` describes; the defaults where there is no such file, or for keys that it leaves out.

    Raises `ConfigError` naming the file, the key and the fix.
    """
    if not path.is_file():
        return model()
    try:
        content: Any = parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
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
    path = _key_path(mistake["loc"], model)
    key = ".".join(path) or "the file"
    if mistake["type"] == "extra_forbidden":
        return f"unknown key '{key}'. {_suggest(path[-1], _keys_under(model, path[:-1]))}"
    message = _EXPECTED.get(mistake["type"]) or mistake["msg"].removeprefix("Value error, ")
    return f"'{key}': {message}. It is {mistake['input']!r} now."[:500]


def _key_path(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys that lead to a mistake, without what pydantic adds to name one of several types a key may hold."""
    path: list[str] = []
    annotation: Any = model
    for part in map(str, location):
        if get_origin(annotation) in (Union, UnionType):
            break
        path.append(part)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(part)
            annotation = field.annotation if field else None
    return path


def _suggest(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known keys here: {', '.join(known)}."


def _keys_under(model: type[BaseModel], parents: list[str]) -> list[str]:
    for parent in parents:
        inner = model.model_fields[parent].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        model = inner
    return list(model.model_fields)
