"""A registered version, for code that must not import MLflow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

MODEL = "news-classifier"
BUNDLE = "bundle"  # folder of a version's artifacts
Alias = Literal["champion", "challenger", "previous"]


@dataclass(frozen=True)
class Version:
    """A registered version. `accuracy` is that of the test set it was measured on before it was registered."""

    version: str
    digest: str
    model_type: str
    dataset_version: str
    accuracy: float
    registered_at: datetime
    aliases: tuple[str, ...]


def describe(number: int, created: int, tags: Mapping[str, str], aliases: Mapping[str, int]) -> Version:
    """A version in our words. `created` is in milliseconds since 1970; `aliases` are those of the whole model."""
    return Version(
        version=str(number),
        digest=tags.get("digest", ""),
        model_type=tags.get("model_type", ""),
        dataset_version=tags.get("dataset_version", ""),
        accuracy=_number(tags.get("accuracy", "")),
        registered_at=datetime.fromtimestamp(created / 1000, tz=UTC),
        aliases=tuple(sorted(alias for alias, holder in aliases.items() if holder == number)),
    )


def newest_first(versions: list[Version]) -> list[Version]:
    """The order in which versions are shown."""
    return sorted(versions, key=lambda version: int(version.version), reverse=True)


def _number(text: str) -> float:
    """The number in a tag; NaN where it is none, as tags can be edited by hand."""
    try:
        return float(text)
    except ValueError:
        return math.nan
