"""Check that secrets are strong and that nobody else can read them."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.operations.doctor.finding import Finding, Level, fine, from_error

_GUESSED_FIRST = {"", "admin", "changeme", "example", "password", "postgres", "root", "secret"}
_LOOPBACK = ("127.", "localhost", "::1")


def check_secrets(settings: Settings, require_safe_secret: Callable[[Settings], None]) -> Iterator[Finding]:
    """The secret that signs tokens, passwords in addresses, the rights of files that hold secrets, an open API."""
    findings = [
        *_check_signing(settings, require_safe_secret),
        *_check_passwords(settings),
        *_check_files(settings),
        *_check_open_api(settings),
    ]
    yield from findings or [fine("secrets", "Secrets are strong, and nobody else can read their files.")]


def _check_signing(settings: Settings, require_safe_secret: Callable[[Settings], None]) -> Iterator[Finding]:
    try:
        require_safe_secret(settings)
    except ConfigError as error:
        yield from_error("secrets", error)


def _check_passwords(settings: Settings) -> Iterator[Finding]:
    for variable, address in _addresses(settings):
        try:
            parts = urlsplit(address)
        except ValueError:  # whoever opens it says so
            continue
        guesses = {*_GUESSED_FIRST, (parts.username or "").lower()}
        if parts.password is not None and parts.password.lower() in guesses:
            yield Finding(
                "secrets",
                _severity(settings),
                f"The password in {variable} is one that is guessed first.",
                "Give the user of the database a random password, and the address the same.",
            )


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "NEWSDESK_DATABASE_URL", settings.database
    yield "MLFLOW_TRACKING_URI", settings.tracking_uri
    if settings.backup_databases:
        yield from (
            ("BACKUP_DATABASES", address) for address in settings.backup_databases.get_secret_value().split(",")
        )


def _check_files(settings: Settings) -> Iterator[Finding]:
    for path in filter(None, (Path(".env"), settings.keys_file, settings.backup_passphrase_file)):
        if settings.secrets_dir and path.is_relative_to(settings.secrets_dir):
            continue  # laid into a container, where there is no other user
        if path.is_file() and (access := _describe_access(path.stat())):
            yield Finding("secrets", _severity(settings), f"{access} {path}.", f"chmod 600 {path}")


def _describe_access(state: os.stat_result) -> str:
    """Who but its owner may do what with a file, in words; empty where nobody may. A file of somebody else is lent by
    its group to the user that we run as."""
    group = 0 if state.st_uid != os.geteuid() else state.st_mode & stat.S_IRWXG
    for audience, bits, read_bit in (
        ("Every user of this machine", state.st_mode & stat.S_IRWXO, stat.S_IROTH),
        ("Every user of its group", group, stat.S_IRGRP),
    ):
        if bits:
            return f"{audience} can {'read' if bits & read_bit else 'write'}"
    return ""


def _check_open_api(settings: Settings) -> Iterator[Finding]:
    if not settings.auth_required and not settings.api_host.startswith(_LOOPBACK):
        yield Finding(
            "secrets",
            "warning",
            f"The API listens on {settings.api_host} and asks nobody for a token.",
            "Set API_AUTH=true, or API_HOST=127.0.0.1 with a proxy before it.",
        )


def _severity(settings: Settings) -> Level:
    return "problem" if settings.environment == "production" else "warning"
