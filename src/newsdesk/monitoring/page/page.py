"""The whole page."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.misclassified_texts import NOT_ASKED_FOR, MisclassifiedTexts
from newsdesk.monitoring.page import drift_section, quality_section, traffic_section, worse_section
from newsdesk.monitoring.page.badges import banner
from newsdesk.monitoring.page.formatting import TOO_FEW, duration, moment, percent
from newsdesk.monitoring.page.headline import headline, what_to_do
from newsdesk.monitoring.page.markup import document, tag
from newsdesk.monitoring.page.style import STYLE
from newsdesk.monitoring.page.unknowns_section import unknowns
from newsdesk.monitoring.page.window_totals import total
from newsdesk.monitoring.report import Performance, Report
from newsdesk.monitoring.significance import ENOUGH

WITHOUT_EXAMPLES = MisclassifiedTexts(why_none=NOT_ASKED_FOR)


def monitor_page(
    report: Report,
    manifest: BundleManifest,
    monitoring: Monitoring,
    newsroom: str | None = None,
    examples: MisclassifiedTexts = WITHOUT_EXAMPLES,
) -> str:
    """One HTML document with all that the report says of the champion of a newsroom, whose manifest this is.

    It needs no script and nothing from outside, so it can be mailed, archived, and served under a strict policy.
    """
    summary = headline(report, manifest, monitoring)
    name = f"{newsroom} · " if newsroom else ""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{name}Newsdesk monitor: version {report.version}"),
        tag("style", STYLE),
    )
    title = tag("h1", f"{name}Newsdesk monitor · version {report.version} · {manifest.model_name}")
    top = tag("header", title, banner(summary), _facts(report, manifest))
    body = tag(
        "body", top, tag("main", *_sections(report, manifest, monitoring, examples)), _footer(report, monitoring)
    )
    return document(tag("html", head, body, lang="en"))


def _facts(report: Report, manifest: BundleManifest) -> Element:
    overall = total(report.windows)
    facts = [
        *_accuracy(overall),
        ("Test accuracy", percent(report.test_accuracy), f"trained {moment(manifest.trained_at)}"),
        ("Predictions", f"{overall.predictions:,}", f"{overall.texts:,} different texts"),
    ]
    if overall.labelled or report.decision.new_labels:
        facts.append(("With feedback", percent(overall.coverage), f"{overall.labelled:,} texts"))
        facts.append(("New labels", f"{report.decision.new_labels:,}", "since the last training"))
    boxes = [
        tag("div", tag("dt", name), tag("dd", value), tag("dd", note, class_="note")) for name, value, note in facts
    ]
    return tag("dl", *boxes, class_="facts")


def _accuracy(overall: Performance) -> Iterator[tuple[str, str, str]]:
    """As far as it is known."""
    name, share = "Accuracy by feedback", overall.accuracy
    if share and share.of >= ENOUGH:
        yield name, percent(share.share), f"{percent(share.low)} to {percent(share.high)}"
    elif share:
        yield name, TOO_FEW, f"{share.of} reviewed texts, {ENOUGH} needed"
    elif overall.at_most:
        yield name, f"≤ {percent(overall.at_most.share)}", "corrections alone"
    if overall.estimated is not None:
        yield "Estimated accuracy", percent(overall.estimated), "by calibrated confidence and corrections"


def _sections(
    report: Report, manifest: BundleManifest, monitoring: Monitoring, examples: MisclassifiedTexts
) -> Iterator[Element | None]:
    """How it does, then what is not known, then every figure. What there is nothing of is left out."""
    yield _section("worse", "What got worse", *worse_section.got_worse(report, examples))
    yield _section(
        "accuracy",
        "Accuracy",
        quality_section.accuracy(report, monitoring),
        _grid(quality_section.per_category(report), quality_section.confidence(report, manifest, monitoring)),
    )
    yield _section(
        "drift",
        "Drift",
        drift_section.newest_report(report),
        _grid(*drift_section.scores_over_time(report, monitoring), size="grid small"),
        *drift_section.earlier_reports(report),
    )
    yield _section("decision", "Retraining", tag("p", what_to_do(report), class_="card"))
    charts = traffic_section.predictions(report, monitoring), quality_section.categories(report, manifest)
    yield _section("predictions", "Predictions", _grid(*charts))
    yield _section("feedback", "Feedback", traffic_section.labels(report))
    yield _section("versions", "Versions and arms", traffic_section.others(report))
    unknown = [tag("li", sentence) for sentence in unknowns(report, manifest, monitoring)]
    yield _section("unknown", "Not known yet", tag("ul", *unknown, class_="card") if unknown else None)
    yield _section("periods", "Days and windows", traffic_section.periods(report))


def _section(name: str, heading: str, *content: Element | None) -> Element | None:
    if not any(part is not None for part in content):
        return None
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name)


def _grid(*charts: Element | None, size: str = "grid") -> Element | None:
    return tag("div", *charts, class_=size) if any(chart is not None for chart in charts) else None


def _footer(report: Report, monitoring: Monitoring) -> Element:
    looked_at = f"{monitoring.look_back} windows of {duration(monitoring.window)}"
    return tag(
        "footer",
        tag("p", f"As of the pass that ended {moment(report.at)}, over the newest {looked_at}. All times are UTC."),
        tag("p", "Run it again: ", tag("code", "newsdesk monitor --html monitor.html")),
        tag("p", "Model ", tag("code", report.digest)),
    )
