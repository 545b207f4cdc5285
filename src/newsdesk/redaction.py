"""What people may see of an address, and of words that may repeat one: user and host stay, secrets go.

An address may be mistyped, and then nothing tells for sure where its password begins. When in doubt it is hidden: from
the first colon behind the scheme to the last `@`, and in the query whatever is not known to be harmless.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

Part = tuple[str, bool]  # a piece of an address, and whether it is secret

_SCHEME = re.compile(r"((?:jdbc:)?[A-Za-z][\w+.\-]*)?(?::/{1,2}|//)", re.ASCII)
_WEB = r"(?:[\w.\-]+\+)?(?:[htps]{4,7}|ht[tp]|ttp)"  # http and https, and what becomes of them at the keyboard
_IS_WEB = re.compile(_WEB, re.ASCII | re.IGNORECASE)
_MISTYPED = re.compile(
    rf"(?:jdbc:)?(?:({_WEB})[:;.,/\\]+|[A-Za-z][\w+.\-]+(?:[:;][:;/\\]*|\\{{2}}))", re.ASCII | re.IGNORECASE
)
_USER = re.compile(r"[\w.+~\-]*")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:(\d*|(?i:port)))?", re.ASCII)  # our own sentences say http://HOST:PORT
_PARAMETERS = re.compile(r"[?#]|;(?=\s*[\w.\-]+\s*=)")
_PAIR = re.compile(r"(?<![\w.\-])([A-Za-z_][\w.\-]*)\s*=\s*('(?:\\.|[^'\\])*'?|\"[^\"]*\"?|\{[^}]*\}?|[^\s;]*)")
_SECRET_PARAMETER = re.compile(r"(?:pass|pwd|secret|token|key|sig|cred|auth)[\w.%\-]{0,60}\s*=", re.IGNORECASE)
_HARMLESS = re.compile(r"[\w./,+*~:\[\]\-]*")  # neither @ nor quotes, nor what separates
_FILE = re.compile(r"(?:[~.]{0,2}/)[\w ./,+~\-]*|[\w ,+~\-]+\.(?:cer|crl|crt|der|key|p12|pem|pfx|pgpass|pk8)")
_NAMES_FILE = re.compile("passfile|ssl_?(ca|ca_?certs|ca_?path|cert|certfile|crl|crldir|key|keyfile|rootcert)")
_PUBLIC_PARAMETER = re.compile(
    "application_name|channel_binding|charset|client_encoding|connect_timeout|database|db|dbname|driver|encoding"
    "|gssencmode|host|hostaddr|keepalives(_count|_idle|_interval)?|max_connections|mode|port|protocol|region|server"
    "|service|(socket_|socket_connect_|tcp_user_)?timeout|ssl_?(cert|crl|mode|rootcert)|target_session_attrs|uid|uri"
    "|user|username|x-amz-(algorithm|date|expires)"
)
_SECRET_NAME = re.compile(  # secret, but for their names
    "access_?key|access_token|api_?key|key|passphrase|passwd|(ssl)?password|pwd|secret|sig|signature|sslkey|token"
    "|x-amz-(credential|security-token|signature)"
)
_TOKEN = re.compile(
    r"'[\w+.\-]+:/[^'\n]*'\S*|\"[\w+.\-]+:/[^\"\n]*\"\S*"  # in quotation marks it may have blanks
    r"|[\w+.\-]+:/{1,2}[^\s/:@]*:(?!(?:\d+|(?i:port))(?:\W|$))[^\n@]{0,200}@\S*"  # as may a password
    r"|\S+"
)
_BEFORE, _AFTER = "\"'`(<[{", "\"'`)>]},.;:!…"
_ASSIGNED = re.compile(rf"[\w.\-]+=[\"']?(?=[A-Za-z][\w+.\-]*:[/\\]|{_WEB}[:;/\\])", re.IGNORECASE)
_ASSIGNED_SECRET = re.compile(
    r"((?:pass(?:word|wd|phrase)|pwd|secret|token|signature|credentials?|(?:api|access|account)[_-]?key)[\"']?"
    r"(?:\s*=\s*|(?<=[\"'])\s*:\s*))(?!\*\*\*)('(?:\\.|[^'\\\n])*'?|\"[^\"\n]*\"?|[^\s,;&]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(authorization[\"']?\s*[:=,]\s*[\"']?(?:basic|bearer)\s+)[\w+/=.~\-]{4,}", re.IGNORECASE)
_MIN_LENGTH = 3  # characters: fewer are in every sentence, and nobody sees that they are a secret


def redact_address(address: str) -> str:
    """An address, or any other setting, as anybody may see it."""
    return _mask(_interpretations(address)[-1])


def secrets_in(address: str) -> frozenset[str]:
    """What must not stand in words about this address: its secret pieces, as they are and as libraries write them."""
    parts = [part for interpretation in _interpretations(address) for part in interpretation]
    public_words = {word.casefold() for text, is_secret in parts if not is_secret for word in re.split(r"\W+", text)}
    pieces: set[str] = set()
    for text in (text for text, is_secret in parts if is_secret):
        for variant in {text, unquote(text), unquote_plus(text)}:
            for piece in (variant, *re.split(r"[@:/?#&;=,\s\"'\\\[\]]+", variant)):
                pieces |= {piece, quote(piece), quote_plus(piece), repr(piece)[1:-1], json.dumps(piece)[1:-1]}
    return frozenset(piece for piece in pieces if len(piece) >= _MIN_LENGTH and piece.casefold() not in public_words)


def redact(words: str, secrets: Iterable[str] = ()) -> str:
    """Words of whomever, without the secrets that are known, and without those of every address that stands there."""
    pattern = _compile_pattern(frozenset(secrets))
    if pattern is not None:
        words = pattern.sub(MASK, words)
    if any(character in words for character in "/@?#;"):
        words = _TOKEN.sub(lambda match: _redact_token(match[0]), words)
    if "=" in words or ":" in words:
        words = _HEADER.sub(rf"\g<1>{MASK}", _ASSIGNED_SECRET.sub(rf"\g<1>{MASK}", words))
    return words


@lru_cache(maxsize=64)
def _compile_pattern(secrets: frozenset[str]) -> "re.Pattern[str] | None":
    """A pattern for these secrets. A short or purely alphabetic one matches only as a whole word."""
    ordered = sorted((secret for secret in secrets if len(secret) >= _MIN_LENGTH), key=len, reverse=True)
    patterns = [
        rf"(?<!\w){re.escape(secret)}(?!\w)" if secret.isalpha() or len(secret) < 5 else re.escape(secret)
        for secret in ordered
    ]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def _redact_token(token: str) -> str:
    may_be_address = "/" in token or "?" in token or ("@" in token and (":" in token or "%" in token))
    if not (may_be_address or ("=" in token and ("#" in token or ";" in token))):
        return token
    core = token.lstrip(_BEFORE)
    assigned = _ASSIGNED.match(core)
    core = core[assigned.end() :] if assigned else core
    begin = len(token) - len(core)
    core = core.rstrip(_AFTER)
    return token[:begin] + redact_address(core) + token[begin + len(core) :]


def _mask(parts: Iterable[Part]) -> str:
    return "".join(MASK if is_secret else text for text, is_secret in parts)


def _interpretations(address: str) -> list[list[Part]]:
    """The address as written; and where its separators were percent-encoded, also decoded."""
    parts = list(_split(address))
    masked = _mask(parts)
    decoded = _decode(masked)
    split = _without_scheme if _SCHEME.match(address) else _split
    decoded_parts = list(split(decoded)) if decoded != masked else []
    return [parts, decoded_parts] if any(is_secret and text != MASK for text, is_secret in decoded_parts) else [parts]


def _decode(text: str) -> str:
    for _ in range(5):
        if (decoded := unquote(text)) == text:
            break
        text = decoded
    return text


def _split(address: str) -> Iterator[Part]:
    scheme = _SCHEME.match(address)
    if scheme is None:
        yield from _without_scheme(address)
        return
    yield scheme[0], False
    user, rest = _split_user(address[scheme.end() :], is_web=_is_web(scheme[1]))
    yield from user
    begin = _PARAMETERS.search(rest)
    end = begin.start() if begin else len(rest)
    yield from _split_hosts(rest[:end])
    yield from _split_query(rest[end:])


def _without_scheme(text: str) -> Iterator[Part]:
    """What may be a path, a word, `user:password@host/name`, or libpq's `host=… password=…`."""
    if _PAIR.match(text.lstrip()) and _SECRET_PARAMETER.search(text):
        yield from _split_pairs(text)
        return
    scheme, mistyped = _SCHEME.match(text), _MISTYPED.match(text)
    known = scheme or (mistyped if mistyped and mistyped[1] else None)
    start = known.end() if known else 0
    yield text[:start], False
    user, rest = _split_user(text[start:], is_web=known is not None and _is_web(known[1]))
    yield from user
    begin = _PARAMETERS.search(rest)
    end = begin.start() if begin else len(rest)
    secret = _SECRET_PARAMETER.search(rest, 0, end)
    if secret:
        yield rest[: secret.end()], False
        yield rest[secret.end() :], bool(rest[secret.end() :])
        return
    yield rest[:end], False
    if "=" in rest[end:] or (mistyped and not scheme):
        yield from _split_query(rest[end:])
    else:  # a file's name, or the end of a sentence
        yield rest[end:], False


