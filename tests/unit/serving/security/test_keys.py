from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newsdesk.serving.security.keys import ApiKey, new_key, parse_key


def test_the_text_of_a_key_holds_its_public_id_and_256_bits_of_secret() -> None:
    key, text = new_key("newsroom", frozenset({"predict"}))
    parts = parse_key(text)
    assert parts is not None
    key_id, secret = parts
    assert text == f"nd_{key.id}_{secret}"
    assert key_id == key.id
    assert len(secret) * 6 >= 256
    assert key.is_the_hash_of(secret)


def test_two_keys_share_neither_id_nor_secret() -> None:
    texts = [new_key("newsroom", frozenset())[1] for _ in range(100)]
    assert len({text.split("_")[1] for text in texts}) == 100
    assert len({text.split("_", 2)[2] for text in texts}) == 100


def test_what_is_kept_of_a_key_is_not_its_secret() -> None:
    key, text = new_key("newsroom", frozenset({"admin"}))
    secret = text.split("_", 2)[2]
    assert secret not in key.model_dump_json()
    assert secret not in repr(key)
    assert key.hash not in repr(key)


@given(st.text(max_size=80))
def test_no_text_that_is_not_a_key_is_taken_for_one(text: str) -> None:
    assert parse_key(text) is None
    assert parse_key(f"nd_{text}") is None


@given(position=st.integers(0, 63), other=st.characters(codec="ascii"))
def test_a_key_with_one_character_changed_is_another_or_none(position: int, other: str) -> None:
    key, text = new_key("newsroom", frozenset())
    changed = text[:position] + other + text[position + 1 :]
    parts = parse_key(changed)
    valid = parts is not None and parts[0] == key.id and key.is_the_hash_of(parts[1])
    assert valid == (changed == text)


def test_a_key_expires_at_its_hour_and_not_before() -> None:
    key, _ = new_key("newsroom", frozenset(), days=2)
    assert key.expires_at == key.created_at + timedelta(days=2)
    assert not key.has_expired(key.created_at + timedelta(days=2, seconds=-1))
    assert key.has_expired(key.created_at + timedelta(days=2))


def test_a_key_without_a_day_to_end_never_expires() -> None:
    key, _ = new_key("newsroom", frozenset())
    assert not key.has_expired(datetime(9999, 1, 1, tzinfo=UTC))


def test_the_caller_of_a_key_has_its_name_scopes_and_limit() -> None:
    key, _ = new_key("newsroom", frozenset({"predict", "feedback"}), limit="5/second")
    caller = key.caller
    assert (caller.name, caller.scopes, caller.limit, caller.authenticated, caller.key_id) == (
        "newsroom",
        {"predict", "feedback"},
        "5/second",
        True,
        key.id,
    )


@pytest.mark.parametrize(
    "wrong",
    [{"name": "two words"}, {"name": ""}, {"scopes": ["everything"]}, {"hash": "abc"}, {"limit": "often"}, {"more": 1}],
)
def test_a_kept_key_with_a_wrong_field_is_refused(wrong: dict[str, object]) -> None:
    kept = new_key("newsroom", frozenset({"predict"}))[0].model_dump(mode="json")
    assert ApiKey.model_validate(kept).name == "newsroom"
    with pytest.raises(ValidationError):
        ApiKey.model_validate(kept | wrong)
