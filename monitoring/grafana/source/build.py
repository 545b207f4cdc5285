"""From the plain values to Grafana's own model, by its foundation SDK."""

import json
from typing import Any

from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from monitoring.grafana.source.draw import new_panel
from monitoring.grafana.source.model import Dashboard, Panel, Query, Variable

DATA_SOURCE = DataSourceRef("prometheus", "newsdesk-prometheus")


def to_json(dashboard: Dashboard) -> str:
    """The dashboard as Grafana's provisioning takes it, the same for the same values."""
    built = _built(dashboard).build()
    for variable in built.templating.list_val or []:
        # The SDK writes these for every variable, though Grafana's schema knows them for intervals alone.
        variable.auto = variable.auto_min = variable.auto_count = None
    return json.dumps(built, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _built(dashboard: Dashboard) -> grafana.Dashboard:
    built = (
        grafana.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags(["newsdesk"])
        .timezone("browser")
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            grafana.DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags(["newsdesk"]).as_dropdown(True)
        )
        .link(
            grafana.DashboardLink("Monitoring page")
            .type(DashboardLinkType.LINK)
            .url("${newsdesk_url}/monitor")
            .tooltip("The same key charts, and the drift of each window, from the store")
            .target_blank(True)
        )
    )
    for variable in dashboard.variables:
        built.with_variable(_variable(variable))
    number = 0
    for section in dashboard.sections:
        built.with_row(grafana.Row(section.title))
        for panel in section.panels:
            number += 1
            built.with_panel(_panel(panel, number))
    return built


def _panel(panel: Panel, number: int) -> Any:
    built = new_panel(panel).id(number).title(panel.title).description(panel.description).datasource(DATA_SOURCE)
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        built.with_target(_target(query, letter, panel))
    return built


def _target(query: Query, letter: str, panel: Panel) -> Dataquery:
    target = Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter).datasource(DATA_SOURCE)
    if panel.kind in ("table", "map"):
        return target.instant().format(PromQueryFormat.TABLE)
    return target.instant() if panel.kind in ("bars", "figure") else target.range()


def _variable(variable: Variable) -> Any:
    if variable.text:
        option = VariableOption(text=variable.text, value=variable.text)
        return grafana.TextBoxVariable(variable.name).label(variable.label).default_value(variable.text).current(option)
    return (
        grafana.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATA_SOURCE)
        .query(f"label_values({variable.metric}, {variable.of})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(text="All", value="$__all"))
    )
