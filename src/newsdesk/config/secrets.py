"""The secrets that this process knows, and log records without them."""

import logging
from collections.abc import Iterator
from functools import lru_cache

from pydantic import SecretStr

from newsdesk.config.settings import Settings, load_settings
from newsdesk.errors import NewsdeskError
from newsdesk.redaction import redact, secrets_in


def secrets_of(settings: Settings) -> frozenset[str]:
    """Whatever must stand in no words that people see: secrets, and those of every address."""
    return frozenset(
        secret for name in type(settings).model_fields for secret in _find_secrets(getattr(settings, name))
    )


@lru_cache(maxsize=1)
def known_secrets() -> frozenset[str]:
    """Those of the settings in force; none where these cannot be read."""
    try:
        return secrets_of(load_settings())
    except (NewsdeskError, OSError):
        return frozenset()


class RedactedRecord(logging.LogRecord):
    """What is logged, by whichever library, without secrets: `logging.setLogRecordFactory(RedactedRecord)`."""

    _traceback: str | None = None

    def getMessage(self) -> str:  # noqa: N802 - the name is logging's
        return redact(super().getMessage(), known_secrets())

    @property
    def exc_text(self) -> str | None:
        """The traceback, which formatters put here before they write it."""
        return self._traceback

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._traceback = text and redact(text, known_secrets())


def _find_secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
        for address in value.get_secret_value().split(","):
            yield from secrets_in(address.strip())
    elif isinstance(value, str):
        yield from secrets_in(value)
