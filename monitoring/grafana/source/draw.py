"""How each kind of panel looks."""

from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    geomap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    FrameGeometrySourceMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from monitoring.grafana.source.model import BAD, GOOD, SERIES, Panel

HEIGHT = 8
SMALL = 4


def new_panel(panel: Panel) -> Any:
    """The panel without its queries, title and place."""
    if panel.kind == "alerts":
        return _alert_list().span(panel.width).height(HEIGHT)
    drawn = _of_kind(panel)
    drawn.span(panel.width).height(SMALL if panel.kind == "figure" else HEIGHT).unit(panel.unit)
    if panel.limits:
        drawn.thresholds(_thresholds(panel.limits))
    if panel.words:
        drawn.mappings([_words(panel)])
    if panel.end is not None:
        drawn.min(0).max(panel.end)
    for name, limit in panel.limits_of:
        steps = _thresholds(((0.0, GOOD), (limit, BAD))).build()
        drawn.override_by_name(name, [DynamicConfigValue("thresholds", steps)])
    return drawn


def _of_kind(panel: Panel) -> Any:
    match panel.kind:
        case "trend":
            return _trend(panel)
        case "share":
            return _share(panel)
        case "figure":
            return _figure(panel)
        case "bars":
            return _bars(panel)
        case "states":
            return _states()
        case "table":
            return _table()
        case _:
            return _map()


def _trend(panel: Panel) -> timeseries.Panel:
    by_name = dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    drawn = timeseries.Panel().legend(_legend()).line_width(2).color_scheme(by_name)
    if panel.limits:
        drawn.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    for query, colour in zip(panel.queries, SERIES, strict=False):
        if "{{" not in query.legend:
            fixed = {"mode": FieldColorModeId.FIXED, "fixedColor": colour}
            drawn.override_by_name(query.legend, [DynamicConfigValue("color", fixed)])
    return drawn


def _share(panel: Panel) -> timeseries.Panel:
    return _trend(panel).fill_opacity(60).stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def _figure(panel: Panel) -> stat.Panel:
    drawn = stat.Panel().graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE).reduce_options(_last())
    if not panel.limits:
        drawn.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(GOOD))
    return drawn


def _bars(panel: Panel) -> bargauge.Panel:
    drawn = (
        bargauge.Panel()
        .display_mode(BarGaugeDisplayMode.BASIC)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(_last())
    )
    if not panel.limits and not panel.limits_of:
        drawn.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(GOOD))
    return drawn


def _states() -> statetimeline.Panel:
    return statetimeline.Panel().row_height(0.8).merge_values(True).legend(_legend())


def _table() -> table.Panel:
    hidden = {"excludeByName": {"Time": True, "__name__": True}}
    return table.Panel().with_transformation(DataTransformerConfig(id_val="organize", options=hidden))


def _map() -> geomap.Panel:
    countries = (
        common.MapLayerOptions()
        .type("markers")
        .name("countries")
        .config({"showLegend": True, "style": {"size": {"field": "Value", "min": 4, "max": 24}}})
        .location(
            common.FrameGeometrySource()
            .mode(FrameGeometrySourceMode.LOOKUP)
            .lookup("country")
            .gazetteer("public/gazetteer/countries.json")
        )
        .tooltip(True)
    )
    return geomap.Panel().layers([countries])


def _alert_list() -> dashboard.Panel:
    states = {"firing": True, "pending": True, "error": True, "noData": False, "normal": False}
    options = {"viewMode": "list", "maxItems": 30, "datasource": "Prometheus", "stateFilter": states}
    return dashboard.Panel().type("alertlist").options(options)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _thresholds(limits: tuple[tuple[float, str], ...]) -> dashboard.ThresholdsConfig:
    (_, lowest), *rest = limits
    steps = [Threshold(value=None, color=lowest), *(Threshold(value=value, color=colour) for value, colour in rest)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _words(panel: Panel) -> ValueMap:
    return ValueMap({value: ValueMappingResult(text=text, color=colour) for value, text, colour in panel.words})
