from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import _TrustedHosts

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.serving.security.trusted_proxies import client_address, trusted_proxies


def settings_of(proxies: str, environment: str = "production") -> Settings:
    return Settings.model_validate({"API_TRUSTED_PROXIES": proxies, "NEWSDESK_ENVIRONMENT": environment})


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("somebody", "unknown"),
        ("", "unknown"),
        ("1" * 10_000, "unknown"),
    ],
)
def test_a_client_is_its_address_or_the_network_it_can_choose_addresses_in(host: str, client: str) -> None:
    assert client_address({"client": (host, 50000)}) == client


@pytest.mark.parametrize("scope", [{}, {"client": None}])
def test_a_client_without_an_address_is_unknown(scope: dict[str, None]) -> None:
    assert client_address(scope) == "unknown"


@given(st.ip_addresses(v=4))
def test_two_ipv4_addresses_are_two_clients(address: object) -> None:
    assert client_address({"client": (str(address), 1)}) == str(address)


def test_nobody_is_trusted_unless_named() -> None:
    assert trusted_proxies(Settings.model_validate({})) is None
    assert trusted_proxies(Settings.model_validate({"API_TRUSTED_PROXIES": " , "})) is None


def test_addresses_and_networks_go_to_uvicorn_as_it_takes_them() -> None:
    text = trusted_proxies(settings_of(" 127.0.0.1, 10.0.0.0/8 ,2001:db8::/32"))
    assert text == "127.0.0.1,10.0.0.0/8,2001:db8::/32"
    known = _TrustedHosts(text)
    assert not known.trusted_literals
    assert "10.1.2.3" in known
    assert "192.0.2.1" not in known


@pytest.mark.parametrize("entry", ["nginx", "10.0.0.1/8", "10.0.0", "127.0.0.1:80", "127.0.0.1,*", "10.0.0.0/33"])
def test_what_is_no_address_is_refused_by_name(entry: str) -> None:
    with pytest.raises(ConfigError, match=r"API_TRUSTED_PROXIES.*Example: 127.0.0.1,10.0.0.0/8"):
        trusted_proxies(settings_of(entry, "development"))


@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "127.0.0.1, ::/0", "127.0.0.1,*"])
def test_production_does_not_trust_everybody(everybody: str) -> None:
    with pytest.raises(ConfigError, match="API_TRUSTED_PROXIES names everybody"):
        trusted_proxies(settings_of(everybody))


@pytest.mark.parametrize(
    "networks",
    [
        "0.0.0.0/1,128.0.0.0/1",
        "::/1,8000::/1",
        ",".join(f"{first}.0.0.0/8" for first in range(256) if first != 10),
        "2000::/3",
        "2000::/5,2800::/5,3000::/4",
        "::ffff:0:0/96",
        "::/8",
        "::ffff:0:0/97,::ffff:128.0.0.0/97",
        "10.0.0.0/8,64.0.0.0/2",
    ],
)
def test_production_does_not_trust_networks_that_together_are_everybody(networks: str) -> None:
    with pytest.raises(ConfigError, match="API_TRUSTED_PROXIES names everybody, or so many"):
        trusted_proxies(settings_of(networks))


@pytest.mark.parametrize(
    "networks",
    [
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7,fe80::/10",
        "10.0.0.0/8,10.0.0.0/9,10.1.0.0/16",
        "104.16.0.0/13,172.64.0.0/13,2400:cb00::/32,2606:4700::/32,2a06:98c0::/29",
        "::ffff:10.0.0.0/104",
        "127.0.0.1,::1",
    ],
)
def test_production_trusts_private_networks_and_those_of_a_provider(networks: str) -> None:
    assert trusted_proxies(settings_of(networks)) == networks


def test_development_may_trust_everybody() -> None:
    assert trusted_proxies(settings_of("*", "development")) == "*"
    assert ip_address("192.0.2.1").compressed in _TrustedHosts("*")
