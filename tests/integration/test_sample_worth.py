"""What the sample corpus is worth: the default model, trained on it alone, against headlines and news it never saw."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import RunResult, run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.training.calibration import expected_calibration_error
from newsdesk.training.candidate import predict_by_scikit_learn, predict_categories
from newsdesk.training.evaluation import evaluate
from newsdesk.training.fit import clean_examples, fit_classifier, fit_features
from tests.builders import sample_texts, settings_in

FROM_THE_ORIGINAL = {
    "Apple unveils revolutionary new AI chip for machine learning": "technology",
    "Stock market hits record high": "business",
    "Lakers win championship": "sports",
    "New Marvel movie breaks records": "entertainment",
}
EVERYDAY = {
    "business": [
        "Central bank raises interest rates to tackle inflation",
        "Airline profits fall as fuel costs climb",
        "Supermarket chain to cut 2,000 jobs",
        "Oil prices slide on weak demand from China",
        "Carmaker reports record quarterly profit",
        "House prices rise for third month in a row",
        "Dollar falls against the euro and yen",
        "Retail sales slump as shoppers tighten belts",
    ],
    "politics": [
        "Prime minister calls early general election",
        "Senate votes down immigration bill",
        "MPs back new anti-terror law",
        "Opposition leader resigns after election defeat",
        "Parliament rejects budget plan in late-night vote",
        "President names new foreign minister",
        "Labour leads Conservatives in latest opinion poll",
        "Governor vetoes gun control bill",
    ],
    "sports": [
        "Striker scores hat-trick as United reach cup final",
        "England beat Australia to win the Ashes",
        "Top seed knocked out of Wimbledon in first round",
        "Sprinter banned for two years over failed drugs test",
        "Ireland name squad for Six Nations opener",
        "Coach sacked after run of seven defeats",
        "Teenager wins gold medal in Olympic pool",
        "Goalkeeper ruled out for the season with knee injury",
    ],
    "entertainment": [
        "Oscar nominations announced for best picture",
        "Singer tops album chart for fifth week",
        "Horror film sequel leads weekend box office",
        "Band reunites for world tour after ten years",
        "Actress wins Golden Globe for drama series",
        "Comedian to host music awards show",
        "Debut novelist wins top book prize",
        "Soap star to leave show after twenty years",
    ],
    "technology": [
        "Hackers steal passwords of millions of users",
        "New smartphone folds into a tablet",
        "Software update fixes security flaw in web browser",
        "Robot learns to fold laundry by watching videos",
        "Scientists build faster quantum computer",
        "Broadband speeds double in rural areas",
        "Chatbot writes computer code for beginners",
        "Spam e-mail falls for first time in a decade",
    ],
}
NONSENSE = ["zzzz qqqq xxxx wwww vvvv", "qwrtzp", "xkcdq " * 300, "\u65b0\u805e \u0431\u0430\u043d\u043a"]
OTHER_LANGUAGES = [
    "Der Minister trat gestern in Berlin zur\u00fcck",
    "Le ministre des sports a d\u00e9missionn\u00e9 hier \u00e0 Paris apr\u00e8s le vote du budget",
    "El entrenador del club dimiti\u00f3 ayer en Madrid tras perder la final",
    "Il festival del cinema di Venezia apre domani con un film italiano",
    "De regering wil de belasting op software en smartphones verlagen",
]
HEADLINES = FROM_THE_ORIGINAL | {headline: category for category, lines in EVERYDAY.items() for headline in lines}


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The main job with no data and no configuration of one's own."""
    return run(ArticleSource(), settings_in(tmp_path_factory.mktemp("default")), "a tester", NoProgress())


def test_the_sample_corpus_gives_a_model_that_passes_the_gate(default: RunResult) -> None:
    assert default.judged.verdict.decision == "promoted"
    assert default.prepared.quarantined == []


@pytest.mark.parametrize("headline", HEADLINES)
def test_an_everyday_headline_comes_out_right_and_with_confidence(default: RunResult, headline: str) -> None:
    prediction = Predictor(default.trained.bundle).predict(headline)
    assert prediction.category == HEADLINES[headline]
    assert prediction.confidence >= 0.5


@pytest.mark.parametrize("text", NONSENSE)
def test_where_it_knows_no_word_it_says_how_frequent_its_categories_were(default: RunResult, text: str) -> None:
    bundle = default.trained.bundle
    assert bundle.manifest.calibration is not None
    probabilities = Predictor(bundle).predict(text).probabilities
    assert [probabilities[name] for name in bundle.manifest.classes] == bundle.manifest.calibration.prior


@pytest.mark.parametrize("text", OTHER_LANGUAGES)
def test_it_is_not_sure_of_other_languages(default: RunResult, text: str) -> None:
    """A few names and words are like English ones: they may be told, but not believed."""
    assert Predictor(default.trained.bundle).predict(text).confidence < (0.7 if "Minister" in text else 0.9)


def test_it_is_certain_of_nothing_that_a_person_may_ask(default: RunResult) -> None:
    predictor = Predictor(default.trained.bundle)
    for text in HEADLINES:
        assert predictor.predict(text).confidence < 0.99
    texts, _ = sample_texts(per_category=1000)
    assert predictor.predict_proba(texts).max() < 0.9999


def test_the_corpus_is_neither_noise_nor_a_giveaway(default: RunResult) -> None:
    """Five-fold cross-validation of the default model inside the corpus."""
    config, name = ModelConfig(), default.trained.winner.name
    texts, categories = sample_texts(per_category=1000)
    hits = 0
    for train, test in StratifiedKFold(n_splits=5, shuffle=True, random_state=0).split(texts, categories):
        learnt = Examples([texts[i] for i in train], [categories[i] for i in train])
        features = fit_features(clean_examples(learnt, config), config)
        fitted = fit_classifier(name, config, features, seed=0)
        predicted = predict_by_scikit_learn(fitted, config.preprocessing.text_cleaning)([texts[i] for i in test])
        hits += sum(predicted[place] == categories[i] for place, i in enumerate(test))
    assert 0.85 <= hits / len(texts) <= 0.99


def test_the_default_model_sorts_real_news_that_it_never_saw(default: RunResult, shared_data: Path) -> None:
    truth, texts = bbc(shared_data, title_only=False)
    assert evaluate(truth, predict_categories(Predictor(default.trained.bundle), texts)).accuracy >= 0.87


@pytest.mark.parametrize(("title_only", "largest_error"), [(True, 0.08), (False, 0.035)])
def test_its_confidence_on_real_news_that_it_never_saw_is_about_its_accuracy(
    default: RunResult, shared_data: Path, title_only: bool, largest_error: float
) -> None:
    truth, texts = bbc(shared_data, title_only=title_only)
    predictor = Predictor(default.trained.bundle)
    probabilities = predictor.predict_proba(texts)
    right = np.array([predictor.classes[i] for i in probabilities.argmax(axis=1)]) == np.array(truth)
    assert expected_calibration_error(probabilities.max(axis=1), right, bins=15) <= largest_error


def bbc(shared_data: Path, *, title_only: bool) -> tuple[list[str], list[str]]:
    """The categories, as the sample names them, and the texts."""
    named = {"sport": "sports", "tech": "technology"}
    with (shared_data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [row["title"] if title_only else join_title_and_text(row["title"], row["text"]) for row in rows]
    return [named.get(row["category"], row["category"]) for row in rows], texts
