"""Several windows as one."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from newsdesk.monitoring.report import ClassFigures, Performance, Report, Window
from newsdesk.monitoring.significance import proportion


def total(windows: Sequence[Window]) -> Performance:
    """How good all predictions of these windows were. A text counts once in each window that it was in."""
    performances = [window.performance for window in windows]
    texts = sum(each.texts for each in performances)
    promised = sum(each.estimated * each.texts for each in performances if each.estimated is not None)
    confidence = sum(each.confidence * each.texts for each in performances if each.confidence is not None)
    shares = [each.accuracy for each in performances if each.accuracy]
    categories: Counter[str] = Counter()
    figures: dict[str, list[ClassFigures]] = defaultdict(list)
    for each in performances:
        categories.update(each.categories)
        for name, class_figures in each.per_class.items():
            figures[name].append(class_figures)
    return Performance(
        predictions=sum(each.predictions for each in performances),
        texts=texts,
        estimated=promised / texts if texts else None,
        accuracy=proportion(sum(share.count for share in shares), sum(share.of for share in shares)),
        per_class={name: _sum(class_figures) for name, class_figures in sorted(figures.items())},
        categories=dict(sorted(categories.items())),
        labelled=sum(each.labelled for each in performances),
        wrong=sum(each.wrong for each in performances),
        confidence=confidence / texts if texts else None,
    )


def newest_judged(report: Report) -> Window | None:
    """The newest window that has ended and had enough texts."""
    judged = (window for window in reversed(report.windows) if window.state != "too_few" and window.end <= report.at)
    return next(judged, None)


def _sum(figures: Sequence[ClassFigures]) -> ClassFigures:
    return ClassFigures(
        sum(each.labelled for each in figures),
        sum(each.predicted for each in figures),
        sum(each.right for each in figures),
        any(each.is_known for each in figures),
    )
