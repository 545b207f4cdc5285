"""Signed tokens: JWT (RFC 7519) with HS256 and the claims of RFC 9068 that apply."""

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

import jwt

from newsdesk.serving.security.access_errors import expired_token, invalid_token
from newsdesk.serving.security.caller import Caller, Scope, format_scopes, parse_scopes

ISSUER = "newsdesk"

_ALGORITHM = "HS256"
_REQUIRED_CLAIMS = ["iss", "sub", "scope", "iat", "exp", "jti"]
_LEEWAY = 5  # seconds by which clocks may differ
_CACHE_SIZE = 4096  # tokens; verifying one takes 35 µs, recognizing it 2 µs
_MAX_CHARACTERS = 2048  # characters

# PyJWT also takes a signature with padding behind it, and base64 decoders differ in what more they let pass. Here one
# signature has one spelling: 43 characters, the last of them without spare bits.
_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


@dataclass(frozen=True)
class Token:
    """The answer to a request for a token, with the field names of RFC 6749. `expires_in` is in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class TokenIssuer:
    """Issues and verifies. `lifetime` is in seconds."""

    def __init__(self, secret: str, lifetime: int) -> None:
        self._secret, self._lifetime = secret, lifetime
        self._verified: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    def issue(self, caller: Caller, scopes: frozenset[Scope], max_seconds: float | None = None) -> Token:
        """A token by which `caller` may use `scopes`, for its lifetime or for `max_seconds` if that is less."""
        now = int(time.time())
        lifetime = self._lifetime if max_seconds is None else max(min(self._lifetime, int(max_seconds)), 1)
        scope = format_scopes(scopes)
        claims = {
            "iss": ISSUER,
            "sub": caller.name,
            "scope": scope,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(16),
        }
        if caller.key_id:
            claims["client_id"] = caller.key_id
        token = jwt.encode(claims, self._secret, algorithm=_ALGORITHM)
        return Token(token, "bearer", lifetime, scope)

    def verify(self, token: str) -> Caller:
        """Whom a token was issued to. Raises `AccessDenied`."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._verified.get(digest)
        if cached is None:
            cached = self._decode(token)
            self._verified[digest] = cached
            if len(self._verified) > _CACHE_SIZE:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(digest)
        caller, expires = cached
        if expires <= time.time() - _LEEWAY:
            raise expired_token()
        return caller

    def _decode(self, token: str) -> tuple[Caller, float]:
        if len(token) > _MAX_CHARACTERS or not _TOKEN_PATTERN.fullmatch(token):
            raise invalid_token()
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                leeway=_LEEWAY,
                options={"require": _REQUIRED_CLAIMS},
            )
        except jwt.ExpiredSignatureError:
            raise expired_token() from None
        except jwt.InvalidTokenError:
            raise invalid_token() from None
        name, scope, key_id = claims["sub"], claims["scope"], claims.get("client_id")
        if not (name and isinstance(scope, str) and isinstance(key_id, str | None)):
            raise invalid_token()
        return Caller(name, parse_scopes(scope), key_id=key_id), float(claims["exp"])
