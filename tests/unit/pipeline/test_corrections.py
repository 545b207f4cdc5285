from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.story import story_key
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import FeedbackLimits, Monitoring
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.corrections import Correction, build_retraining_table, usable_corrections
from newsdesk.pipeline.feedback import labels_in
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.retraining_table import RetrainingTable
from newsdesk.pipeline.table_check import ArticleSource, CheckedTable, check_table
from newsdesk.registry.champion import Champion
from newsdesk.store.feedback import current_feedback, record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from newsdesk.text.cleaning import join_title_and_text
from tests.builders import write_csv
from tests.unit.store.rows import feedback, prediction, store_in

STORY = "The harbour was closed after the storm had torn two ships from their moorings."


def article(text: str = STORY, category: str = "business", title: str = "Storm closes harbour") -> LabelledArticle:
    return LabelledArticle(id="a1", title=title, text=text, category=category)


def correction(category: str, text: str = STORY, *, is_kept: bool = True) -> Correction:
    return Correction(text_digest(text), category, text if is_kept else None)


def corrected(
    corrections: list[Correction], known: list[LabelledArticle], given: CheckedTable | None = None, least: int = 1
) -> RetrainingTable:
    return build_retraining_table(known, given, corrections, TextCleaning(), least)


def categories(result: RetrainingTable) -> list[str]:
    return [found.category for found in result.articles.values()]


def test_a_text_that_is_not_known_is_added() -> None:
    result = corrected([correction("weather")], [])
    (added,) = result.articles.values()
    assert (added.text, added.category, added.title) == (STORY, "weather", "")
    assert (result.added, result.relabelled, result.is_new) == (1, 0, True)


@pytest.mark.parametrize(
    "sent", [STORY, join_title_and_text("Storm closes harbour", STORY), STORY.upper().replace(".", " !")]
)
def test_an_article_that_is_labelled_anew_keeps_all_but_its_category(sent: str) -> None:
    result = corrected([correction("weather", sent)], [article()])
    assert result.articles == {story_key(article()): article(category="weather")}
    assert (result.added, result.relabelled, result.is_new) == (0, 1, True)


def test_an_article_can_be_labelled_anew_though_its_text_was_not_kept() -> None:
    assert categories(corrected([correction("weather", is_kept=False)], [article()])) == ["weather"]


def test_of_what_was_said_of_a_story_the_newest_counts() -> None:
    joined = join_title_and_text("Storm closes harbour", STORY)
    result = corrected([correction("sport", joined), correction("weather")], [article()])
    assert categories(result) == ["weather"]


def test_what_was_known_already_is_nothing_new() -> None:
    result = corrected([correction("business")], [article()])
    assert not result.is_new
    assert str(result) == "1 usable corrections; 0 articles added; 0 relabelled"


def test_texts_that_are_not_kept_are_counted() -> None:
    result = corrected([correction("weather", "Rain all day", is_kept=False)], [article()])
    assert (result.corrections, result.unknown, result.is_new) == (0, 1, False)
    assert "1 more about texts that are not kept (send the text with the feedback, or set STORE_TEXT=true)" in str(
        result
    )


def test_corrections_to_a_category_with_too_few_texts_are_left_out() -> None:
    known = [article(), article("Shares rose on news of the merger of two banks.", title="")]
    said = [correction("wether"), correction("business", "The bank lent more than in any year before.")]
    result = corrected(said, known, least=3)
    assert (categories(result), result.left_out) == (["business"] * 3, {"wether": 1})
    assert str(result).endswith("left out, of categories with too few texts: 'wether' 1")


def test_a_text_that_could_not_be_an_article_is_set_aside() -> None:
    result = corrected([correction("weather", "Rain"), correction(" ", "It rained the whole day.")], [article()])
    assert [row.reasons for row in result.quarantined] == [("text_too_short",), ("missing_category",)]
    assert not result.is_new


def test_a_given_table_is_newer_than_what_is_known_and_older_than_corrections(tmp_path: Path) -> None:
    rows = [
        {"text": STORY, "category": "politics"},
        {"text": "The bank lent more than in any year before.", "category": "business"},
    ]
    given = check_table(ArticleSource(write_csv(tmp_path / "given.csv", rows)), TextCleaning(), NoProgress())
    assert categories(corrected([], [article()], given)) == ["politics", "business"]
    assert categories(corrected([correction("weather")], [article()], given)) == ["weather", "business"]


def read(store: Engine, champion: Bundle, limits: FeedbackLimits = FeedbackLimits()) -> list[Correction]:  # noqa: B008
    monitoring = Monitoring(feedback=limits)
    annotations = current_feedback(store)
    labels = labels_in(store, annotations, Champion("1", champion), monitoring, datetime.now(UTC), NoProgress())
    return usable_corrections(labels, store)


def test_corrections_come_from_the_store_the_oldest_first(tmp_path: Path, first: Bundle) -> None:
    with store_in(tmp_path) as store:
        answer = prediction(text="Rain all day", text_digest=text_digest("Rain all day"))
        insert_predictions(store, [answer])
        record_feedback(store, feedback(prediction_id=answer.id, category="weather"))
        record_feedback(store, feedback(category="sport"))
        found = read(store, first)
    assert {(one.category, one.text) for one in found} == {("weather", "Rain all day"), ("sport", None)}


def test_the_champion_says_who_is_not_to_be_believed_about_texts(tmp_path: Path, first: Bundle) -> None:
    predictor, texts = Predictor(first), ["striker goal league cup match", "bank shares profit market"]
    limits = FeedbackLimits(min_compared=2, confident=0)
    with store_in(tmp_path) as store:
        for text in texts:
            record_feedback(store, feedback(text_digest=text_digest(text), text=text, category="wrong"))
            right = predictor.predict(text).category
            record_feedback(store, feedback(text_digest=text_digest(text), text=text, category=right, editor="Jo"))
        found = read(store, first, limits)
    assert {one.category for one in found} == {predictor.predict(text).category for text in texts}
