import logging
from pathlib import Path

import pytest

from newsdesk.serving.errors import ApiError
from newsdesk.serving.security.access_errors import AccessDenied, RateLimited
from newsdesk.serving.security.authentication import Authenticator
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.key_file import remove_key
from newsdesk.serving.security.keys import new_key
from newsdesk.serving.security.tokens import TokenIssuer
from tests.unit.serving.security.builders import SECRET, Desk, bearer, request


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def refusal_of(
    access: Authenticator, headers: dict[str, str], client: str = "192.0.2.1", path: str = "/predict"
) -> ApiError:
    with pytest.raises(ApiError) as caught:
        access.admit(request("POST", path, headers, client))
    return caught.value


def wrong_secret(key: str) -> str:
    """The text of a key with its id and a secret that is not its own."""
    return "_".join([*key.split("_", 2)[:2], new_key("other", frozenset())[1].split("_", 2)[2]])


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_key_may_be_sent_in_either_header(desk: Desk, header: str) -> None:
    key = desk.key("newsroom", "predict", limit="5/second")
    value = f"bEaReR {key}" if header == "authorization" else key
    caller = desk.access().admit(request("POST", "/predict", {header: value}))
    assert (caller.name, caller.limit, caller.authenticated) == ("newsroom", "5/second", True)


def test_a_token_that_was_exchanged_for_a_key_is_as_good_as_the_key(desk: Desk) -> None:
    key = desk.key("newsroom", "predict", limit="5/second")
    access = desk.access()
    token = access.issue_token(key, None, "192.0.2.1")
    caller = access.admit(request("POST", "/predict", bearer(token.access_token)))
    assert (caller.name, caller.scopes, caller.limit) == ("newsroom", {"predict"}, "5/second")


def test_whoever_shows_nothing_is_asked_who_he_is_without_an_error_code(desk: Desk) -> None:
    refused = refusal_of(desk.access(), {})
    assert (refused.status, refused.code) == (401, "missing_credentials")
    assert refused.headers == {"WWW-Authenticate": 'Bearer realm="newsdesk"'}


@pytest.mark.parametrize("value", ["", "Basic dXNlcjpwYXNz", "Bearer", "Digest x"])
def test_another_way_to_say_who_one_is_is_not_accepted(desk: Desk, value: str) -> None:
    assert refusal_of(desk.access(), {"authorization": value}).status == 401


def test_two_credentials_at_once_are_refused_even_if_both_are_good(desk: Desk) -> None:
    key = desk.key("newsroom", "predict")
    refused = refusal_of(desk.access(), bearer(key) | {"x-api-key": key})
    assert (refused.status, refused.code) == (400, "invalid_request")


def test_an_unknown_a_wrong_and_an_expired_key_get_the_same_answer(desk: Desk) -> None:
    key, expired = desk.key("newsroom", "predict"), desk.key("old", "predict", days=-1)
    unknown = new_key("other", frozenset())[1]
    access = desk.access()
    answers = [refusal_of(access, bearer(text)) for text in (unknown, wrong_secret(key), expired, "nd_x", "nd_")]
    assert {(one.status, one.code, one.message, str(one.headers)) for one in answers} == {
        (401, "invalid_key", answers[0].message, str(answers[0].headers))
    }
    assert 'error="invalid_token"' in answers[0].headers["WWW-Authenticate"]


def test_a_caller_without_the_scope_is_told_which_one_is_needed(desk: Desk) -> None:
    key = desk.key("newsroom", "predict")
    refused = refusal_of(desk.access(), bearer(key), path="/feedback")
    assert (refused.status, refused.code) == (403, "insufficient_scope")
    assert refused.headers["WWW-Authenticate"].endswith('error="insufficient_scope", scope="feedback"')


def test_a_revoked_key_ends_with_its_tokens_and_without_a_restart(desk: Desk) -> None:
    key = desk.key("newsroom", "predict")
    access = desk.access()
    token = access.issue_token(key, None, "192.0.2.1").access_token
    remove_key(desk.file, "newsroom")
    desk.key("newsroom", "admin")  # the name alone brings nothing back
    desk.clock.now = 1.0
    assert refusal_of(access, bearer(key)).code == "invalid_key"
    assert refusal_of(access, bearer(token)).code == "invalid_token"


def test_a_token_may_no_more_than_its_key_may_now(desk: Desk) -> None:
    key = desk.key("newsroom", "predict", "feedback")
    access = desk.access()
    token = access.issue_token(key, None, "192.0.2.1").access_token
    desk.file.write_text(desk.file.read_text(encoding="utf-8").replace('"feedback"', '"monitor"'), encoding="utf-8")
    desk.clock.now = 1.0
    assert access.admit(request("POST", "/predict", bearer(token))).scopes == {"predict"}


def test_a_token_of_another_issuer_with_the_secret_needs_no_key(desk: Desk) -> None:
    tokens = TokenIssuer(SECRET, 60)
    token = tokens.issue(Caller("airflow", frozenset({"admin"})), frozenset({"admin"})).access_token
    assert desk.access().admit(request("POST", "/model/promote", bearer(token))).name == "airflow"


