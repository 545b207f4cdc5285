"""The passphrase of archives, from a file: neither a command line nor the environment shows it."""

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError

_SHORTEST = 12


def read_passphrase(settings: Settings) -> bytes | None:
    """The first line of `BACKUP_PASSPHRASE_FILE`; None where no such file is named. Raises `ConfigError`."""
    path = settings.backup_passphrase_file
    if path is None:
        return None
    try:
        passphrase = (path.read_bytes().splitlines() or [b""])[0].strip()
    except OSError as error:
        raise ConfigError(
            f"BACKUP_PASSPHRASE_FILE: {path} cannot be read ({error.strerror}). Correct its path or rights."
        ) from error
    if len(passphrase) < _SHORTEST:
        raise ConfigError(
            f"BACKUP_PASSPHRASE_FILE: the first line of {path} has fewer than {_SHORTEST} characters. Write a longer "
            "passphrase into it, and keep a copy of it elsewhere: without it no archive can be read."
        )
    return passphrase
