import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.errors import UsageError
from newsdesk.serving.security.caller import SCOPES, Caller, Scope, format_scopes, parse_scopes, require_scopes


@pytest.mark.parametrize("scope", SCOPES)
def test_a_caller_may_what_it_was_given_and_an_admin_everything(scope: Scope) -> None:
    assert Caller("a", frozenset({scope})).may(scope)
    assert Caller("a", frozenset({"admin"})).may(scope)
    assert not Caller("a", frozenset(SCOPES) - {scope, "admin"}).may(scope)


@given(st.frozensets(st.sampled_from(SCOPES)))
def test_scopes_are_read_as_they_are_written(scopes: frozenset[Scope]) -> None:
    assert parse_scopes(format_scopes(scopes)) == scopes


def test_unknown_scopes_are_named() -> None:
    assert require_scopes(["predict", "predict", "admin"]) == {"predict", "admin"}
    with pytest.raises(UsageError, match=r"everything is no scope. There are: predict, feedback, monitor, admin"):
        require_scopes(["predict", "everything"])
