"""`newsdesk evaluate` and `newsdesk models compare`: registered versions, measured on the same articles."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.dataset import DatasetContents, write_dataset
from newsdesk.articles.story import story_key
from newsdesk.cli.app import app
from newsdesk.config.model_config import TextCleaning
from newsdesk.errors import DataError, NewsdeskError, UsageError
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.significance import proportion
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.training.evaluation import evaluate
from tests.builders import sample_rows, write_csv
from tests.stack.running import fitted
from tests.unit.registry.shelf import Shelf
from tests.unit.store.rows import NOON

LEARNT = 10  # articles of each category
ALPHAS = {"1": 0.1, "2": 50.0}
NEW = [row for row in sample_rows(30) if row["id"] not in {row["id"] for row in sample_rows(LEARNT)}]


@pytest.fixture
def home(shelf: Shelf) -> Path:
    """Two versions, the second in charge, and the dataset that both learnt from, with a test set."""
    for alpha in ALPHAS.values():
        shelf.put(fitted(alpha)[1])
    shelf.client.set_registered_model_alias("news-classifier", "champion", "2")
    articles = {
        split: [(story_key(article), article) for article in (LabelledArticle(**row) for row in rows)]
        for split, rows in (("train", sample_rows(LEARNT)), ("validation", []), ("test", NEW))
    }
    contents = DatasetContents(articles, [], 0.2, 0.2, 42, TextCleaning())  # type: ignore[arg-type]
    dataset = write_dataset(shelf.settings.home / "datasets", contents, source="a test", now=NOON)
    dataset.folder.rename(shelf.settings.home / "datasets" / "test")
    return shelf.settings.home


def ask(home: Path, *arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments, env={"NEWSDESK_HOME": str(home), "NEWSDESK_CONFIG_DIR": "configs"})
    if isinstance(done.exception, NewsdeskError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def told(home: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(home, *arguments, "--json").stdout)
    return found


def answers_of(number: str, rows: list[dict[str, str]]) -> list[str]:
    texts = [join_title_and_text(row["title"], row["text"]) for row in rows]
    return [answer.category for answer in Predictor(fitted(ALPHAS[number])[1]).predict_many(texts)]


def test_the_champion_is_measured_on_its_test_set(home: Path) -> None:
    found = told(home, "evaluate")
    (version,) = found["versions"]
    expected = evaluate([row["category"] for row in NEW], answers_of("2", NEW))
    share = proportion(int(expected.confusion.trace()), len(NEW))
    assert share is not None
    assert (version["version"], version["articles"], version["learnt"]) == ("2", len(NEW), 0)
    assert version["accuracy"] == vars(share)
    assert version["metrics"] == expected.metrics()
    assert version["baseline"]["accuracy"] == pytest.approx(expected.baseline[1])
    assert version["per_category"].keys() == expected.per_class.keys()


@pytest.mark.parametrize("number", ["1", "2"])
def test_any_version_is_measured_on_a_table(number: str, home: Path, tmp_path: Path) -> None:
    """Categories that differ by case alone are those of the model; of repeats one is measured on."""
    rows = [row | {"category": row["category"].upper()} for row in [*NEW, NEW[0]]]
    data = str(write_csv(tmp_path / "test.csv", rows))
    found = told(home, "evaluate", "--data", data, "--version", number)
    expected = evaluate([row["category"] for row in NEW], answers_of(number, NEW))
    assert found["test_set"] == {"name": data, "articles": len(NEW), "set_aside": 1}
    assert found["versions"][0]["metrics"] == expected.metrics()
    people = ask(home, "evaluate", "--data", data, "--version", number).stdout
    assert f"Measured on {len(NEW)} articles of {data}; not used or repeating others: 1 row." in people
    assert f"(always {expected.baseline[0]}: {expected.baseline[1]:.2f})" in people


def test_it_is_told_what_a_version_learnt_from_and_what_it_cannot_know(home: Path, tmp_path: Path) -> None:
    weather = {"id": "w", "title": "Storm", "text": "Clouds and heavy rain over the coast.", "category": "weather"}
    data = str(write_csv(tmp_path / "test.csv", [*sample_rows(LEARNT)[:12], *NEW[:5], weather]))
    found = told(home, "evaluate", "--data", data)
    assert (found["versions"][0]["learnt"], found["versions"][0]["unknown_categories"]) == (12, ["weather"])
    people = ask(home, "evaluate", "--data", data).stdout
    assert "Version 2 learnt from 12 of these articles: its figures flatter it." in people
    assert "Version 2 does not know weather: it cannot be right there." in people
    assert "not known" in people


@pytest.mark.parametrize("with_table", [True, False])
def test_two_versions_are_compared_on_the_same_articles_in_either_order(
    with_table: bool, home: Path, tmp_path: Path
) -> None:
    on = ["--data", str(write_csv(tmp_path / "test.csv", NEW))] if with_table else []
    found, turned = told(home, "models", "compare", "1", "2", *on), told(home, "models", "compare", "2", "1", *on)
    truth = [row["category"] for row in NEW]
    accuracies = {number: evaluate(truth, answers_of(number, NEW)).accuracy for number in ALPHAS}
    assert {one["version"]: one["accuracy"]["share"] for one in found["versions"]} == accuracies
    (pair,), (other,) = found["pairs"], turned["pairs"]
    assert pair["gain"] == pytest.approx(accuracies["2"] - accuracies["1"])
    assert (pair["gain"], pair["low"], pair["high"]) == pytest.approx((-other["gain"], -other["high"], -other["low"]))
    people = ask(home, "models", "compare", "1", "2", *on).stdout
    assert "On the same articles" in people
    assert pair["conclusion"] in people.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["models", "compare"], "Name two versions or more"),
        (["models", "compare", "1"], "Name two versions or more"),
        (["models", "compare", "1", "1"], "each once"),
        (["models", "compare", "1", "2", "--live"], "Leave out --live"),
        (["evaluate", "--plan", "3f9c2a1b", "--version", "1"], "Leave out --plan"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_said(arguments: list[str], sentence: str, home: Path) -> None:
    with pytest.raises(UsageError, match=sentence):
        ask(home, *arguments)


def test_without_the_dataset_a_table_is_asked_for(home: Path) -> None:
    (home / "datasets" / "test").rename(home / "datasets" / "gone")
    with pytest.raises(DataError, match="--data FILE"):
        ask(home, "evaluate")


def test_accuracies_on_different_test_sets_are_marked_and_those_on_one_stand_together(home: Path, shelf: Shelf) -> None:
    assert "cannot be compared" not in ask(home, "models", "list").stdout
    shelf.client.set_model_version_tag("news-classifier", shelf.put(fitted(1.0)[1]), "dataset_version", "other")
    shelf.put(fitted(2.0)[1])
    people = ask(home, "models", "list").stdout
    rows = [line.split() for line in people.splitlines() if line.split()[:1] and line.split()[0].isdecimal()]
    assert [row[0] for row in rows] == ["4", "2", "1", "3"]
    marks = [next(cell for cell in row if cell in ("A", "B")) for row in rows]
    assert marks == ["A", "A", "A", "B"]
    assert "Accuracies on different test sets cannot be compared" in people
