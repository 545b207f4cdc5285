"""A look at each dashboard: its own queries, asked of a Prometheus that watched a newsroom, drawn as pictures."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.panel_pictures import Drawn, Series, draw
from benchmarks.tables import markdown
from monitoring.grafana.source.dashboards import DASHBOARDS
from monitoring.grafana.source.model import Panel
from tests.stack.servers import postgresql_programs
from tests.stack.watching import Watched, watched

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SECONDS = 180
OVER_TIME = ("trend", "share", "states")
RECENT = 10  # seconds


def report(_: Path) -> str:
    """Draw every dashboard into docs/images, and tell how many panels have data."""
    programs = postgresql_programs()
    assert programs, "PostgreSQL is not installed: make system-deps"
    rows: list[Sequence[object]] = []
    with TemporaryDirectory() as folder, watched(Path(folder), programs, SECONDS) as run:
        for name, dashboard in DASHBOARDS.items():
            panels = [panel for section in dashboard.sections for panel in section.panels if panel.queries]
            drawn = [Drawn(panel, _series(run, panel)) for panel in panels]
            draw(dashboard.title, drawn, IMAGES / f"dashboard-{name.removesuffix('_dashboard').replace('_', '-')}.png")
            counts = [len(each.series) for each in drawn]
            rows.append((dashboard.title, len(counts), sum(map(bool, counts)), sum(counts)))
    return (
        "## Dashboards (`python -m benchmarks dashboards`)\n\n"
        f"Real servers watched by a real Prometheus while a newsroom works for {SECONDS} s. The pictures in "
        "[dashboards](dashboards.md) are drawn from it. Panels about Airflow have no data here.\n\n"
        + markdown(("dashboard", "panels", "with data", "series"), rows)
    )


def _series(run: Watched, panel: Panel) -> list[Series]:
    """Over time; of panels that show the newest value alone, only series that are there at the end."""
    found = []
    for query in panel.queries:
        for labels, points in run.series(query.expr):
            if panel.kind in OVER_TIME or points[-1][0] > run.end - RECENT:
                minutes = [(at - run.start) / 60 for at, _ in points]
                found.append(Series(_name(query.legend, labels), minutes, [value for _, value in points]))
    return found


def _name(legend: str, labels: dict[str, str]) -> str:
    for label, value in labels.items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    return legend
