"""Go through the prediction log once, window by window, and count."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine

from newsdesk.monitoring.bloom_filter import BloomFilter, digest_numbers
from newsdesk.monitoring.window_counts import WindowCounts
from newsdesk.store.prediction_scan import PredictionColumns, scan
from newsdesk.text.language import UNKNOWN

_SHADOW = "shadow"
MOST_SAMPLED = 2000  # texts of a window whose words are looked at


class AnswerSource(NamedTuple):
    """Who answered: a model, in an arm ("" outside of experiments)."""

    digest: str
    version: str
    arm: str


class LabelledPrediction(NamedTuple):
    """An answer to a text that has feedback."""

    text_digest: str
    category: str
    confidence: float
    digest: str


class SampledText(NamedTuple):
    """What the log keeps of some texts."""

    known_share: float
    language: str
    terms: str


@dataclass
class CountedWindow:
    """What one source answered in one window. `sample` is by the number of the text."""

    tally: WindowCounts = field(default_factory=WindowCounts)
    judgeable: list[LabelledPrediction] = field(default_factory=list)
    sample: dict[int, SampledText] = field(default_factory=dict)


def window_starts(now: datetime, seconds: int, count: int) -> list[datetime]:
    """The starts of the newest `count` windows up to the one that `now` is in, oldest first; whole since 1970."""
    newest = int(now.timestamp()) // seconds * seconds
    return [datetime.fromtimestamp(newest - i * seconds, UTC) for i in reversed(range(count))]


def count_window(
    store: Engine, start: datetime, seconds: int, with_feedback: Collection[str]
) -> dict[AnswerSource, CountedWindow]:
    """Count what was answered in the `seconds` from `start` on. Memory does not grow with the predictions.

    A text counts once for each model, also where an experiment began or ended in between: in the arm in which that
    model answered it first. Answers in the shadow, which nobody heard, count for themselves.
    """
    counted: dict[AnswerSource, CountedWindow] = {}
    filters: dict[AnswerSource, BloomFilter] = {}
    for columns in scan(store, start, start + timedelta(seconds=seconds)):
        for source, rows in _group_by_source(columns):
            seen_texts = filters.setdefault(_model_source(source), BloomFilter())
            _count_rows(counted.setdefault(source, CountedWindow()), seen_texts, rows, with_feedback)
    _sample_once(counted)
    for window in counted.values():
        sample = window.sample.values()
        window.tally.count_sampled(np.array([text.known_share for text in sample]), [text.language for text in sample])
    return counted


def _model_source(source: AnswerSource) -> AnswerSource:
    return source if source.arm == _SHADOW else source._replace(arm="")


def _sample_once(counted: dict[AnswerSource, CountedWindow]) -> None:
    """Leave each text in the sample of one arm of a model alone."""
    sampled: dict[AnswerSource, set[int]] = {}
    for source, window in counted.items():
        before = sampled.setdefault(_model_source(source), set())
        for number in before & window.sample.keys():
            del window.sample[number]
        before.update(window.sample)


def _group_by_source(columns: PredictionColumns) -> Iterator[tuple[AnswerSource, PredictionColumns]]:
    sources = list(zip(columns.digest, columns.model_version, columns.arm, strict=True))
    different = dict.fromkeys(sources)  # in the order in which they first answered
    for digest, version, arm in different:
        rows = columns
        if len(different) > 1:
            own = [i for i, source in enumerate(sources) if source == (digest, version, arm)]
            rows = PredictionColumns(*(tuple(map(column.__getitem__, own)) for column in columns))  # type: ignore[arg-type]
        yield AnswerSource(digest, version, arm or ""), rows


def _count_rows(
    window: CountedWindow, seen_texts: BloomFilter, rows: PredictionColumns, with_feedback: Collection[str]
) -> None:
    window.tally.predictions += len(rows.category)
    numbers = digest_numbers(rows.text_digest)
    new = np.flatnonzero(seen_texts.add_new(numbers)).tolist()
    confidence = np.array(rows.confidence, dtype=np.float64)[new]
    text_length = np.array(rows.text_length, dtype=np.int64)[new]
    window.tally.count([rows.category[i] for i in new], confidence, text_length)
    if with_feedback:
        window.judgeable += [
            LabelledPrediction(rows.text_digest[i], rows.category[i], rows.confidence[i], rows.digest[i])
            for i in new
            if rows.text_digest[i] in with_feedback
        ]
    for i, known_share in enumerate(rows.known_share):
        if known_share is not None:
            sampled = SampledText(known_share, rows.language[i] or UNKNOWN, rows.terms[i] or "")
            window.sample[int(numbers[i])] = sampled
    # Those with the smallest numbers: whatever the order of the texts, each is as likely to stay.
    for number in sorted(window.sample)[MOST_SAMPLED:]:
        del window.sample[number]
