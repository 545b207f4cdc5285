"""One feedback key does not decide what serves: attacks on retraining are refused, and honest corrections are heard."""

import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import uuid4

import pytest

from newsdesk.articles.dataset import read_articles, read_dataset, read_guard
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.retrain import RetrainRequest, RetrainResult, retrain
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion import find_champion
from newsdesk.sample import CATEGORIES
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.ledger import entries
from newsdesk.store.records import Feedback, text_digest
from tests.builders import sample_rows, settings_in, write_csv

LEARNT = 25  # articles of each category
PIPELINE = "training_pipeline: {auto_deploy_threshold: 0.2}"
ATTACK = 360  # wrong labels: about three for every article of the dataset


@dataclass(frozen=True)
class Said:
    """What one key says of a text, which is kept."""

    text: str
    category: str
    key: str = "stolen"
    editor: str = "mallory"
    days_ago: float = 0
    trusted: bool = False

    def feedback(self) -> Feedback:
        vouched = {"trusted": True} if self.trusted else {}
        return Feedback(
            id=str(uuid4()),
            at=datetime.now(UTC) - timedelta(days=self.days_ago),
            category=self.category,
            editor=self.editor,
            text_digest=text_digest(self.text),
            text=self.text,
            caller=self.key,
            **vouched,
        )


@dataclass(frozen=True)
class Newsroom:
    folder: Path

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    def say(self, said: Iterable[Said]) -> None:
        store = open_store(self.settings.database)
        for one in said:
            record_feedback(store, one.feedback())
        store.dispose()

    def retrain(self, data: Path | None = None) -> RetrainResult:
        return retrain(RetrainRequest("a tester", data=data), self.settings, NoProgress())

    def accuracy(self) -> float:
        """Of the champion, on articles of which nobody speaks."""
        predictor = Predictor(find_champion(self.settings).bundle)
        rows = unseen()
        answers = predictor.predict_many([row["text"] for row in rows])
        return sum(said.category == row["category"] for said, row in zip(answers, rows, strict=True)) / len(rows)

    @property
    def version(self) -> str:
        return find_champion(self.settings).version


def briefs(per_category: int) -> list[dict[str, str]]:
    """The first articles of every category, cut to headline and first sentence: hard enough that much can be learnt."""
    return [
        {**row, "text": re.split(r"(?<=[.!?]) ", row["text"])[0], "rest": row["text"]}
        for row in sample_rows(per_category)
    ]


def learnt() -> list[dict[str, str]]:
    return [{name: row[name] for name in ("id", "title", "text", "category")} for row in briefs(LEARNT)]


def others() -> list[dict[str, str]]:
    """Articles that were not learnt from, of which somebody may speak."""
    known = {row["id"] for row in learnt()}
    return [row for row in briefs(140) if row["id"] not in known]


def unseen() -> list[dict[str, str]]:
    """Articles of which nobody speaks."""
    known = {row["id"] for row in sample_rows(140)}
    return [row for row in briefs(200) if row["id"] not in known]


def sentences() -> list[tuple[str, str]]:
    """Short texts with their category, of all categories in turn."""
    by_category = [
        [
            (sentence, category)
            for row in others()
            if row["category"] == category
            for sentence in re.split(r"(?<=[.!?]) ", row["rest"])
            if len(sentence) > 40
        ]
        for category in CATEGORIES
    ]
    return [pair for pairs in zip(*by_category, strict=False) for pair in pairs]


def wrong(category: str) -> str:
    """Always the same other category, such that a model can learn it."""
    return CATEGORIES[(CATEGORIES.index(category) + 1) % len(CATEGORIES)]


def unsure(predictor: Predictor, count: int) -> list[tuple[str, str]]:
    """Texts of which the model is unsure, so that nothing tells who is wrong about them."""
    return list(islice((pair for pair in sentences() if predictor.predict(pair[0]).confidence < 0.85), count))


def at_once(predictor: Predictor) -> list[Said]:
    return [Said(text, wrong(category)) for text, category in unsure(predictor, ATTACK)]


def slow(predictor: Predictor) -> list[Said]:
    """A few a day, for a month."""
    return [
        Said(text, wrong(category), days_ago=30 - number % 30)
        for number, (text, category) in enumerate(unsure(predictor, ATTACK))
    ]


def many_names(predictor: Predictor) -> list[Said]:
    """As twenty editors, of whom three share every text."""
    said = unsure(predictor, ATTACK // 2)
    return [
        Said(text, wrong(category), editor=f"editor {(number + other) % 20}")
        for number, (text, category) in enumerate(said)
        for other in range(3)
    ]


def flattering_first(predictor: Predictor) -> list[Said]:
    """Confirms what the model is surest of, then contradicts what it is unsure of."""
    surest = sorted(others(), key=lambda row: -predictor.predict(row["text"]).confidence)[:15]
    confirmed = [Said(row["text"], predictor.predict(row["text"]).category, days_ago=1) for row in surest]
    return confirmed + at_once(predictor)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsroom")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.1}}")
    (folder / "configs" / "pipeline_config.yaml").write_text(PIPELINE)
    run(ArticleSource(write_csv(folder / "articles.csv", learnt())), settings_in(folder), "a tester", NoProgress())
    return folder


