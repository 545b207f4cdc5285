"""Secrets: strong ones, that nobody else can read."""

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
    found = [*_signing(settings, require_safe_secret), *_passwords(settings), *_files(settings), *_open_api(settings)]
    yield from found or [fine("secrets", "Secrets are strong, and nobody else can read their files.")]


def _signing(settings: Settings, require_safe_secret: Callable[[Settings], None]) -> Iterator[Finding]:
    try:
        require_safe_secret(settings)
    except ConfigError as error:
        yield from_error("secrets", error)


def _passwords(settings: Settings) -> Iterator[Finding]:
    for variable, address in _addresses(settings):
        try:
            parts = urlsplit(address)
        except ValueError:  # whoever opens it says so
            continue
        guess = {*_GUESSED_FIRST, (parts.username or "").lower()}
        if parts.password is not None and parts.password.lower() in guess:
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
        yield from (("BACKUP_DATABASES", one) for one in settings.backup_databases.get_secret_value().split(","))


def _files(settings: Settings) -> Iterator[Finding]:
    for path in filter(None, (Path(".env"), settings.keys_file, settings.backup_passphrase_file)):
        if settings.secrets_dir and path.is_relative_to(settings.secrets_dir):
            continue  # laid into a container, where there is no other user
        if path.is_file() and (told := _open_to(path.stat())):
            yield Finding("secrets", _severity(settings), f"{told} {path}.", f"chmod 600 {path}")


def _open_to(state: os.stat_result) -> str:
    """Who but its owner may do what with a file, in words; empty where nobody may. A file of somebody else is lent by
    its group to the user that we run as."""
    group = 0 if state.st_uid != os.geteuid() else state.st_mode & stat.S_IRWXG
    for who, bits, read in (
        ("Every user of this machine", state.st_mode & stat.S_IRWXO, stat.S_IROTH),
        ("Every user of its group", group, stat.S_IRGRP),
    ):
        if bits:
            return f"{who} can {'read' if bits & read else 'write'}"
    return ""


def _open_api(settings: Settings) -> Iterator[Finding]:
    if not settings.auth_required and not settings.api_host.startswith(_LOOPBACK):
        yield Finding(
            "secrets",
            "warning",
            f"The API listens on {settings.api_host} and asks nobody for a token.",
            "Set API_AUTH=true, or API_HOST=127.0.0.1 with a proxy before it.",
        )


def _severity(settings: Settings) -> Level:
    return "problem" if settings.environment == "production" else "warning"
