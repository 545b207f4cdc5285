import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.serving.security.access_errors import AccessDenied
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.tokens import TokenIssuer
from tests.unit.serving.security.builders import SECRET

NEWSROOM = Caller("newsroom", frozenset({"predict", "feedback"}), key_id="0123456789abcdef")
DAY = 24 * 3600
TOKENS = TokenIssuer(SECRET, DAY)  # one of these tests may come an hour after the file was read
TOKEN = TOKENS.issue(NEWSROOM, frozenset({"predict"})).access_token


def claims(**other: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {"iss": "newsdesk", "sub": "newsroom", "scope": "predict", "iat": now, "exp": now + 60, "jti": "x"}
    return {name: value for name, value in (base | other).items() if value is not None}


def refusal_of(token: str, tokens: TokenIssuer = TOKENS) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        tokens.verify(token)
    assert caught.value.status == 401
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]
    assert len(token) < 20 or token not in str(caught.value)
    return caught.value


def in_base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_names_its_caller_and_only_the_scopes_it_was_issued_for() -> None:
    caller = TOKENS.verify(TOKEN)
    assert (caller.name, caller.scopes, caller.key_id, caller.authenticated) == (
        "newsroom",
        {"predict"},
        NEWSROOM.key_id,
        True,
    )
    assert TOKENS.verify(TOKEN) == caller


def test_a_token_carries_the_claims_of_the_standard() -> None:
    issued = TokenIssuer(SECRET, 90).issue(NEWSROOM, frozenset({"feedback", "predict"}))
    content = jwt.decode(issued.access_token, SECRET, algorithms=["HS256"])
    assert (content["iss"], content["sub"], content["scope"]) == ("newsdesk", "newsroom", "predict feedback")
    assert content["exp"] - content["iat"] == 90
    assert (issued.token_type, issued.expires_in, issued.scope) == ("bearer", 90, "predict feedback")


def test_no_two_tokens_are_alike() -> None:
    assert len({TOKENS.issue(NEWSROOM, frozenset()).access_token for _ in range(50)}) == 50


def test_a_token_does_not_outlive_what_it_was_issued_for() -> None:
    assert TOKENS.issue(NEWSROOM, frozenset(), max_seconds=10.9).expires_in == 10
    assert TOKENS.issue(NEWSROOM, frozenset(), max_seconds=1e9).expires_in == DAY


@given(position=st.integers(0, len(TOKEN) - 1), other=st.characters(max_codepoint=0x2FF))
def test_a_token_with_one_character_changed_is_refused(position: int, other: str) -> None:
    changed = TOKEN[:position] + other + TOKEN[position + 1 :]
    if changed != TOKEN:
        refusal_of(changed)


@given(position=st.integers(0, len(TOKEN)), more=st.text(min_size=1, max_size=5))
def test_a_token_with_something_put_in_is_refused(position: int, more: str) -> None:
    refusal_of(TOKEN[:position] + more + TOKEN[position:])


@pytest.mark.parametrize("more", ["=", "==", ".", "\n", " "])
def test_a_signature_has_one_spelling_only(more: str) -> None:
    refusal_of(TOKEN + more)


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, len(TOKEN)))
def test_a_token_with_something_cut_out_is_refused(start: int, length: int) -> None:
    refusal_of(TOKEN[:start] + TOKEN[start + length :])


@given(st.text(max_size=200))
def test_no_other_text_is_a_token(text: str) -> None:
    refusal_of(text)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "None", "typ": "JWT"}, {"alg": "HS256"}, {}, []])
@pytest.mark.parametrize("signature", ["", "A" * 43])
def test_a_token_that_nobody_signed_is_refused(header: object, signature: str) -> None:
    refusal_of(f"{in_base64url(header)}.{in_base64url(claims())}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_even_with_the_right_secret(algorithm: str) -> None:
    refusal_of(jwt.encode(claims(), SECRET * 2, algorithm=algorithm), TokenIssuer(SECRET * 2, 60))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS384", "none"])
def test_the_algorithm_that_a_token_claims_is_not_believed(algorithm: str) -> None:
    signed = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"alg": "HS256"})
    payload, signature = signed.split(".")[1:]
    refusal_of(f"{in_base64url({'alg': algorithm, 'typ': 'JWT'})}.{payload}.{signature}")


def test_a_token_of_another_secret_is_refused() -> None:
    refusal_of(jwt.encode(claims(), SECRET + ".", algorithm="HS256"))


@pytest.mark.parametrize("claim", ["iss", "sub", "scope", "iat", "exp", "jti"])
def test_a_token_without_a_required_claim_is_refused(claim: str) -> None:
    assert refusal_of(jwt.encode(claims(**{claim: None}), SECRET)).code == "invalid_token"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "elsewhere"},
        {"iss": ["newsdesk"]},
        {"sub": ""},
        {"scope": ["predict"]},
        {"exp": "soon"},
        {"iat": time.time() + DAY},
        {"nbf": time.time() + DAY},
        {"client_id": 7},
        {"aud": "elsewhere"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(wrong: dict[str, Any]) -> None:
    content = {name: value for name, value in (claims() | wrong).items() if name != "iss" or isinstance(value, str)}
    if wrong == {"iss": ["newsdesk"]}:  # the library refuses to write it
        content["iss"] = "newsdesk "
    assert refusal_of(jwt.encode(content, SECRET)).code == "invalid_token"


def test_an_expired_token_is_told_so_after_a_small_leeway() -> None:
    TOKENS.verify(jwt.encode(claims(exp=int(time.time()) - 2), SECRET))
    assert refusal_of(jwt.encode(claims(exp=int(time.time()) - 10), SECRET)).code == "expired_token"


def test_a_token_that_was_seen_before_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = TokenIssuer(SECRET, 60)
    token = tokens.issue(NEWSROOM, frozenset()).access_token
    tokens.verify(token)
    later = time.time() + 66
    monkeypatch.setattr("newsdesk.serving.security.tokens.time.time", lambda: later)
    assert refusal_of(token, tokens).code == "expired_token"


def test_scopes_that_are_not_known_grant_nothing() -> None:
    token = jwt.encode(claims(scope="predict everything ADMIN admin2"), SECRET)
    assert TOKENS.verify(token).scopes == {"predict"}


def test_a_token_that_is_very_long_is_refused_unread() -> None:
    assert refusal_of(jwt.encode(claims(sub="x" * 3000), SECRET)).code == "invalid_token"
