"""The ways in which a caller is turned away. Challenges are those of RFC 6750."""

from collections.abc import Mapping
from http import HTTPStatus

from newsdesk.serving.error_codes import ErrorCode
from newsdesk.serving.errors import ApiError
from newsdesk.serving.security.caller import Scope

_CHALLENGE = 'Bearer realm="newsdesk"'


class AccessDenied(ApiError):  # noqa: N818 - the caller's doing, not an error
    """The caller is not known, or may not do this."""

    def __init__(self, status: HTTPStatus, code: ErrorCode, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, status.phrase, message, code, headers)


class RateLimited(ApiError):  # noqa: N818 - the caller's doing, not an error
    """The caller has used up its share for now. `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int, code: ErrorCode, message: str) -> None:
        self.retry_after = max(retry_after, 1)
        status, headers = HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(self.retry_after)}
        super().__init__(status, status.phrase, message, code, headers)


def no_credentials() -> AccessDenied:
    """Nothing was shown. The challenge names no error, as RFC 6750 section 3.1 wants it."""
    message = "Send an API key or a token: Authorization: Bearer …, or X-API-Key"
    return AccessDenied(HTTPStatus.UNAUTHORIZED, "missing_credentials", message, {"WWW-Authenticate": _CHALLENGE})


def ambiguous_credentials() -> AccessDenied:
    """More than one credential was shown, or not by a way that is known here."""
    message = "Send one credential: Authorization: Bearer …, or X-API-Key"
    return _with_challenge(HTTPStatus.BAD_REQUEST, "invalid_request", "invalid_request", message)


def invalid_key() -> AccessDenied:
    """Says nothing of why, so that nobody learns which keys there are."""
    message = "The API key is not valid, or no longer. Keys are made with: newsdesk keys create"
    return _with_challenge(HTTPStatus.UNAUTHORIZED, "invalid_key", "invalid_token", message)


def invalid_token() -> AccessDenied:
    message = "The token is not valid. Get a new one from POST /auth/token"
    return _with_challenge(HTTPStatus.UNAUTHORIZED, "invalid_token", "invalid_token", message)


def expired_token() -> AccessDenied:
    message = "The token has expired. Get a new one from POST /auth/token"
    return _with_challenge(HTTPStatus.UNAUTHORIZED, "expired_token", "invalid_token", message)


def insufficient_scope(needed: Scope) -> AccessDenied:
    """Known, but not allowed to."""
    message = f"This needs the scope {needed}"
    return _with_challenge(
        HTTPStatus.FORBIDDEN, "insufficient_scope", "insufficient_scope", message, f', scope="{needed}"'
    )


def invalid_scope() -> AccessDenied:
    """A token was asked for that could do more than its key (RFC 6749 section 5.2)."""
    message = "The scopes asked for are unknown, or more than the API key has"
    return AccessDenied(HTTPStatus.BAD_REQUEST, "invalid_scope", message, {})


def _with_challenge(status: HTTPStatus, code: ErrorCode, error: str, message: str, extra: str = "") -> AccessDenied:
    # A header is Latin-1 and its quoted strings end at a quote: the error code is enough there, the body has the words.
    return AccessDenied(status, code, message, {"WWW-Authenticate": f'{_CHALLENGE}, error="{error}"{extra}'})
