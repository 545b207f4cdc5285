"""The whole page."""

from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import Manifest
from newsdesk.monitoring.page import drifting, quality, traffic
from newsdesk.monitoring.page.headline import headline, what_to_do
from newsdesk.monitoring.page.markup import document, tag
from newsdesk.monitoring.page.signs import banner
from newsdesk.monitoring.page.style import STYLE
from newsdesk.monitoring.page.totals import total
from newsdesk.monitoring.page.wording import duration, moment, percent
from newsdesk.monitoring.report import Performance, Report


def monitor_page(report: Report, manifest: Manifest, monitoring: Monitoring) -> str:
    """One HTML document with all that the report says of the champion, whose manifest this is.

    It needs no script and nothing from outside, so it can be mailed, archived, and served under a strict policy.
    """
    said = headline(report, manifest, monitoring)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Newsdesk monitor: version {report.version}"),
        tag("style", STYLE),
    )
    title = tag("h1", f"Newsdesk monitor · version {report.version} · {manifest.model_name}")
    top = tag("header", title, banner(said), _facts(report, manifest))
    body = tag("body", top, tag("main", *_sections(report, manifest, monitoring)), _footer(report, monitoring))
    return document(tag("html", head, body, lang="en"))


def _facts(report: Report, manifest: Manifest) -> Element:
    whole = total(report.windows)
    share = whole.accuracy
    surely = f"{percent(share.low)} to {percent(share.high)}" if share else _only_bound(whole)
    facts = [
        ("Accuracy by feedback", percent(share.share if share else None), surely),
        ("Estimated accuracy", percent(whole.estimated), "by calibrated confidence and corrections"),
        ("Test accuracy", percent(report.test_accuracy), f"trained {moment(manifest.trained_at)}"),
        ("Predictions", f"{whole.predictions:,}", f"{whole.texts:,} different texts"),
        ("With feedback", percent(whole.coverage), f"{whole.labelled:,} texts"),
        ("New labels", f"{report.decision.new_labels:,}", "since the last training"),
    ]
    boxes = [
        tag("div", tag("dt", name), tag("dd", value), tag("dd", note, class_="note")) for name, value, note in facts
    ]
    return tag("dl", *boxes, class_="facts")


def _only_bound(whole: Performance) -> str:
    return f"at most {percent(whole.at_most.share)}: corrections alone" if whole.at_most else "no usable feedback yet"


def _sections(report: Report, manifest: Manifest, monitoring: Monitoring) -> list[Element]:
    scores = drifting.scores_over_time(report, monitoring)
    others = traffic.others(report)
    sections = [
        _section("decision", "Retraining", tag("p", what_to_do(report), class_="card")),
        _section(
            "accuracy",
            "Accuracy",
            quality.notes(report),
            quality.accuracy(report, monitoring),
            _grid(quality.per_category(report), quality.confidence(report, manifest, monitoring)),
        ),
        _section(
            "drift",
            "Drift",
            drifting.newest_report(report, monitoring),
            _grid(*scores, size="grid small") if scores else None,
            *drifting.earlier_reports(report),
        ),
        _section(
            "predictions",
            "Predictions",
            _grid(
                traffic.predictions(report, monitoring),
                quality.categories(report, manifest),
            ),
        ),
        _section("feedback", "Feedback", traffic.labels(report)),
        _section("versions", "Versions and arms", others) if others is not None else None,
        _section("periods", "Days and windows", traffic.periods(report)),
    ]
    return [section for section in sections if section is not None]


def _section(name: str, heading: str, *content: Element | None) -> Element:
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name)


def _grid(*charts: Element, size: str = "grid") -> Element:
    return tag("div", *charts, class_=size)


def _footer(report: Report, monitoring: Monitoring) -> Element:
    looked_at = f"{monitoring.look_back} windows of {duration(monitoring.window)}"
    return tag(
        "footer",
        tag("p", f"As of the pass that ended {moment(report.at)}, over the newest {looked_at}. All times are UTC."),
        tag("p", "Run it again: ", tag("code", "newsdesk monitor --html monitor.html")),
        tag("p", "Model ", tag("code", report.digest)),
    )
