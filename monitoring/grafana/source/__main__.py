"""Write the dashboards: python -m monitoring.grafana.source."""

from pathlib import Path

from monitoring.grafana.source.build import to_json
from monitoring.grafana.source.dashboards import DASHBOARDS

FOLDER = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, dashboard in DASHBOARDS.items():
        (FOLDER / f"{name}.json").write_text(to_json(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