def _is_web(scheme: str | None) -> bool:
    return bool(scheme and _IS_WEB.fullmatch(scheme))


def _split_user(rest: str, *, is_web: bool) -> tuple[list[Part], str]:
    """The user, what is secret, and what follows."""
    head, at, remainder = rest.rpartition("@")
    begin = _PARAMETERS.search(head)
    if at and begin:  # either a password has a sign of the query, or the query one of the user: nobody knows
        colon_at = head.find(":", 0, begin.start())
        end = begin.end() if colon_at < 0 else colon_at + 1
        return [(rest[:end], False), (rest[end:], True)], ""
    raw_user, raw_colon, password = head.partition(":")
    user, colon, secret = (raw_user, raw_colon, password) if raw_colon else _decode(head).partition(":")
    if at and colon:
        known = [(f"{user}:", False), (secret, True)] if _USER.fullmatch(user) else [(head, True)]
        return [*known, (at, False)], remainder
    token = head.lstrip("/\\")
    if at and is_web and token and "/" not in token:  # a token, most often
        return [(head[: -len(token)], False), (token, True), (at, False)], remainder
    return [], rest


def _split_hosts(text: str) -> Iterator[Part]:
    authority, slash, path = text.partition("/")
    for number, host in enumerate(authority.split(",")):
        yield ("," if number else ""), False
        if _HOST.fullmatch(host):
            yield host, False
        else:
            name, colon, secret = host.partition(":")
            yield name + colon, False
            yield secret, True
    yield slash + path, False


