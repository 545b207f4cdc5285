"""Find texts that show what the champion mixes up lately."""

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

_SHOWN = 3  # of each pair
_LOOKED_FOR = 30  # of each pair: not each of these needs to be kept
_LONGEST = 200  # characters
_READ = 2 * _LONGEST  # so many, for blanks are put together


def find_misclassified_texts(
    store: Engine, report: Report, counted: Windows, labels: Labels, spellings: Spellings, *, is_kept: bool
) -> MisclassifiedTexts:
    """The newest texts of each pair of categories that the report names, the surest answers first. `is_kept`: whether
    texts that come with feedback are kept; those that were kept once are not shown where none are kept any more."""
    if not is_kept:
        return MisclassifiedTexts(why_none=NOT_KEPT)
    candidates = _candidates(report, counted, labels, spellings)
    beginnings = text_beginnings(store, {digest for found in candidates.values() for digest in found}, _READ)
    return MisclassifiedTexts(
        {
            pair: tuple(
                example._replace(text=_shortened(beginnings[digest]))
                for digest, example in found.items()
                if digest in beginnings
            )[:_SHOWN]
            for pair, found in candidates.items()
        }
    )


def _candidates(
    report: Report, counted: Windows, labels: Labels, spellings: Spellings
) -> dict[Pair, dict[str, MisclassifiedText]]:
    """By text digest, without their texts."""
    found: dict[Pair, dict[str, MisclassifiedText]] = defaultdict(dict)
    if report.change is None:
        return found
    confusions = (category.confusion for category in report.change.worse if category.confusion)
    pairs = {(confusion.predicted, confusion.right) for confusion in confusions}
    for (start, source), each in sorted(counted.items(), key=lambda item: item[0], reverse=True) if pairs else ():
        if start < report.change.since or source.digest != report.digest or source.arm not in OF_CHAMPION:
            continue
        for answer in sorted(each.judgeable, key=lambda answer: (-answer.confidence, answer.text_digest)):
            pair = spellings.of(answer.category), labels.categories.get(answer.text_digest, "")
            if pair in pairs and len(found[pair]) < _LOOKED_FOR:
                found[pair].setdefault(answer.text_digest, MisclassifiedText("", answer.confidence, start))
    return found


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"
