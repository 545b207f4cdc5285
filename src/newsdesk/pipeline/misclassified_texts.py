"""Find texts that show which categories the champion has confused lately."""

from collections import defaultdict

from sqlalchemy import Engine

from newsdesk.articles.category import Spellings
from newsdesk.monitoring.labels import Labels
from newsdesk.monitoring.misclassified_texts import NOT_KEPT, MisclassifiedText, MisclassifiedTexts, Pair
from newsdesk.monitoring.report import Report
from newsdesk.monitoring.report_query import OF_CHAMPION
from newsdesk.pipeline.feedback import Windows
from newsdesk.printable import one_line
from newsdesk.store.feedback_texts import text_beginnings

_MAX_SHOWN = 3  # of each pair
_MAX_CANDIDATES = 30  # of each pair: not each of these needs to be kept
_MAX_LENGTH = 200  # characters
_READ_LENGTH = 2 * _MAX_LENGTH  # so many, for blanks are put together


def find_misclassified_texts(
    store: Engine, report: Report, windows: Windows, labels: Labels, spellings: Spellings, *, is_kept: bool
) -> MisclassifiedTexts:
    """The newest texts of each pair of categories that the report names, the surest answers first. `is_kept`: whether
    texts that come with feedback are kept; those that were kept once are not shown where none are kept any more."""
    if not is_kept:
        return MisclassifiedTexts(why_none=NOT_KEPT)
    candidates = _find_candidates(report, windows, labels, spellings)
    beginnings = text_beginnings(
        store, {digest for examples in candidates.values() for digest in examples}, _READ_LENGTH
    )
    return MisclassifiedTexts(
        {
            pair: tuple(
                example._replace(text=_shorten(beginnings[digest]))
                for digest, example in examples.items()
                if digest in beginnings
            )[:_MAX_SHOWN]
            for pair, examples in candidates.items()
        }
    )


def _find_candidates(
    report: Report, windows: Windows, labels: Labels, spellings: Spellings
) -> dict[Pair, dict[str, MisclassifiedText]]:
    """By text digest, without their texts."""
    examples: dict[Pair, dict[str, MisclassifiedText]] = defaultdict(dict)
    if report.change is None:
        return examples
    confusions = (category.confusion for category in report.change.worse if category.confusion)
    pairs = {(confusion.predicted, confusion.right) for confusion in confusions}
    for (start, source), window in sorted(windows.items(), key=lambda item: item[0], reverse=True) if pairs else ():
        if start < report.change.since or source.digest != report.digest or source.arm not in OF_CHAMPION:
            continue
        for answer in sorted(window.judgeable, key=lambda answer: (-answer.confidence, answer.text_digest)):
            pair = spellings.of(answer.category), labels.categories.get(answer.text_digest, "")
            if pair in pairs and len(examples[pair]) < _MAX_CANDIDATES:
                examples[pair].setdefault(answer.text_digest, MisclassifiedText("", answer.confidence, start))
    return examples


def _shorten(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _MAX_LENGTH else line[: _MAX_LENGTH - 1].rstrip() + "…"
