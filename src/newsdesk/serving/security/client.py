"""From which address a request comes."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError

_IPV6_SITE = 64  # bits: what one customer gets; a single machine has 2**64 addresses to hide behind
_LONGEST_ADDRESS = 64  # characters


def client_of(scope: Mapping[str, Any]) -> str:
    """The client of an ASGI scope: its IPv4 address, or the /64 network of its IPv6 address; "unknown" where there is
    none, as behind a Unix socket.
    """
    client = scope.get("client")
    return _site_of(client[0]) if client and len(client[0]) <= _LONGEST_ADDRESS else "unknown"


@lru_cache(maxsize=4096)
def _site_of(host: str) -> str:
    try:
        address = _address(host)
    except ValueError:
        return "unknown"
    is_site = isinstance(address, IPv6Address)
    return str(IPv6Network((int(address), _IPV6_SITE), strict=False) if is_site else address)


def _address(host: str) -> IPv4Address | IPv6Address:
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address  # mapped: how a socket that listens on both kinds shows IPv4


class TrustedProxies:
    """Tells which requests come straight from one of `API_TRUSTED_PROXIES`, whose headers are believed."""

    def __init__(self, settings: Settings) -> None:
        """Raises `ConfigError`, as `trusted_proxies` does."""
        entries = (trusted_proxies(settings) or "").split(",")
        self._everybody = entries == ["*"]
        self._networks = [] if self._everybody else [ip_network(entry) for entry in entries if entry]
        self._is_one = lru_cache(maxsize=4096)(self._look_up)

    def sent(self, scope: Mapping[str, Any]) -> bool:
        """By the other end of the connection, `peer`, as our `Protocol` notes it: `client` is what the proxy says."""
        peer = scope.get("peer")
        return peer is not None and len(peer[0]) <= _LONGEST_ADDRESS and self._is_one(peer[0])

    def _look_up(self, host: str) -> bool:
        if self._everybody:
            return True
        try:
            address = _address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def trusted_proxies(settings: Settings) -> str | None:
    """`API_TRUSTED_PROXIES` as uvicorn's `forwarded_allow_ips` takes it; None to believe nobody's `X-Forwarded-For`.

    Raises `ConfigError` for what is no address or network, which uvicorn would take for the name of a host and never
    match, and in production for `*` and networks of everybody, by which every client could choose its address.
    """
    entries = [entry.strip() for entry in (settings.api_trusted_proxies or "").split(",") if entry.strip()]
    if settings.environment == "production" and any(_is_everybody(entry) for entry in entries):
        raise ConfigError(
            "API_TRUSTED_PROXIES names everybody: every client could pretend to be another. "
            "Name the addresses or networks of your proxies, for example 10.0.0.0/8."
        )
    if entries != ["*"]:
        for entry in entries:
            _require_address(entry)
    return ",".join(entries) or None


def _is_everybody(entry: str) -> bool:
    return entry == "*" or entry.endswith("/0")


def _require_address(entry: str) -> None:
    try:
        ip_network(entry)
    except ValueError as error:
        raise ConfigError(
            f"API_TRUSTED_PROXIES: {entry} is no address or network ({error}). Example: 127.0.0.1,10.0.0.0/8."
        ) from error
