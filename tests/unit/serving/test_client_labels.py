"""Where requests come from becomes few labels: countries only by a trusted proxy's word, callers only by their keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.settings import Settings
from newsdesk.serving.client_labels import COUNTRIES, MOST_CALLERS, ClientLabels
from newsdesk.serving.security.caller import Caller

PROXY, ELSEWHERE = ("10.0.0.7", 4711), ("192.0.2.1", 4711)
ALL = frozenset[Any]()


def origin(header: str = "CF-IPCountry", proxies: str = "10.0.0.0/8") -> ClientLabels:
    return ClientLabels(Settings.model_validate({"API_COUNTRY_HEADER": header, "API_TRUSTED_PROXIES": proxies}))


def scope(*values: bytes, peer: tuple[str, int] | None = PROXY) -> dict[str, Any]:
    return {"headers": [(b"cf-ipcountry", value) for value in values], "client": PROXY, "peer": peer}


def key(name: str) -> Caller:
    return Caller(name, ALL, key_id="0" * 16)


@pytest.mark.parametrize("value", [b"CH", b"ch", b" ch "])
def test_a_country_is_what_the_proxy_says(value: bytes) -> None:
    assert origin().country(scope(value)) == "CH"


@pytest.mark.parametrize("value", [b"", b"XX", b"T1", b"CHE", b"C", b"\xff\xfe", b"CH, DE", b"UNKNOWN"])
def test_what_is_no_country_is_unknown(value: bytes) -> None:
    assert origin().country(scope(value)) == "unknown"


@pytest.mark.parametrize("values", [(), (b"CH", b"DE")])
def test_none_or_two_countries_are_unknown(values: tuple[bytes, ...]) -> None:
    assert origin().country(scope(*values)) == "unknown"


@pytest.mark.parametrize("peer", [ELSEWHERE, ("", 0), ("1" * 9_000, 0), ("somebody", 0), None])
def test_whoever_is_no_trusted_proxy_is_not_believed_whatever_client_it_claims_to_be(
    peer: tuple[str, int] | None,
) -> None:
    assert origin().country(scope(b"CH", peer=peer)) == "unknown"


def test_a_request_whose_other_end_nobody_noted_is_not_believed() -> None:
    assert origin().country({"headers": [(b"cf-ipcountry", b"CH")], "client": PROXY}) == "unknown"


@pytest.mark.parametrize(("header", "proxies"), [("", "10.0.0.0/8"), ("CF-IPCountry", "")])
def test_nobody_is_believed_unless_header_and_proxies_are_named(header: str, proxies: str) -> None:
    assert origin(header or "X-Other", proxies).country(scope(b"CH")) == "unknown"
    assert ClientLabels(Settings.model_validate({})).country(scope(b"CH")) == "unknown"


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.7", "2001:db8::9"])
def test_a_proxy_may_come_over_ipv6(peer: str) -> None:
    assert origin(proxies="10.0.0.0/8,2001:db8::/32").country(scope(b"CH", peer=(peer, 1))) == "CH"


def test_in_development_everybody_may_be_a_proxy() -> None:
    assert origin(proxies="*").country(scope(b"CH", peer=ELSEWHERE)) == "CH"


@given(st.binary(max_size=8))
def test_every_value_is_a_country_or_unknown(value: bytes) -> None:
    assert origin().country(scope(value)) in COUNTRIES | {"unknown"}


def test_a_caller_is_the_name_of_its_key() -> None:
    assert origin().caller(key("desk")) == "desk"


def test_a_caller_without_a_key_is_anonymous_and_its_address_is_not_told() -> None:
    assert origin().caller(Caller("anonymous:192.0.2.1", ALL, authenticated=False)) == "anonymous"
    assert origin().caller(None) == "anonymous"


def test_a_token_without_a_key_has_no_name_of_its_own() -> None:
    assert origin().caller(Caller("whatever a token says", ALL)) == "other"


def test_only_the_first_hundred_callers_are_told_apart() -> None:
    origin_ = origin()
    names = [f"desk-{number}" for number in range(MOST_CALLERS)]
    assert [origin_.caller(key(name)) for name in names] == names
    assert origin_.caller(key("one too many")) == "other"
    assert origin_.caller(key(names[0])) == names[0]
