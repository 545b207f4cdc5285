"""An article is asked about as it is trained on: with its title, and among its other columns."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.column_mapping import KNOWN_NAMES
from newsdesk.pipeline.known_texts import digests_of
from newsdesk.serving.feedback_schemas import FeedbackRequest
from newsdesk.serving.request_rows import request_row
from newsdesk.serving.schemas import PredictRequest
from newsdesk.store.records import text_digest
from newsdesk.text.cleaning import join_title_and_text
from tests.builders import sample_rows
from tests.integration.api.builders import HEADLINE, MARK, Api, predictor, rows_of, running

LINES = {"Content-Type": "application/x-ndjson"}
TITLE = "Cup final"
WORDS = st.text(st.sampled_from("ab Cup final\n\t.,é’\u00ad") | st.characters(exclude_characters="\0", codec="utf-8"))
LONG = WORDS.map(lambda text: f"{text} champions win the cup {text}")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(tmp_path_factory.mktemp("api"), STORE_TEXT="true") as api:
        yield api


def lines(api: Api, *rows: Any) -> list[dict[str, Any]]:
    content = "".join(json.dumps(row) + "\n" for row in rows)
    response = api.post("/predict/batch", content=content.encode(), headers=LINES)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.splitlines()]


def answers_by_every_way(api: Api, article: dict[str, str]) -> list[dict[str, float]]:
    alone = api.post("/predict", json=article).json()["probabilities"]
    (item,) = api.post("/predict/batch", json={"texts": [article]}).json()["predictions"]
    (line,) = lines(api, article)
    return [alone, item["probabilities"], line["probabilities"]]


@settings(max_examples=60, deadline=None)
@given(title=WORDS, text=LONG)
def test_title_and_text_are_answered_as_training_joins_them(quiet: Api, title: str, text: str) -> None:
    expected = predictor().predict(join_title_and_text(title, text)).probabilities

    for probabilities in answers_by_every_way(quiet, {"title": title, "text": text}):
        assert probabilities == pytest.approx(expected, abs=1e-12)


@given(title=WORDS.filter(str.strip), text=LONG)
def test_an_article_is_known_by_what_corrections_know_it_by(title: str, text: str) -> None:
    article = LabelledArticle(id="1", title=title.strip(), text=text.strip(), category="sports")
    asked = PredictRequest(title=title, text=text).whole
    said = FeedbackRequest(title=title, text=text, category="sports").whole

    assert asked == said == request_row({"title": title, "text": text}).text
    assert text_digest(asked) in digests_of(article.title, article.text)


def test_feedback_about_title_and_text_is_about_the_prediction(tmp_path: Path) -> None:
    article = {"title": TITLE, "text": HEADLINE}
    with running(tmp_path, STORE_TEXT="true") as api:
        api.post("/predict", json=article)
        api.post("/feedback", json={**article, "category": "business"})
        assert api.post("/feedback", json={"prediction_id": "3f2b7c9e-8a4d-4c1e-9b5f-0d6a7e8c9b1a", "title": TITLE,
                                           "category": "business"}).status_code == 400  # fmt: skip
    (predicted,), (given_,) = rows_of(api.settings, "predictions"), rows_of(api.settings, "feedback")
    assert predicted["text_digest"] == given_["text_digest"]
    assert given_["text"] == f"{TITLE}\n\n{HEADLINE}"


def test_an_explanation_is_of_title_and_text(api: Api) -> None:
    with_title = api.post("/explain", json={"title": "Shares fall", "text": HEADLINE}).json()
    whole = api.post("/explain", json={"text": f"Shares fall\n\n{HEADLINE}"}).json()
    assert with_title["terms"] == whole["terms"] != api.post("/explain", json={"text": HEADLINE}).json()["terms"]


def test_title_and_text_must_be_long_enough_together(api: Api) -> None:
    assert api.post("/predict", json={"text": "won"}).json()["code"] == "text_too_short"
    assert api.post("/predict", json={"title": TITLE, "text": "won"}).status_code == 200
    assert api.post("/predict", json={"title": "!!!!!!!!!!", "text": "????"}).json()["code"] == "text_without_words"
    assert api.post("/predict", json={"title": "x" * 10_001, "text": HEADLINE}).status_code == 400


def test_the_very_file_that_one_trains_on_may_be_streamed(api: Api) -> None:
    rows = [row | {"published_at": "2026-01-02", "url": "https://x", "Source": None} for row in sample_rows(3)]
    answers = lines(api, *rows)
    for row, answer in zip(rows, answers, strict=True):
        whole = join_title_and_text(row["title"] or "", row["text"] or "")
        assert answer["probabilities"] == pytest.approx(predictor().predict(whole).probabilities, abs=1e-12)
        assert answer["id"] == row["id"]


@pytest.mark.parametrize("text", KNOWN_NAMES["text"])
@pytest.mark.parametrize("title", KNOWN_NAMES["title"])
def test_columns_are_known_by_all_the_names_that_training_knows(title: str, text: str, quiet: Api) -> None:
    others = {name: "x" for field, (name, *_) in KNOWN_NAMES.items() if field not in ("id", "title", "text")}
    (answer,) = lines(quiet, {"Doc-ID": 7, title.upper(): "Shares fall", text: HEADLINE, **others})
    assert answer["id"] == 7
    expected = predictor().predict(f"Shares fall\n\n{HEADLINE}").probabilities
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-12)


def test_a_title_alone_is_a_text_as_in_a_table(api: Api) -> None:
    answers = lines(api, {"title": HEADLINE}, {"title": HEADLINE, "text": None}, {"title": HEADLINE, "text": " "})
    assert {answer["prediction"] for answer in answers} == {"sports"}


@pytest.mark.parametrize("given_id", [0, 7, -1, 2**63, 10**40, "7", "a-1"])
def test_ids_come_back_as_they_came(given_id: int | str, api: Api) -> None:
    answer, failure = lines(api, {"text": HEADLINE, "id": given_id}, {"text": "short", "id": given_id})
    assert (answer["id"], failure["id"]) == (given_id, given_id)
    assert type(answer["id"]) is type(given_id)


def test_a_whole_number_with_a_fraction_of_zero_is_one(api: Api) -> None:
    (answer,) = lines(api, {"text": HEADLINE, "id": 7.0})
    assert json.dumps(answer["id"]) == "7"


@pytest.mark.parametrize("given_id", [True, 1.5, [1], {}, "", "x" * 201, "a\0", "\ud800"], ids=repr)
def test_other_ids_are_failures_in_their_place(given_id: Any, api: Api) -> None:
    failure, answer = lines(api, {"text": HEADLINE, "id": given_id}, {"text": HEADLINE, "id": "b"})
    assert (failure["code"], failure["id"], answer["id"]) == ("invalid_input", None, "b")


@pytest.mark.parametrize(
    "others",
    [
        {"link": "https://a.example/b", "category": "SPORTS", "authors": "Jane Doe", "date": "2022-09-23"},
        {"byline": {"original": "By Jane Doe"}, "keywords": ["cup"], "word_count": 7},
        {"__index_level_0__": 3, "author": None, "": 1, "x" * 2_000: "y"},
    ],
)
def test_columns_that_training_does_not_use_are_passed_over_in_lines(others: dict[str, Any], api: Api) -> None:
    answer, failure = lines(api, {"headline": "Shares fall", "short_description": HEADLINE, **others}, others)
    expected = predictor().predict(f"Shares fall\n\n{HEADLINE}").probabilities
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-12)
    assert failure["message"] == "Text field is required"


@pytest.mark.parametrize("name", ["txt", "_x", "A1", "x" * 40])
def test_an_unknown_field_is_named(name: str, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "newsdesk")
    for path in ("/predict", "/explain", "/feedback"):
        body = {"text": HEADLINE, name: 1} | ({"category": "sports"} if path == "/feedback" else {})
        assert name in api.post(path, json=body).json()["message"]
    assert name in api.post("/predict", json={name: HEADLINE}).json()["message"]
    assert f"The field {name}" not in caplog.text


@pytest.mark.parametrize("name", [MARK + " and", "x" * 41, "", "1a", "é", f"{MARK}\n", "中国", "a-b"], ids=repr)
def test_an_unknown_field_that_may_be_text_is_told_by_its_place(name: str, api: Api) -> None:
    message = api.post("/predict", content=json.dumps({"text": HEADLINE, name: 1}).encode(),
                       headers={"Content-Type": "application/json"}).json()["message"]  # fmt: skip
    assert message == "Field number 2 of 2 is not known; see /docs for those that are"


def test_a_byte_order_mark_before_json_is_passed_over(api: Api) -> None:
    mark = b"\xef\xbb\xbf"
    body = mark + json.dumps({"text": HEADLINE}).encode()
    response = api.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.json()["prediction"] == "sports"
    assert b"sports" in api.post("/predict/batch", content=body, headers=LINES).content


def test_a_text_without_blanks_is_answered_with_a_warning(api: Api) -> None:
    chinese = "政府星期一表示，大雨要到周末才会停止，选举仍将举行。"
    (warning,) = api.predict(chinese)["warnings"]
    assert "Chinese" in warning
    assert api.predict(HEADLINE)["warnings"] == []
    items = api.post("/predict/batch", json={"texts": [chinese, HEADLINE]}).json()["predictions"]
    assert [item["warnings"] for item in items] == [[warning], []]
    assert [line["warnings"] for line in lines(api, {"text": chinese}, {"text": HEADLINE})] == [[warning], []]
