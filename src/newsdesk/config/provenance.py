"""The settings in force, and the provenance of each value."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from newsdesk.config.config_files import MODEL_CONFIG, PIPELINE_CONFIG, load_model_config, load_pipeline_config
from newsdesk.config.settings import Settings
from newsdesk.redaction import MASK, redact_address

Provenance = Literal["default", "environment", ".env"]


@dataclass(frozen=True)
class EffectiveSetting:
    """A value in force; `origin` is default, environment, .env, or the path of a file. Secrets are masked."""

    name: str
    value: Any
    origin: str


def effective_settings(settings: Settings) -> Iterator[EffectiveSetting]:
    """Every variable, and every key of the configuration files. Raises `ConfigError` for a file that is not valid."""
    environment = _read_names(EnvSettingsSource(Settings))
    dotenv = _read_names(DotEnvSettingsSource(Settings))
    for name, field in Settings.model_fields.items():
        alias = str(field.alias)
        origin: Provenance = "environment" if alias in environment else ".env" if alias in dotenv else "default"
        yield EffectiveSetting(alias, _mask(getattr(settings, name)), origin)
    folder = settings.config_dir
    yield from _list_keys(load_model_config(folder), folder / MODEL_CONFIG, "")
    yield from _list_keys(load_pipeline_config(folder), folder / PIPELINE_CONFIG, "")


def _read_names(source: EnvSettingsSource) -> set[str]:
    """The variables that a source sets; empty ones count as not set."""
    return {
        str(field.alias)
        for name, field in Settings.model_fields.items()
        if source.get_field_value(field, name)[0] not in (None, "")
    }


def _list_keys(model: BaseModel, file: Path, prefix: str) -> Iterator[EffectiveSetting]:
    for name in type(model).model_fields:
        value, path = getattr(model, name), f"{prefix}{name}"
        if isinstance(value, BaseModel):
            yield from _list_keys(value, file, f"{path}.")
        else:
            yield EffectiveSetting(path, value, str(file) if name in model.model_fields_set else "default")


def _mask(value: Any) -> Any:
    """A value that anybody may read: no secret, and none of an address."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, Path):
        return redact_address(str(value))  # an address may have got where a path belongs
    return redact_address(value) if isinstance(value, str) else value
