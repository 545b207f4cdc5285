"""`champion.json`: which bundle serves, for those who must not import MLflow to know it."""

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from newsdesk import atomic
from newsdesk.errors import RegistryError

POINTER = "champion.json"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ChampionPointer(BaseModel):
    """The version in charge. Its bundle lies beside the pointer, in the folder that `bundle` names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    digest: str
    bundle: str = Field(pattern=r"\A[\w-]+\z")  # a name, never a way out of the folder


def bundle_folder_name(digest: str) -> str:
    """The name under which a bundle is kept: the first 16 hexadecimal digits of its digest.

    Raises `RegistryError` for a digest that is none: it may come from a tag that anyone can set.
    """
    if not _DIGEST.fullmatch(digest):
        raise RegistryError(
            f"{digest[:80]!r} is not the digest of a bundle. Only versions that `newsdesk run` registered can serve."
        )
    return digest.removeprefix("sha256:")[:16]


def read_champion_pointer(bundles: Path) -> ChampionPointer | None:
    """Who serves; None where nobody was promoted yet. Raises `RegistryError` where the pointer is damaged."""
    try:
        return ChampionPointer.model_validate_json((bundles / POINTER).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RegistryError(
            f"{bundles / POINTER} is damaged. Run `newsdesk models promote VERSION` to write it again."
        ) from error


def write_champion_pointer(bundles: Path, champion: ChampionPointer | None) -> None:
    """Replace the pointer in one step, or remove it."""
    if champion is None:
        (bundles / POINTER).unlink(missing_ok=True)
    else:
        atomic.write_text(bundles / POINTER, champion.model_dump_json(indent=2) + "\n")
