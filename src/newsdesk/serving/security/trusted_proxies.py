"""From which address a request comes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError

_IPV6_SITE = 64  # bits: what one customer gets; a single machine has 2**64 addresses to hide behind
_LONGEST_ADDRESS = 64  # characters
_MOST_TRUSTED = 64  # one in so many addresses: 10.0.0.0/8 is one in 256, and no office has more
_IPV4_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4, as a socket that listens on both kinds shows it
_ALL_V4, _ALL_V6 = IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3")  # the addresses of the Internet


def client_address(scope: Mapping[str, Any]) -> str:
    """The client of an ASGI scope: its IPv4 address, or the /64 network of its IPv6 address; "unknown" where there is
    none, as behind a Unix socket.
    """
    client = scope.get("client")
    return _client_label(client[0]) if client and len(client[0]) <= _LONGEST_ADDRESS else "unknown"


@lru_cache(maxsize=4096)
def _client_label(host: str) -> str:
    try:
        address = _parse_address(host)
    except ValueError:
        return "unknown"
    is_ipv6 = isinstance(address, IPv6Address)
    return str(IPv6Network((int(address), _IPV6_SITE), strict=False) if is_ipv6 else address)


def _parse_address(host: str) -> IPv4Address | IPv6Address:
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address  # mapped: how a socket that listens on both kinds shows IPv4


class TrustedProxies:
    """Tells which requests come straight from one of `API_TRUSTED_PROXIES`, whose headers are believed."""

    def __init__(self, settings: Settings) -> None:
        """Raises `ConfigError`, as `trusted_proxies` does."""
        entries = (trusted_proxies(settings) or "").split(",")
        self._trusts_everybody = entries == ["*"]
        self._networks = [] if self._trusts_everybody else [ip_network(entry) for entry in entries if entry]
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def sent(self, scope: Mapping[str, Any]) -> bool:
        """Whether the other end of the connection, `peer`, is trusted. `HardenedHttpProtocol` sets it; `client` is what
        the proxy says."""
        peer = scope.get("peer")
        return peer is not None and len(peer[0]) <= _LONGEST_ADDRESS and self._is_trusted(peer[0])

    def _look_up(self, host: str) -> bool:
        if self._trusts_everybody:
            return True
        try:
            address = _parse_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def trusted_proxies(settings: Settings) -> str | None:
    """`API_TRUSTED_PROXIES` as uvicorn's `forwarded_allow_ips` takes it; None to believe nobody's `X-Forwarded-For`.

    Raises `ConfigError` for what is no address or network, which uvicorn would take for the name of a host and never
    match, and in production for `*` and for networks that together are everybody: each client could choose its address.
    """
    entries = [entry.strip() for entry in (settings.api_trusted_proxies or "").split(",") if entry.strip()]
    is_production = settings.environment == "production"
    if is_production and "*" in entries:
        raise _too_many_trusted()
    networks = [] if entries == ["*"] else [_parse_network(entry) for entry in entries]
    if is_production and _cover_too_many(networks):
        raise _too_many_trusted()
    return ",".join(entries) or None


def _cover_too_many(networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether the networks hold, all together, more of the Internet than anybody's proxies do."""
    v4 = [network for network in networks if isinstance(network, IPv4Network)]
    v6 = [network for network in networks if isinstance(network, IPv6Network)]
    v4 += [_to_ipv4(network) for network in v6 if network.overlaps(_IPV4_MAPPED)]
    v6 = [network for network in v6 if network.overlaps(_ALL_V6)]
    count_v4 = sum(network.num_addresses for network in collapse_addresses(v4))
    count_v6 = sum(network.num_addresses for network in collapse_addresses(v6))
    return count_v4 * _MOST_TRUSTED > _ALL_V4.num_addresses or count_v6 * _MOST_TRUSTED > _ALL_V6.num_addresses


def _to_ipv4(network: IPv6Network) -> IPv4Network:
    if network.supernet_of(_IPV4_MAPPED):
        return _ALL_V4
    return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - _IPV4_MAPPED.prefixlen))


def _too_many_trusted() -> ConfigError:
    return ConfigError(
        "API_TRUSTED_PROXIES names everybody, or so many that every client could pretend to be another. "
        "Name the addresses or networks of your proxies, for example 10.0.0.0/8."
    )


def _parse_network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry)
    except ValueError as error:
        raise ConfigError(
            f"API_TRUSTED_PROXIES: {entry} is no address or network ({error}). Example: 127.0.0.1,10.0.0.0/8."
        ) from error
