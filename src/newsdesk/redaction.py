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
_SHOWN = re.compile(
    "application_name|channel_binding|charset|client_encoding|connect_timeout|database|db|dbname|driver|encoding"
    "|gssencmode|host|hostaddr|keepalives(_count|_idle|_interval)?|max_connections|mode|port|protocol|region|server"
    "|service|(socket_|socket_connect_|tcp_user_)?timeout|ssl_?(cert|crl|mode|rootcert)|target_session_attrs|uid|uri"
    "|user|username|x-amz-(algorithm|date|expires)"
)
_NAMED = re.compile(  # secret, but for their names
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
_TOLD = re.compile(
    r"((?:pass(?:word|wd|phrase)|pwd|secret|token|signature|credentials?|(?:api|access|account)[_-]?key)[\"']?"
    r"(?:\s*=\s*|(?<=[\"'])\s*:\s*))(?!\*\*\*)('(?:\\.|[^'\\\n])*'?|\"[^\"\n]*\"?|[^\s,;&]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(authorization[\"']?\s*[:=,]\s*[\"']?(?:basic|bearer)\s+)[\w+/=.~\-]{4,}", re.IGNORECASE)
_SHORTEST = 3  # characters: fewer are in every sentence, and nobody sees that they are a secret


def redact_address(address: str) -> str:
    """An address, or any other setting, as anybody may see it."""
    return _shown(_readings(address)[-1])


def secrets_in(address: str) -> frozenset[str]:
    """What must not stand in words about this address: its secret pieces, as they are and as libraries write them."""
    parts = [part for reading in _readings(address) for part in reading]
    known = {word.casefold() for text, is_secret in parts if not is_secret for word in re.split(r"\W+", text)}
    found: set[str] = set()
    for text in (text for text, is_secret in parts if is_secret):
        for whole in {text, unquote(text), unquote_plus(text)}:
            for piece in (whole, *re.split(r"[@:/?#&;=,\s\"'\\\[\]]+", whole)):
                found |= {piece, quote(piece), quote_plus(piece), repr(piece)[1:-1], json.dumps(piece)[1:-1]}
    return frozenset(piece for piece in found if len(piece) >= _SHORTEST and piece.casefold() not in known)


def redact(words: str, secrets: Iterable[str] = ()) -> str:
    """Words of whomever, without the secrets that are known, and without those of every address that stands there."""
    known = _any_of(frozenset(secrets))
    if known is not None:
        words = known.sub(MASK, words)
    if any(sign in words for sign in "/@?#;"):
        words = _TOKEN.sub(lambda match: _redact_token(match[0]), words)
    if "=" in words or ":" in words:
        words = _HEADER.sub(rf"\g<1>{MASK}", _TOLD.sub(rf"\g<1>{MASK}", words))
    return words


@lru_cache(maxsize=64)
def _any_of(secrets: frozenset[str]) -> "re.Pattern[str] | None":
    """A short or plain word is looked for where it stands alone: it may be a part of any other."""
    found = sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)
    patterns = [rf"(?<!\w){re.escape(one)}(?!\w)" if one.isalpha() or len(one) < 5 else re.escape(one) for one in found]
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


def _shown(parts: Iterable[Part]) -> str:
    return "".join(MASK if is_secret else text for text, is_secret in parts)


def _readings(address: str) -> list[list[Part]]:
    """As it stands; and where signs that separate were encoded with the rest, as it is meant."""
    plain = list(_split(address))
    shown = _shown(plain)
    decoded = _decoded(shown)
    split = _without_scheme if _SCHEME.match(address) else _split
    meant = list(split(decoded)) if decoded != shown else []
    return [plain, meant] if any(is_secret and text != MASK for text, is_secret in meant) else [plain]


def _decoded(text: str) -> str:
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
    user, rest = _user_of(address[scheme.end() :], is_web=_is_web(scheme[1]))
    yield from user
    begin = _PARAMETERS.search(rest)
    end = begin.start() if begin else len(rest)
    yield from _of_hosts(rest[:end])
    yield from _of_query(rest[end:])


def _without_scheme(text: str) -> Iterator[Part]:
    """What may be a path, a word, `user:password@host/name`, or libpq's `host=… password=…`."""
    if _PAIR.match(text.lstrip()) and _SECRET_PARAMETER.search(text):
        yield from _of_pairs(text)
        return
    scheme, mistyped = _SCHEME.match(text), _MISTYPED.match(text)
    known = scheme or (mistyped if mistyped and mistyped[1] else None)
    start = known.end() if known else 0
    yield text[:start], False
    user, rest = _user_of(text[start:], is_web=known is not None and _is_web(known[1]))
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
        yield from _of_query(rest[end:])
    else:  # a file's name, or the end of a sentence
        yield rest[end:], False


def _is_web(scheme: str | None) -> bool:
    return bool(scheme and _IS_WEB.fullmatch(scheme))


def _user_of(rest: str, *, is_web: bool) -> tuple[list[Part], str]:
    """The user, what is secret, and what follows."""
    head, at, place = rest.rpartition("@")
    begin = _PARAMETERS.search(head)
    if at and begin:  # either a password has a sign of the query, or the query one of the user: nobody knows
        colon_at = head.find(":", 0, begin.start())
        end = begin.end() if colon_at < 0 else colon_at + 1
        return [(rest[:end], False), (rest[end:], True)], ""
    raw_user, raw_colon, password = head.partition(":")
    user, colon, meant = (raw_user, raw_colon, password) if raw_colon else _decoded(head).partition(":")
    if at and colon:
        known = [(f"{user}:", False), (meant, True)] if _USER.fullmatch(user) else [(head, True)]
        return [*known, (at, False)], place
    token = head.lstrip("/\\")
    if at and is_web and token and "/" not in token:  # a token, most often
        return [(head[: -len(token)], False), (token, True), (at, False)], place
    return [], rest


def _of_hosts(text: str) -> Iterator[Part]:
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


def _of_query(text: str) -> Iterator[Part]:
    for number, piece in enumerate(re.split(r"([?&;#])", text)):
        name, equals, value = piece.partition("=")
        meant = _decoded(name).strip().lower()
        if number % 2 or not piece or (equals and _is_harmless(meant, value)):
            yield piece, False
        elif equals and _NAMED.fullmatch(meant):
            yield name + equals, False
            yield value, True
        else:
            yield piece, True


def _is_harmless(name: str, value: str) -> bool:
    """Where a file lies is no secret, whatever is in it; but its content may have been put there instead."""
    meant = _decoded(value)
    if _NAMES_FILE.fullmatch(name) and _FILE.fullmatch(meant.strip("'\"")):
        return True
    return bool(_SHOWN.fullmatch(name) and _HARMLESS.fullmatch(meant))


def _of_pairs(text: str) -> Iterator[Part]:
    end = 0
    for pair in _PAIR.finditer(text):
        yield from _between(text[end : pair.start()])
        name, value = pair[1].lower(), pair[2]
        if _is_harmless(name, value):
            yield pair[0], False
        elif _NAMED.fullmatch(name):
            yield text[pair.start() : pair.start(2)], False
            yield value, True
        else:
            yield pair[0], True
        end = pair.end()
    yield from _between(text[end:])


def _between(text: str) -> Iterator[Part]:
    yield text, bool(text.strip(" \t\n;"))