def test_a_token_has_the_scopes_that_were_asked_for(desk: Desk) -> None:
    key, admin = desk.key("newsroom", "predict", "feedback"), desk.key("desk", "admin")
    access = desk.access()
    assert access.issue_token(key, None, "-").scope == "predict feedback"
    assert access.issue_token(key, ["feedback"], "-").scope == "feedback"
    assert access.issue_token(admin, ["monitor", "predict"], "-").scope == "predict monitor"
    assert access.issue_token(admin, None, "-").scope == "admin"


@pytest.mark.parametrize("scopes", [[], ["admin"], ["predict", "admin"], ["predict", "everything"], ["PREDICT"]])
def test_a_token_cannot_be_had_for_more_than_the_key_may(desk: Desk, scopes: list[str]) -> None:
    key = desk.key("newsroom", "predict")
    with pytest.raises(AccessDenied) as caught:
        desk.access().issue_token(key, scopes, "192.0.2.1")
    assert (caught.value.status, caught.value.code) == (400, "invalid_scope")


@pytest.mark.parametrize("text", ["", "nd_x", "a token", "nd_0000000000000000_" + "A" * 43])
def test_a_token_cannot_be_had_for_a_wrong_key(desk: Desk, text: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        desk.access().issue_token(text, None, "192.0.2.1")
    assert (caught.value.status, caught.value.code) == (401, "invalid_key")


def test_a_token_does_not_outlive_its_key(desk: Desk) -> None:
    key = desk.key("newsroom", "predict", days=1)
    access = desk.access(tokens=TokenIssuer(SECRET, 10 * 86400))
    assert 86000 < access.issue_token(key, None, "-").expires_in <= 86400


def test_after_twenty_wrong_keys_in_a_minute_a_client_is_told_to_wait(desk: Desk) -> None:
    access = desk.access()
    codes = [refusal_of(access, bearer(new_key("x", frozenset())[1])).code for _ in range(22)]
    assert codes == ["invalid_key"] * 20 + ["too_many_failures"] * 2
    refused = refusal_of(access, bearer("no token"))
    assert isinstance(refused, RateLimited)
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refusal_of(access, bearer("no token"), client="192.0.2.2").status == 401


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic dXNlcjpwYXNz"}, {"authorization": "", "x-api-key": ""}]
)
def test_who_shows_nothing_again_and_again_is_told_to_wait(desk: Desk, headers: dict[str, str]) -> None:
    access = desk.access()
    key = desk.key("newsroom", "predict")
    statuses = [refusal_of(access, headers).status for _ in range(22)]
    assert 429 not in statuses[:20]
    assert statuses[20:] == [429, 429]
    assert refusal_of(access, headers, client="192.0.2.2").status != 429
    assert desk.access().admit(request("POST", "/predict", bearer(key), client="192.0.2.1")).name == "newsroom"


def test_a_secret_is_not_guessed_on_once_too_many_guesses_were_wrong(desk: Desk) -> None:
    key = desk.key("newsroom", "predict")
    access = desk.access()
    for _ in range(20):
        assert refusal_of(access, bearer(wrong_secret(key))).code == "invalid_key"
    assert refusal_of(access, bearer(key)).code == "too_many_failures"  # though it is right
    with pytest.raises(RateLimited):
        access.issue_token(key, None, "192.0.2.1")
    assert access.admit(request("POST", "/predict", bearer(key), client="192.0.2.2")).name == "newsroom"


def test_others_behind_the_address_of_one_who_fails_go_on(desk: Desk) -> None:
    stale, good = desk.key("stale", "predict"), desk.key("good", "predict")
    access = desk.access()
    for _ in range(50):
        refusal_of(access, bearer(wrong_secret(stale)))
    assert access.admit(request("POST", "/predict", bearer(good))).name == "good"
    assert access.issue_token(good, None, "192.0.2.1").scope == "predict"


def test_who_comes_with_a_token_that_expired_guesses_nothing(desk: Desk) -> None:
    access = desk.access()
    tokens = TokenIssuer(SECRET, -60)
    expired = tokens.issue(Caller("a", frozenset()), frozenset()).access_token
    for _ in range(30):
        assert refusal_of(access, bearer(expired)).code == "expired_token"


def test_no_credential_is_written_to_the_log_or_into_a_message(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    key = desk.key("newsroom", "predict")
    access = desk.access()
    token = access.issue_token(key, None, "192.0.2.1").access_token
    wrong = [wrong_secret(key), token[:-8], "hunter2 is a password"]
    with caplog.at_level(logging.DEBUG):
        said = [str(vars(refusal_of(access, bearer(text)))) for text in wrong * 9]
        access.admit(request("POST", "/predict", bearer(token)))
        desk.file.write_text("[" + key, encoding="utf-8")
        desk.clock.now = 1.0
        access.admit(request("POST", "/predict", bearer(key)))
    everything = caplog.text + "".join(said)
    assert "cannot be read" in everything
    for text in (key, key.split("_", 2)[2], token, token[:-8], SECRET, *wrong):
        assert text not in everything
