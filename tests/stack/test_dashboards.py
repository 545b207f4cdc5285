"""Every panel of every dashboard has data, in a Prometheus that watched a real newsroom at work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitoring.grafana.source.dashboards import DASHBOARDS
from tests.stack.monitoring_servers import require
from tests.stack.watching import PROGRAMS, Watched, watched
from tests.waiting import eventually

pytestmark = pytest.mark.stack

# What cannot have data in this run, and why. Whatever does have is no exception, and fails.
WITHOUT_DATA = {
    ("system_health_dashboard", "Airflow components"): "there is no Airflow",
    ("system_health_dashboard", "DAG runs"): "there is no Airflow",
    ("system_health_dashboard", "Duration of DAG runs"): "there is no Airflow",
    ("system_health_dashboard", "Since the last DAG run"): "there is no Airflow",
}
PANELS = [
    (name, panel)
    for name, dashboard in DASHBOARDS.items()
    for section in dashboard.sections
    for panel in section.panels
]


@pytest.fixture(scope="module")
def seen(missing: Callable[[str], None], programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    require(missing, *PROGRAMS)
    with watched(tmp_path_factory.mktemp("watched"), programs, seconds=45) as run:
        yield run


def test_every_query_of_every_panel_returns_data(seen: Watched) -> None:
    counts = {(name, panel.title): [len(seen.series(query.expr)) for query in panel.queries] for name, panel in PANELS}
    print()
    for (name, title), found in counts.items():
        print(f"{name.removesuffix('_dashboard'):16} {title:40} {', '.join(map(str, found))}")
    eventually(lambda: set(seen.prometheus.targets().values()) == {"up"}, "every target answers")
    empty = {where for where, found in counts.items() if found and not all(found)}
    assert empty == set(WITHOUT_DATA)
    assert not any(sum(counts[where]) for where in WITHOUT_DATA)
