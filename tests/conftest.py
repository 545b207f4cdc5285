"""What every test gets: no setting of this machine, and a clear word where a server is missing."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import hypothesis
import pytest

from newsdesk.config.settings import Settings
from tests.mlflow_tables import copy_where_mlflow_makes_them

if TYPE_CHECKING:
    from newsdesk.model.bundle import Bundle
    from tests.unit.registry.shelf import Shelf

# Files that take minutes, the longest first: begun last, one of them would keep a single processor busy at the end.
LONGEST = (
    "test_dags.py",
    "test_airflow_newest_dataset.py",
    "test_airflow_loop.py",
    "test_month.py",
    "test_airflow_faults.py",
    "test_real_news.py",
    "test_closed_loop.py",
    "test_run_pipeline.py",
    "test_docs.py",
    "test_upgrade.py",
    "test_local_airflow.py",
    "test_main_job.py",
    "test_feedback_loop.py",
    "test_killed.py",
    "test_workers.py",
    "test_backup.py",
    "test_output.py",
    "test_command_line.py",
    "test_schemathesis.py",
    "test_changes.py",
    "test_restore_drill.py",
    "test_steps.py",
    "test_sample_worth.py",
    "test_feedback_poisoning.py",
    "test_table_reading.py",
    "test_mlflow_model.py",
    "test_serve_command.py",
    "test_promotion_all_or_nothing.py",
)

_MISSING = " is not on this machine"

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# Set in many containers: then each of the hundreds of processes that tests start would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How fast a busy machine is says nothing of what is tested.
hypothesis.settings.register_profile("newsdesk", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("newsdesk")

# Whoever asks without a client makes one, and each client reads all certificates of this machine: once is enough.
httpx._transports.default.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    copy_where_mlflow_makes_them()  # once a test module has imported it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])]
    missing = [reason.removeprefix("Skipped: ").partition(_MISSING)[0] for reason in reasons if _MISSING in reason]
    if missing:
        terminalreporter.write_line(
            f"{len(missing)} tests were skipped: this machine lacks {', '.join(sorted(set(missing)))}. "
            "To run them, too: sudo make system-deps, then make test."
        )


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for field in Settings.model_fields.values():
            if field.alias:
                environment.delenv(field.alias, raising=False)
        yield


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_in_the_environment(_no_settings_from_outside: None) -> Iterator[None]:
    """Libraries set variables too, and then the tests of other modules work with what was this one's."""
    before = _settings_in_the_environment()
    yield
    assert _settings_in_the_environment() == before


def _settings_in_the_environment() -> dict[str, str]:
    aliases = {field.alias for field in Settings.model_fields.values()}
    return {name: value for name, value in os.environ.items() if name in aliases}


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Call with what is not there: skips the test, or fails it where NEWSDESK_REQUIRE_SERVERS is set, as in CI."""

    def tell(what: str) -> None:
        reason = f"{what}{_MISSING}: make system-deps"
        if os.environ.get("NEWSDESK_REQUIRE_SERVERS"):
            pytest.fail(reason)
        pytest.skip(reason)

    return tell


@pytest.fixture(scope="session")
def first() -> "Bundle":
    """One of two bundles that answer differently."""
    return _naive_bayes(alpha=1.0)


@pytest.fixture(scope="session")
def second() -> "Bundle":
    """The other one."""
    return _naive_bayes(alpha=0.5)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file of an embedded MLflow without a model."""
    from newsdesk.registry.mlflow_client import connect
    from tests.builders import settings_in

    settings = settings_in(tmp_path_factory.mktemp("mlflow"))
    connect(settings).search_registered_models()
    return settings.embedded_mlflow


@pytest.fixture
def shelf(tmp_path: Path, empty_database: Path) -> "Shelf":
    """A real embedded registry on disk, empty."""
    from tests.unit.registry.shelf import open_shelf

    return open_shelf(tmp_path, empty_database)


# scikit-learn and MLflow take seconds to load: only where a test asks for what needs them.
def _naive_bayes(alpha: float) -> "Bundle":
    from sklearn.naive_bayes import MultinomialNB

    from tests.builders import fitted_bundle

    return fitted_bundle(MultinomialNB(alpha=alpha), per_category=10)


@pytest.fixture
def shared_data() -> Path:
    """Real news kept beside the checkout, for measuring; the test is skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real news data lies beside the checkout only on developers' machines")
    return SHARED_DATA
