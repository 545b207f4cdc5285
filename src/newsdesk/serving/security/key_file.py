"""The file that keeps the API keys: who changes it, reads it again, adds or removes, and writes it whole."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from newsdesk import atomic
from newsdesk.errors import ConfigError, UsageError
from newsdesk.serving.security.keys import NAME, ApiKey

_KEYS = TypeAdapter(list[ApiKey])


def read_keys(path: Path) -> list[ApiKey]:
    """All keys, in the order in which they were made; none where there is no file. Raises `ConfigError` for a damaged
    file, whose content the message does not repeat.
    """
    try:
        return _KEYS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise ConfigError(
            f"The API keys in {path} cannot be read{f' (at {field})' if field else ''}. "
            "Restore the file from a backup, or remove it and make new keys: newsdesk keys create."
        ) from None


def add_key(path: Path, key: ApiKey) -> None:
    """Keep a new key. Raises `UsageError` where its name is taken or no name."""
    with _exclusive_lock(path):
        keys = read_keys(path)
        if any(existing.name == key.name for existing in keys):
            raise UsageError(
                f"There is a key named {key.name} already. Take another name, or revoke it: "
                f"newsdesk keys revoke {key.name}."
            )
        _write(path, [*keys, key])


def remove_key(path: Path, name: str) -> ApiKey:
    """Forget a key, which ends it and its tokens. Raises `UsageError` where there is none of that name."""
    with _exclusive_lock(path):
        keys = read_keys(path)
        removed = [key for key in keys if key.name == name]
        if not removed:
            raise UsageError(f"There is no key named {name}. To see all: newsdesk keys list.")
        _write(path, [key for key in keys if key.name != name])
    return removed[0]


def require_name(name: str) -> None:
    """Raises `UsageError` for what cannot be the name of a key."""
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} cannot be the name of a key. Use up to 64 letters, digits, dots, - and _.")


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """Hold the right to change the file. The system takes it back from a process that dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with suppress(PermissionError):  # of somebody else
            os.fchmod(lock, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, keys: list[ApiKey]) -> None:
    # Without defaults: what an earlier version does not know is in the file only where it is used.
    atomic.write_text(path, _KEYS.dump_json(keys, indent=2, exclude_defaults=True).decode(), mode=0o600)
