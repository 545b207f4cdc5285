"""The secret that signs tokens."""

import secrets

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError

SHORTEST_SECRET = 32  # characters: RFC 7518 section 3.2 wants a key of at least the 256 bits of HS256

_FEWEST_DIFFERENT_CHARACTERS = 6  # 32 random digits have fewer once in ten million times
_WELL_KNOWN = (  # parts of secrets that stand in examples, in small letters and digits only
    "supersecuresecretkey",
    "changeme",
    "changethis",
    "changeinproduction",
    "yoursecret",
    "yourjwtsecret",
    "mysecretkey",
    "secretkeyhere",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
)
_REMEDY = "Set it to what this prints: python -c 'import secrets; print(secrets.token_urlsafe(48))'."


def require_strong_secret(settings: Settings) -> None:
    """Raises `ConfigError` where tokens are asked for and `API_SECRET_KEY` is weak, or in production missing."""
    if not settings.auth_required:
        return
    if settings.api_secret_key is None:
        if settings.environment == "production":
            raise ConfigError(f"API_SECRET_KEY is not set, and production signs tokens with it. {_REMEDY}")
        return
    weakness = _weakness(settings.api_secret_key.get_secret_value())
    if weakness:
        raise ConfigError(f"API_SECRET_KEY {weakness}: whoever guesses it can sign tokens. {_REMEDY}")


def development_secret() -> str:
    """A new random secret, for a server that was given none. All its workers must get the same."""
    return secrets.token_urlsafe(48)


def signing_secret(settings: Settings) -> str:
    """The secret in force. A weak one, which `require_strong_secret` lets pass only while nobody is asked for tokens,
    is not used: a random one takes its place.
    """
    configured = settings.api_secret_key.get_secret_value() if settings.api_secret_key else ""
    return development_secret() if _weakness(configured) else configured


def _weakness(secret: str) -> str | None:
    if len(secret) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} characters"
    if len(set(secret)) < _FEWEST_DIFFERENT_CHARACTERS:
        return "repeats a few characters"
    normalised = "".join(character for character in secret.lower() if character.isalnum())
    return "is one that stands in examples" if any(part in normalised for part in _WELL_KNOWN) else None
