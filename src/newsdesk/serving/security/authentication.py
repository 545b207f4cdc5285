"""Who may come in: credentials are read, checked, and held against what the request needs."""

import time
from collections.abc import Collection, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette._utils import get_route_path

from newsdesk.config.settings import Settings
from newsdesk.serving.security import access_errors
from newsdesk.serving.security.access_errors import AccessDenied, RateLimited
from newsdesk.serving.security.caller import SCOPES, Caller, Scope, parse_scopes
from newsdesk.serving.security.failed_logins import FailedLogins
from newsdesk.serving.security.key_ring import KeyRing
from newsdesk.serving.security.keys import ApiKey, parse_key
from newsdesk.serving.security.permissions import VARIES_WITH_CREDENTIALS, Permissions
from newsdesk.serving.security.tokens import Token, TokenIssuer
from newsdesk.serving.security.trusted_proxies import client_address
from newsdesk.store.records import ANONYMOUS

Headers = Iterable[tuple[bytes, bytes]]  # as in an ASGI scope: names in small letters

_ALL: frozenset[Scope] = frozenset(SCOPES)
_NONE: frozenset[Scope] = frozenset()
_CREDENTIALS = (b"authorization", b"x-api-key")


class Authenticator:
    """Decides about every request before it reaches a route.

    Wrong credentials, and none, are counted per client: from the 21st in a minute on they are answered with 429, and a
    key that was shown with 20 wrong secrets is not even looked at. Other callers from the same address, which may be a
    proxy or a whole office, go on.
    """

    def __init__(self, settings: Settings, keys: KeyRing, tokens: TokenIssuer) -> None:
        self._required = settings.auth_required
        self._keys, self._tokens = keys, tokens
        self._permissions, self._failures = Permissions(), FailedLogins()

    def admit(self, scope: MutableMapping[str, Any]) -> Caller:
        """Who sends the request of an ASGI scope, and may. The path is the one that the router goes by.

        Raises `AccessDenied` (400, 401, 403) or `RateLimited` (429).
        """
        client = client_address(scope)
        if not self._required:
            return Caller(f"{ANONYMOUS}{client}", _ALL, authenticated=False)
        needed = self._permissions.needed(scope.get("method", ""), get_route_path(scope))
        if needed is None:
            return self._public_caller(scope, client)
        caller = self.authenticate(scope["headers"], client)
        if not caller.may(needed):
            raise access_errors.insufficient_scope(needed)
        return caller

    def _public_caller(self, scope: MutableMapping[str, Any], client: str) -> Caller:
        """Who asks for what is public. Where more is told to some, credentials are looked at, and whoever has none, or
        none that are right, is anybody; wrong ones count as everywhere."""
        if get_route_path(scope) in VARIES_WITH_CREDENTIALS and any(
            name in _CREDENTIALS for name, _ in scope["headers"]
        ):
            with suppress(AccessDenied, RateLimited):
                return self.authenticate(scope["headers"], client)
        return Caller(f"{ANONYMOUS}{client}", _NONE, authenticated=False)

    def authenticate(self, headers: Headers, client: str) -> Caller:
        """Whom the credentials in the headers belong to. Raises `AccessDenied` or `RateLimited`."""
        try:
            credential = _read_credential(headers)
        except AccessDenied:
            self._failures.count(client)
            raise
        if credential.startswith("nd_"):
            return self._verify_key(credential, client).caller
        try:
            return self._restrict_to_key(self._tokens.verify(credential))
        except AccessDenied as error:
            if error.code != "expired_token":  # nobody guesses those
                self._failures.count(client)
            raise

    def issue_token(self, api_key: str, scopes: Collection[str] | None, client: str) -> Token:
        """A token for an API key, with the scopes that are asked for or all that the key has.

        Raises `AccessDenied` (401 `invalid_key`, 400 `invalid_scope`) or `RateLimited`.
        """
        key = self._verify_key(api_key, client)
        caller = key.caller
        granted = caller.scopes if scopes is None else parse_scopes(" ".join(scopes))
        if not granted or (scopes is not None and granted != set(scopes)) or not all(map(caller.may, granted)):
            raise access_errors.invalid_scope()
        remaining = key.expires_at.timestamp() - time.time() if key.expires_at else None
        return self._tokens.issue(caller, granted, remaining)

    def _verify_key(self, text: str, client: str) -> ApiKey:
        parts = parse_key(text)
        if parts is None:
            self._failures.count(client)
            raise access_errors.invalid_key()
        key_id, secret = parts
        failure_key = f"{client}/{key_id}"
        self._failures.require_few(failure_key)
        key = self._keys.verify(key_id, secret)
        if key is None:
            self._failures.count(client)
            self._failures.count(failure_key)
            raise access_errors.invalid_key()
        return key

    def _restrict_to_key(self, caller: Caller) -> Caller:
        """A token ends with the key that it was issued for, and shares its limit."""
        if caller.key_id is None:
            return caller
        holder = self._keys.caller(caller.key_id)
        if holder is None:
            raise access_errors.invalid_token()
        scopes = caller.scopes if holder.may("admin") else caller.scopes & holder.scopes
        return replace(holder, scopes=scopes)


def _read_credential(headers: Headers) -> str:
    """The one token or key that was sent."""
    credentials = [(name, value) for name, value in headers if name in _CREDENTIALS]
    if not credentials:
        raise access_errors.no_credentials()
    if len(credentials) > 1:
        raise access_errors.ambiguous_credentials()
    name, value = credentials[0]
    if name == b"x-api-key":
        return value.decode("latin-1").strip()
    scheme, _, credential = value.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise access_errors.no_credentials()
    return credential.strip()