@pytest.fixture
def newsroom(trained: Path, tmp_path: Path) -> Newsroom:
    return Newsroom(Path(shutil.copytree(trained, tmp_path / "newsroom")))


@pytest.mark.parametrize("attack", [at_once, slow, many_names, flattering_first])
def test_an_attack_by_one_key_neither_serves_nor_enters_what_decides(
    attack: Callable[[Predictor], Sequence[Said]], newsroom: Newsroom
) -> None:
    before, champion = newsroom.accuracy(), find_champion(newsroom.settings).bundle
    old = read_dataset(newsroom.settings.datasets / champion.manifest.dataset_version)
    newsroom.say(attack(Predictor(champion)))
    done = newsroom.retrain()
    assert done.labels is not None
    assert done.labels.distrusted == ()  # it was believed: what follows must hold without that
    assert done.outcome is not None
    assert done.outcome.judged.verdict.decision in ("kept", "refused")
    assert (newsroom.version, newsroom.accuracy()) == ("1", before)
    new = done.outcome.prepared.dataset
    assert read_articles(new, "test") == read_articles(old, "test")
    of_one_key = [article for article in read_articles(new, "train") if article.id.startswith("feedback-")]
    assert 0 < len(of_one_key) <= 0.3 * sum(new.manifest.counts.values())


def test_two_keys_of_one_person_set_a_test_and_promote_nothing_that_is_worse_without_it(newsroom: Newsroom) -> None:
    said = at_once(Predictor(find_champion(newsroom.settings).bundle))[:120]
    newsroom.say(replace(one, key=key, editor=key) for one in said for key in ("first", "second"))
    done = newsroom.retrain()
    assert done.outcome is not None
    dataset, verdict = done.outcome.prepared.dataset, done.outcome.judged.verdict
    of_both = [article for article in read_articles(dataset, "test") if article.id.startswith("feedback-")]
    assert dataset.manifest.unvouched == len(of_both) > 10
    assert verdict.decision in ("kept", "refused")
    assert "that no feedback has touched it loses" in verdict.reason
    assert newsroom.version == "1"


def test_400_honest_corrections_through_the_key_of_a_cms_raise_accuracy(newsroom: Newsroom) -> None:
    before = newsroom.accuracy()
    newsroom.say(Said(row["text"], row["category"], "cms", "r.burns", trusted=True) for row in others()[:400])
    done = newsroom.retrain()
    assert done.corrected is not None
    assert (done.corrected.added, newsroom.version) == (400, "2")
    assert (before, newsroom.accuracy()) == pytest.approx((0.48, 0.66), abs=0.02)
    found = find_champion(newsroom.settings).bundle.manifest.dataset_version
    guard = read_guard(read_dataset(newsroom.settings.datasets / found))
    assert guard
    assert not [article for article in guard if article.id.startswith("feedback-")]
    evidence = entries(open_store(newsroom.settings.database))[-1].evidence["guard"]
    assert (evidence["articles"], evidence["max_loss"]) == (len(guard), 0.02)
    assert evidence["gain"] > 0
    assert read_dataset(newsroom.settings.datasets / found).manifest.unvouched is None


def test_an_editor_who_only_corrects_teaches_and_sets_no_test(newsroom: Newsroom) -> None:
    """On what the champion got wrong by construction any other model looks better: it would be promoted for that."""
    champion = find_champion(newsroom.settings).bundle
    old, before, predictor = champion.manifest.dataset_version, newsroom.accuracy(), Predictor(champion)
    errors = [row for row in others() if predictor.predict(row["text"]).category != row["category"]]
    assert len(errors) > 250
    newsroom.say(Said(row["text"], row["category"], "cms", "r.burns", trusted=True) for row in errors)
    done = newsroom.retrain()
    assert done.outcome is not None
    new, datasets = done.outcome.prepared.dataset, newsroom.settings.datasets
    assert read_articles(new, "test") == read_articles(read_dataset(datasets / old), "test")
    assert not [article for article in read_articles(new, "validation") if article.id.startswith("feedback-")]
    learnt_from = [article for article in read_articles(new, "train") if article.id.startswith("feedback-")]
    assert len(learnt_from) == len(errors)
    assert newsroom.accuracy() >= before


def test_a_stolen_key_of_a_cms_is_refused_by_the_guard(newsroom: Newsroom) -> None:
    """What it says is in the test set, where the poisoned model is the better one; not in the guard."""
    predictor = Predictor(find_champion(newsroom.settings).bundle)
    newsroom.say(replace(said, key="cms", trusted=True) for said in at_once(predictor))
    done = newsroom.retrain()
    assert done.outcome is not None
    verdict = done.outcome.judged.verdict
    assert verdict.decision == "refused"
    assert "test articles that no feedback has touched it loses" in verdict.reason
    assert "more than training_pipeline.gate.max_loss 0.02" in verdict.reason
    assert newsroom.version == "1"
