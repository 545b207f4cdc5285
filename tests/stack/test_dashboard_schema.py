"""The dashboards checked by TypeScript against Grafana's own schema, panels and their options included."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stack.npm import installed

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "monitoring" / "grafana"
NAMES = sorted(file.stem for file in (GRAFANA / "dashboards").glob("*.json"))
# The modules of the schema by type of panel. It has none for a list of alerts.
OPTIONS = {
    "timeseries": "TimeSeries",
    "stat": "Stat",
    "bargauge": "BarGauge",
    "state-timeline": "StateTimeline",
    "table": "Table",
    "geomap": "Geomap",
}


@pytest.fixture(scope="module")
def schema(missing: Callable[[str], None]) -> Path:
    """The folder of npm's packages."""
    return installed(GRAFANA / "schema", "grafana-schema", missing)


def complaints(schema: Path, folder: Path, *dashboards: dict[str, Any]) -> list[str]:
    """What the compiler says against the dashboards."""
    shutil.copytree(schema, folder, symlinks=True, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(schema / "node_modules")
    for dashboard in dashboards:
        (folder / f"{dashboard['uid']}.ts").write_text("\n".join(_as_typescript(dashboard)), encoding="utf-8")
    compiler = schema / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        ["node", str(compiler), "--project", "."], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert bool(done.returncode) == bool(done.stdout), done.stderr
    return done.stdout.splitlines()


def _as_typescript(dashboard: dict[str, Any]) -> list[str]:
    lines = ['import type { Dashboard } from "@grafana/schema";', 'import type { Json } from "./json";']
    for kind, module in OPTIONS.items():
        path = f"raw/composable/{kind.replace('-', '')}/panelcfg/x/{module}PanelCfg_types.gen"
        lines.append(f'import type * as {module} from "@grafana/schema/dist/esm/{path}";')
    lines.append(f"export const dashboard: Json<Dashboard> = {json.dumps(dashboard)};")
    for panel in dashboard["panels"]:
        if panel["type"] in OPTIONS:
            module = OPTIONS[panel["type"]]
            of_panel, drawn = f"{module.lower()}{panel['id']}", panel["fieldConfig"]["defaults"].get("custom")
            options = json.dumps(panel.get("options", {}))
            lines.append(f"export const {of_panel}: Json<Partial<{module}.Options>> = {options};")
            if drawn:
                lines.append(f"export const {of_panel}_drawn: Json<{module}.FieldConfig> = {json.dumps(drawn)};")
    return lines


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def test_grafana_understands_every_word_of_the_dashboards(schema: Path, tmp_path: Path) -> None:
    assert complaints(schema, tmp_path / "check", *map(read, NAMES)) == []


def test_a_word_that_grafana_does_not_know_is_found(schema: Path, tmp_path: Path) -> None:
    dashboard = read(NAMES[0])
    dashboard["refreshed"] = "30s"
    panel = next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")
    panel["fieldConfig"]["defaults"]["custom"]["lineWidth"] = "thick"
    panel["options"]["legend"]["placement"] = "beside"
    found = complaints(schema, tmp_path / "check", dashboard)
    assert any("refreshed" in line for line in found)
    assert any("string" in line and "number" in line for line in found)
    assert any("beside" in line for line in found)


def test_the_panels_are_of_kinds_that_the_schema_checks() -> None:
    kinds = {panel["type"] for name in NAMES for panel in read(name)["panels"]}
    assert kinds == {*OPTIONS, "row", "alertlist"}


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((GRAFANA / "schema" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in package and package["integrity"] for package in packages.values())
