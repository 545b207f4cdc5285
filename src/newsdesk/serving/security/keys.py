"""API keys: `nd_<id>_<secret>`. The id is public; of the secret only a hash is kept.

The hash is one round of SHA-256. Slow hashes protect passwords, which can be guessed; a secret of 256 random bits
cannot, and every request pays for the check.
"""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from newsdesk.serving.security.caller import Caller, Scope
from newsdesk.serving.security.limit_parsing import parse_rate_limits

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

_SECRET_BYTES = 32
_KEY = re.compile(r"nd_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


def _validate_limit(text: str) -> str:
    parse_rate_limits(text)
    return text


class ApiKey(BaseModel):
    """A key as it is kept: everything but its secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    name: Annotated[str, Field(pattern=rf"^{NAME}$")]
    scopes: frozenset[Scope]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    limit: Annotated[str, AfterValidator(_validate_limit)] | None = None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    trusted: bool = False

    def is_the_hash_of(self, secret: str) -> bool:
        """Compared in a time that tells nothing."""
        return hmac.compare_digest(self.hash, _hash_secret(secret))

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    @cached_property
    def caller(self) -> Caller:
        """Who holds it."""
        return Caller(self.name, self.scopes, self.limit, key_id=self.id, trusted=self.trusted)


def new_key(
    name: str,
    scopes: frozenset[Scope],
    limit: str | None = None,
    days: int | None = None,
    *,
    trusted: bool = False,
) -> tuple[ApiKey, str]:
    """A key to keep, and its text to hand out, which cannot be had again. `days` is how long it lives; of one
    that is `trusted`, feedback counts without a second key."""
    now = datetime.now(UTC)
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey(
        id=key_id,
        name=name,
        scopes=scopes,
        hash=_hash_secret(secret),
        limit=limit,
        created_at=now,
        expires_at=now + timedelta(days=days) if days is not None else None,
        trusted=trusted,
    )
    return key, f"nd_{key_id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Id and secret of the text of a key; None where it is not one."""
    match = _KEY.fullmatch(text)
    return (match[1], match[2]) if match else None


def _hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
