"""The API keys that an archive brings back, though they were revoked after it was made."""

import json
from pathlib import Path


def revoked_since(current: Path, restored: Path) -> list[str]:
    """Names of the keys in the file `restored` that the file `current` no longer has; none where it is lost, for
    then nobody knows."""
    current_keys = _read_keys(current)
    return (
        []
        if current_keys is None
        else [name for key_id, name in (_read_keys(restored) or {}).items() if key_id not in current_keys]
    )


def _read_keys(file: Path) -> dict[str, str] | None:
    """Names by id; None where the file cannot be read, which is for others to tell."""
    try:
        keys = json.loads(file.read_bytes())
        return {key["id"]: key["name"] for key in keys} if isinstance(keys, list) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
