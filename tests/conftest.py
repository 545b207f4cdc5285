"""What every test gets: no setting of this machine, and a clear word where a server is missing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from newsdesk.config.settings import Settings

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        if field.alias:
            monkeypatch.delenv(field.alias, raising=False)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Call with what is not there: skips the test, or fails it where NEWSDESK_REQUIRE_SERVERS is set, as in CI."""

    def tell(what: str) -> None:
        reason = f"{what} is not on this machine: make system-deps"
        if os.environ.get("NEWSDESK_REQUIRE_SERVERS"):
            pytest.fail(reason)
        pytest.skip(reason)

    return tell


@pytest.fixture
def shared_data() -> Path:
    """Real news kept beside the checkout, for measuring; the test is skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real news data lies beside the checkout only on developers' machines")
    return SHARED_DATA
