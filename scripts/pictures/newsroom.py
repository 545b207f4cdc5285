"""A newsroom to take pictures of: a model trained on a part of the sample corpus, and a replay of the rest.

Predictions and feedback go into a real store, and a real monitoring pass looks at them; only the clock is made up, for
nobody waits a month. In the last days more and more politics comes that the model takes for business.
"""

import csv
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.monitor import MonitoringOptions, MonitoringResult, monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.registry.champion import find_champion
from newsdesk.sample import CATEGORIES, SampleArticle, read_articles
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Feedback, PredictionRecord, text_digest
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.language import guess_language

_LEARNT = 100  # articles of each category; the others are what is predicted
_REVIEWED = 0.2  # share of the texts of which an editor says what they are
_BAD = timedelta(days=6)  # at the end of a long time
_LEAST = 60  # characters of such news
_MIXED_UP = 0.12  # share of the texts then
_PIPELINE = "monitoring: {{window: {window}, look_back: {look_back}, min_texts: 100}}\n"
# The second one is better, and is registered as the second version.
_MODELS = ("models: {naive_bayes: {alpha: 1.0}}\n", "models: {logistic_regression: {C: 10.0}}\n")


class _Story(NamedTuple):
    """A text with its right category, and the model's answer to it, as the prediction log keeps it."""

    text: str
    category: str
    answer: PredictionRecord


@dataclass(frozen=True)
class Newsroom:
    """`folder` holds its home and its configuration."""

    folder: Path

    @classmethod
    def trained(cls, folder: Path) -> "Newsroom":
        newsroom = cls(folder)
        (folder / "configs").mkdir()
        with (folder / "articles.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "title", "text", "category"])
            for category in CATEGORIES:
                for article in [*read_articles(category)][:_LEARNT]:
                    writer.writerow([article.id, article.title, article.text, category])
        for models in _MODELS:
            (folder / "configs" / "model_config.yaml").write_text(models, "utf-8")
            newsroom.newsdesk("run", "--data", str(folder / "articles.csv"), "--no-serve")
        return newsroom

    @property
    def settings(self) -> Settings:
        paths = {"NEWSDESK_HOME": str(self.folder / "var"), "NEWSDESK_CONFIG_DIR": str(self.folder / "configs")}
        return Settings.model_validate(paths | {"NEWSROOM_NAME": "Morning Post"})

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | self.settings.environment_variables()

    def newsdesk(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("newsdesk")), *arguments]
        told = self.environment | environment
        return subprocess.run(command, env=told, capture_output=True, text=True, check=True)


@cache
def replayed(
    newsroom: Newsroom, age: timedelta, window: timedelta, look_back: int, texts: int
) -> tuple[Newsroom, MonitoringResult]:
    """A copy of it at that age of its champion, with so many texts in each window, and what monitoring finds."""
    copy = Newsroom(newsroom.folder / f"after {age}")
    for name in ("var", "configs"):
        shutil.copytree(newsroom.folder / name, copy.folder / name)
    seconds = int(window.total_seconds())
    pipeline = _PIPELINE.format(window=seconds, look_back=look_back)
    (copy.folder / "configs" / "pipeline_config.yaml").write_text(pipeline, "utf-8")
    champion = find_champion(copy.settings)
    begin = champion.bundle.manifest.trained_at.timestamp() // seconds * seconds + seconds
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (begin, begin + age.total_seconds()))
    predictor = Predictor(champion.bundle)
    articles = [*_stories(predictor, champion.version, _whole)]
    short = _stories(predictor, champion.version, _in_brief)
    mixed_up = [story for story in short if (story.category, story.answer.category) == ("politics", "business")]
    chance = random.Random(2026)  # noqa: S311 - of no secret
    store = open_store(copy.settings.database)
    while start < end:
        is_bad = age > 2 * _BAD and start >= end - _BAD
        passed = min(1.0, (end - start) / window)
        count = round(texts * passed)
        odd = chance.sample(mixed_up, min(len(mixed_up), round(count * _MIXED_UP))) if is_bad else []
        drawn = [_as_sent(story, chance) for story in [*chance.choices(articles, k=count - len(odd)), *odd]]
        moments = [start + window * passed * chance.random() for _ in drawn]
        answers = [story.answer._replace(at=at) for story, at in zip(drawn, moments, strict=True)]
        insert_predictions(store, answers)
        for story, answer in zip(drawn, answers, strict=True):
            if chance.random() < _REVIEWED and end - start > window / 2:
                record_feedback(store, _said_of(story, answer, chance.choice(("r.burns", "m.diaz"))))
        start += window
    store.dispose()
    return copy, monitor(copy.settings, NoProgress(), MonitoringOptions(with_examples=True, clock=lambda: end))


def _whole(article: SampleArticle) -> list[str]:
    return [join_title_and_text(article.title, article.text)]


def _in_brief(article: SampleArticle) -> list[str]:
    """As news in a sentence."""
    sentences = " ".join(article.text.split()).split(". ")
    return [article.title, *(sentence.rstrip(".") + "." for sentence in sentences if len(sentence) > _LEAST)]


def _stories(predictor: Predictor, version: str, texts_of: Callable[[SampleArticle], list[str]]) -> Iterator[_Story]:
    """What the model did not learn from."""
    for category in CATEGORIES:
        for article in [*read_articles(category)][_LEARNT:]:
            for text in texts_of(article):
                said, traits = predictor.predict(text), predictor.text_stats(text)
                answer = PredictionRecord(
                    id="",
                    at=datetime.now(UTC),
                    model_version=version,
                    digest=predictor.bundle.digest,
                    category=said.category,
                    confidence=said.confidence,
                    text_length=len(text),
                    text_digest=text_digest(text),
                    duration_ms=1.0,
                    known_share=traits.known_share,
                    language=guess_language(text),
                    terms=traits.terms,
                )
                yield _Story(text, category, answer)


def _as_sent(story: _Story, chance: random.Random) -> _Story:
    """With a number that makes it a text of its own, and tells the model nothing."""
    number = chance.getrandbits(128)
    text = f"{story.text} ({number % 10_000})"
    return story._replace(
        text=text, answer=story.answer._replace(id=str(UUID(int=number)), text_digest=text_digest(text))
    )


def _said_of(story: _Story, answer: PredictionRecord, editor: str) -> Feedback:
    return Feedback(
        id=answer.id,
        at=answer.at,
        category=story.category,
        editor=editor,
        prediction_id=answer.id,
        text_digest=answer.text_digest,
        text=story.text,
        caller="cms",
    )
