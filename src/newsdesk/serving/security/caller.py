"""Who asks, and what they may do."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from newsdesk.errors import UsageError

Scope = Literal["predict", "feedback", "monitor", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request comes from. `limit` is the rate limit of its own, None for that of everybody; `key_id` is the
    public part of the API key behind it, where there is one. `trusted`: an administrator vouches for its feedback.
    """

    name: str
    scopes: frozenset[Scope]
    limit: str | None = None
    authenticated: bool = True
    key_id: str | None = None
    trusted: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether it was given `scope`; `admin` holds all others."""
        return scope in self.scopes or "admin" in self.scopes


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes that a space-separated list names; names that are not known grant nothing."""
    named = set(text.split())
    return frozenset(scope for scope in SCOPES if scope in named)


def require_scopes(names: Collection[str]) -> frozenset[Scope]:
    """The scopes of these names. Raises `UsageError` for a name that is none."""
    unknown = set(names).difference(SCOPES)
    if unknown:
        raise UsageError(f"{', '.join(sorted(unknown))} is no scope. There are: {', '.join(SCOPES)}.")
    return frozenset(scope for scope in SCOPES if scope in names)


def format_scopes(scopes: frozenset[Scope]) -> str:
    """Scopes as OAuth 2.0 writes them: with spaces between, in the order of `SCOPES`."""
    return " ".join(scope for scope in SCOPES if scope in scopes)