def _split_query(text: str) -> Iterator[Part]:
    for number, piece in enumerate(re.split(r"([?&;#])", text)):
        name, equals, value = piece.partition("=")
        decoded_name = _decode(name).strip().lower()
        if number % 2 or not piece or (equals and _is_harmless(decoded_name, value)):
            yield piece, False
        elif equals and _SECRET_NAME.fullmatch(decoded_name):
            yield name + equals, False
            yield value, True
        else:
            yield piece, True


def _is_harmless(name: str, value: str) -> bool:
    """Where a file lies is no secret, whatever is in it; but its content may have been put there instead."""
    decoded = _decode(value)
    if _NAMES_FILE.fullmatch(name) and _FILE.fullmatch(decoded.strip("'\"")):
        return True
    return bool(_PUBLIC_PARAMETER.fullmatch(name) and _HARMLESS.fullmatch(decoded))


def _split_pairs(text: str) -> Iterator[Part]:
    end = 0
    for pair in _PAIR.finditer(text):
        yield from _text_between(text[end : pair.start()])
        name, value = pair[1].lower(), pair[2]
        if _is_harmless(name, value):
            yield pair[0], False
        elif _SECRET_NAME.fullmatch(name):
            yield text[pair.start() : pair.start(2)], False
            yield value, True
        else:
            yield pair[0], True
        end = pair.end()
    yield from _text_between(text[end:])


def _text_between(text: str) -> Iterator[Part]:
    yield text, bool(text.strip(" \t\n;"))
