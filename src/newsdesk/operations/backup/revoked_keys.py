"""The API keys that an archive brings back, though they were revoked after it was made."""

import json
from pathlib import Path


def revoked_since(here: Path, restored: Path) -> list[str]:
    """Names of the keys in the file `restored` that the file `here` does not have any more; none where it is lost, for
    then nobody knows."""
    now = _keys(here)
    return [] if now is None else [name for key_id, name in (_keys(restored) or {}).items() if key_id not in now]


def _keys(file: Path) -> dict[str, str] | None:
    """Names by id; None where the file cannot be read, which is for others to tell."""
    try:
        keys = json.loads(file.read_bytes())
        return {key["id"]: key["name"] for key in keys} if isinstance(keys, list) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
