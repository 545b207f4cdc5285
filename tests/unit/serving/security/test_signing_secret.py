import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.serving.security.signing_secret import development_secret, require_strong_secret, signing_secret

GOOD = "kD0Gq8-hT3xV5mZ1rB7nYwP2cJ6sL9fA"

WEAK = [
    "super_secure_secret_key",
    "changeme",
    "secret",
    GOOD[:31],
    "x" * 64,
    "ab" * 32,
    "secretsecretsecretsecretsecretsecret",
    "super_secure_secret_key_super_secure",
    "CHANGE-ME-0123456789-abcdefghijklmnop",
    "your_secret_key_here_0123456789_abcdef",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
]


def settings_of(secret: str | None, **environment: str) -> Settings:
    return Settings.model_validate(environment | ({} if secret is None else {"API_SECRET_KEY": secret}))


@pytest.mark.parametrize("environment", [{"NEWSDESK_ENVIRONMENT": "production"}, {"API_AUTH": "true"}])
@pytest.mark.parametrize("secret", WEAK)
def test_where_tokens_are_asked_for_a_weak_secret_stops_the_start(secret: str, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="API_SECRET_KEY") as caught:
        require_strong_secret(settings_of(secret, **environment))
    assert caught.value.exit_code == 2
    assert "token_urlsafe" in str(caught.value)
    if secret != "secret":  # an everyday word
        assert secret not in str(caught.value)


def test_production_does_not_start_without_a_secret() -> None:
    with pytest.raises(ConfigError, match="API_SECRET_KEY is not set"):
        require_strong_secret(settings_of(None, NEWSDESK_ENVIRONMENT="production"))


def test_production_asks_for_tokens_whatever_else_is_set() -> None:
    with pytest.raises(ConfigError, match="API_SECRET_KEY"):
        require_strong_secret(settings_of("changeme", NEWSDESK_ENVIRONMENT="production", API_AUTH="false"))


@pytest.mark.parametrize("environment", [{"NEWSDESK_ENVIRONMENT": "production"}, {"API_AUTH": "true"}, {}])
def test_a_good_secret_is_accepted_and_used(environment: dict[str, str]) -> None:
    require_strong_secret(settings_of(GOOD, **environment))
    assert signing_secret(settings_of(GOOD, **environment)) == GOOD


@pytest.mark.parametrize("make", [secrets.token_urlsafe, secrets.token_hex])
def test_random_secrets_are_accepted(make: object) -> None:
    assert callable(make)
    for _ in range(500):
        require_strong_secret(settings_of(make(32), NEWSDESK_ENVIRONMENT="production"))


@given(st.text(string.printable, max_size=31))
def test_no_short_secret_is_accepted(secret: str) -> None:
    with pytest.raises(ConfigError):
        require_strong_secret(Settings.model_construct(environment="production", api_secret_key=SecretStr(secret)))


def test_development_without_tokens_starts_with_any_secret_but_signs_with_a_good_one() -> None:
    settings = settings_of("changeme")
    require_strong_secret(settings)
    assert signing_secret(settings) != "changeme"


def test_a_secret_for_development_is_good_and_never_the_same() -> None:
    first, second = development_secret(), development_secret()
    assert first != second
    require_strong_secret(settings_of(first, NEWSDESK_ENVIRONMENT="production"))
