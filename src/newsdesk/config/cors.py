"""`API_CORS_ORIGINS`: which pages of other sites may ask the API."""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_HINT = "Give SCHEME://HOST or SCHEME://HOST:PORT, with commas between, or * for all"


def normalise_origins(origins: str) -> str:
    """Origins, with commas between, as browsers send them: `HTTPS://News.example:443/` → `https://news.example`.

    Raises `ValueError` for what is no origin, and would never match.
    """
    return ",".join(_normalise(origin.strip()) for origin in origins.split(",") if origin.strip())


def _normalise(origin: str) -> str:
    if origin == "*":
        return origin
    parts = urlsplit(origin)
    if not parts.scheme or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"'{origin}' is no origin. {_HINT}")
    if parts.username is not None:
        raise ValueError(f"an origin has no user name. {_HINT}")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode("ascii")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
