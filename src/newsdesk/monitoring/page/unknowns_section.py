"""What is not known yet, and what it takes to know it: said in one place, not by empty boxes."""

from collections.abc import Iterator

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.page.formatting import duration, percent
from newsdesk.monitoring.page.window_totals import newest_judged, total
from newsdesk.monitoring.page.worse_section import NEEDED
from newsdesk.monitoring.report import Report
from newsdesk.monitoring.significance import ENOUGH

_MAX_NAMED = 5  # categories in a sentence


def unknowns(report: Report, manifest: BundleManifest, monitoring: Monitoring) -> list[str]:
    """Sentences, none where all is known."""
    return [
        *_unknown_accuracy(report),
        *_unknown_change(report),
        *_unknown_categories(report),
        *_unknown_drift(report, manifest, monitoring),
    ]


def _unknown_accuracy(report: Report) -> Iterator[str]:
    overall = total(report.windows)
    if overall.accuracy is None and overall.at_most:
        yield (
            f"Accuracy: editors corrected {overall.wrong:,} of {overall.texts:,} texts and confirmed hardly any: it is "
            f"at most {percent(overall.at_most.share)}. "
            "How high it is can be told once they confirm right answers, too."
        )
    elif overall.accuracy is None:
        yield "Accuracy: no prediction shown here has usable feedback yet. Editors give it with POST /feedback."
    elif overall.accuracy.of < ENOUGH:
        yield f"Accuracy: {overall.accuracy.of} reviewed texts are too few to tell it. It is told from {ENOUGH} on."


def _unknown_change(report: Report) -> Iterator[str]:
    if report.change and not report.change.is_known:
        yield f"What got worse: too few labels to tell. {NEEDED}"


def _unknown_categories(report: Report) -> Iterator[str]:
    new = [name for name, figures in total(report.windows).per_class.items() if not figures.is_known]
    if new:
        names = ", ".join(new[:_MAX_NAMED]) + (" and more" if len(new) > _MAX_NAMED else "")
        yield f"The model does not know {names}: it cannot be right there, and learns them by a retraining."


def _unknown_drift(report: Report, manifest: BundleManifest, monitoring: Monitoring) -> Iterator[str]:
    if manifest.profile is None:
        yield "Drift: the champion has no reference profile. Train anew: newsdesk run."
    elif newest_judged(report) is None:
        yield (
            f"Drift: no window of {duration(monitoring.window)} that ended has {monitoring.min_texts:,} texts. Wait, "
            "or set a longer monitoring.window or a smaller monitoring.min_texts in configs/pipeline_config.yaml."
        )
