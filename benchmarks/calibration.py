"""How far confidence can be believed: models on the news of other houses, whole, as first sentence and as headline."""

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.main_job import run_main_job
from benchmarks.tables import markdown
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.sample import CATEGORIES, read_articles
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.training.calibration import expected_calibration_error
from newsdesk.training.text_excerpts import first_sentence

_MOST = 4000  # texts of one house, evenly spread
_SURE = 0.9

# What each house calls the subjects that others have as well. What has no subject here is asked of no other model, and
# given as an answer it is wrong.
SUBJECTS: dict[str, dict[str, str]] = {
    "sample": {name: name for name in CATEGORIES},
    "BBC": {
        "business": "business",
        "entertainment": "entertainment",
        "politics": "politics",
        "sport": "sports",
        "tech": "technology",
    },
    "AG": {"Business": "business", "Sci/Tech": "technology", "Sports": "sports", "World": "world"},
    "HuffPost": {
        "BUSINESS": "business",
        "ENTERTAINMENT": "entertainment",
        "MONEY": "business",
        "POLITICS": "politics",
        "SCIENCE": "technology",
        "SPORTS": "sports",
        "TECH": "technology",
        "THE WORLDPOST": "world",
        "WORLD NEWS": "world",
        "WORLDPOST": "world",
    },
}
FILES = {"BBC": "bbc_news.csv", "AG": "ag_news.csv", "HuffPost": "huffpost_42.csv"}


@dataclass(frozen=True)
class Article:
    """An article of a house, and its subject."""

    title: str
    text: str
    subject: str


FORMS: dict[str, Callable[[Article], str]] = {
    "article": lambda article: join_title_and_text(article.title, article.text),
    "first sentence": lambda article: first_sentence(article.text),
    "headline": lambda article: article.title,
}


def report(data: Path) -> str:
    rows = []
    for model in SUBJECTS:
        predictor = _trained(data, model)
        for house in SUBJECTS:
            if house != model:
                rows += [(model, house, *figures) for figures in _asked(predictor, model, list(_articles(data, house)))]
    return (
        "## Confidence on other news (`python -m benchmarks calibration`)\n\n"
        "The models that `newsdesk run` trains on the sample corpus, BBC, AG and HuffPost (42 categories) with the "
        f"shipped logistic regression, asked about up to {_MOST:,} articles of each other's on subjects that both "
        "know, whole, by their first sentence after the title, and by their headline where there is a separate one. "
        "Which category is which subject stands in `benchmarks/calibration.py`. ECE: expected calibration error over "
        f"15 equal bins. The last column is the share of the wrong answers that were given with a confidence above "
        f"{_SURE}.\n\n"
        + markdown(
            ("model", "asked about", "by", "texts", "accuracy", "mean confidence", "ECE", f"wrong above {_SURE}"), rows
        )
    )


def _asked(predictor: Predictor, model: str, articles: list[Article]) -> Iterator[tuple[str, ...]]:
    subjects = sorted(set(SUBJECTS[model].values()))
    known = [article for article in articles if article.subject in subjects]
    number = np.array([_number(subjects, SUBJECTS[model].get(name)) for name in predictor.classes])
    for form, write in FORMS.items():
        asked = [(write(article), subjects.index(article.subject)) for article in known if write(article)]
        if not asked:
            continue
        probabilities = predictor.predict_proba([text for text, _ in asked])
        confidence = probabilities.max(axis=1)
        right = number[probabilities.argmax(axis=1)] == np.array([subject for _, subject in asked])
        error, wrong = expected_calibration_error(confidence, right), confidence[~right]
        yield (
            form,
            f"{len(asked):,}",
            f"{right.mean():.3f}",
            f"{confidence.mean():.3f}",
            f"{error:.3f}",
            f"{(wrong > _SURE).mean() if len(wrong) else 0:.1%}",
        )


def _number(subjects: list[str], subject: str | None) -> int:
    return -1 if subject is None else subjects.index(subject)


def _articles(data: Path, house: str) -> Iterator[Article]:
    if house == "sample":
        for category in CATEGORIES:
            for article in read_articles(category):
                yield Article(article.title, article.text, category)
        return
    with (data / FILES[house]).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] in SUBJECTS[house]]
    for row in rows[:: -(-len(rows) // _MOST)]:
        yield Article(row.get("title") or "", row["text"], SUBJECTS[house][row["category"]])


def _trained(data: Path, house: str) -> Predictor:
    """What the main job makes of the house's articles with the shipped logistic regression, however good it is."""
    with TemporaryDirectory() as folder:
        home, configs = Path(folder) / "var", Path(folder) / "configs"
        configs.mkdir()
        # It wins on each of them, or nearly; the others would take most of the time.
        (configs / "model_config.yaml").write_text("models: {logistic_regression: {C: 1.0, max_iter: 1000}}\n")
        (configs / "pipeline_config.yaml").write_text("training_pipeline: {auto_deploy_threshold: 0.1}\n")
        os.environ["NEWSDESK_CONFIG_DIR"] = str(configs)
        try:
            run_main_job(home, *([] if house == "sample" else ["--data", str(data / FILES[house])]))
        finally:
            del os.environ["NEWSDESK_CONFIG_DIR"]
        champion = read_champion_pointer(home / "bundles")
        assert champion is not None
        return Predictor(load_bundle(home / "bundles" / champion.bundle))
