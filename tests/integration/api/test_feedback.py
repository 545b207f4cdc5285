"""POST /feedback: corrections are kept before they are acknowledged, and counted once."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.store.records import new_id, text_digest
from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, rows_of, running
from tests.waiting import eventually

ANY_ID = "6f1c2a9e-5b7d-4c3e-8a1f-0d2e4b6c8f90"


def give(api: Api, **body: Any) -> httpx.Response:
    about = {} if "prediction_id" in body else {"text": HEADLINE}
    return api.post("/feedback", json=about | {"category": "sports", **body})


def test_new_feedback_is_created_and_in_the_store(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        response = give(api, editor="r.burns")
        assert api.metric("feedback_total", result="created") == 1
        (row,) = rows_of(api.settings, "feedback")
    assert response.status_code == 201
    assert list(response.json()) == ["feedback_id", "status", "timestamp", "category", "can_teach", "warnings"]
    assert (response.json()["can_teach"], response.json()["warnings"]) == (True, [])
    assert (response.json()["feedback_id"], response.json()["status"]) == (row["id"], "created")
    assert (row["category"], row["editor"], row["text_digest"]) == ("sports", "r.burns", text_digest(HEADLINE))


@pytest.mark.parametrize("said", ["sports ", "\u00a0sports\u3000", "\ufeffsports\r\n", "\u200bsports"], ids=ascii)
def test_what_nobody_can_see_around_a_category_is_not_kept(said: str, tmp_path: Path) -> None:
    with running(tmp_path) as api:
        first, again = give(api, category=said), give(api, category="sports")
        rows = rows_of(api.settings, "feedback")
    assert (first.status_code, first.json()["category"]) == (201, "sports")
    assert (again.status_code, [row["category"] for row in rows]) == (200, ["sports"])


@pytest.mark.parametrize(
    ("said", "understood"), [("SPORTS", "sports"), (" Sports", "sports"), ("Weather ", "Weather")], ids=ascii
)
def test_who_gives_feedback_is_told_as_what_category_it_is_understood(said: str, understood: str, api: Api) -> None:
    assert give(api, category=said).json()["category"] == understood


@pytest.mark.parametrize(
    ("category", "message"), [("  ", "The category is blank"), ("a\nb", "line break or another control")], ids=ascii
)
def test_a_category_that_is_none_is_refused_with_a_sentence(category: str, message: str, api: Api) -> None:
    response = give(api, category=category)
    assert response.status_code == 400
    assert message in response.json()["message"]


def test_feedback_on_a_prediction_names_it(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        prediction_id = api.predict()["prediction_id"]
        assert give(api, prediction_id=prediction_id).status_code == 201
        (row,) = rows_of(api.settings, "feedback")
    assert row["prediction_id"] == prediction_id
    assert row["text"] is None


def test_an_id_in_other_letters_is_the_same_prediction(api: Api) -> None:
    prediction_id = str(uuid4())
    assert give(api, prediction_id=prediction_id).status_code == 201
    assert give(api, prediction_id=prediction_id.upper()).status_code == 200


@pytest.mark.parametrize("key", [{}, {"key": "k-1"}], ids=["no key", "a key"])
def test_what_is_sent_again_changes_nothing(key: dict[str, str], api: Api) -> None:
    first, second = give(api, **key), give(api, **key)
    assert (second.status_code, second.json()["status"]) == (200, "unchanged")
    assert second.json()["feedback_id"] == first.json()["feedback_id"]
    assert api.metric("feedback_total", result="unchanged") == 1


def test_who_changes_their_mind_is_taken_at_the_later_word(api: Api) -> None:
    assert give(api, category="sports").status_code == 201
    assert give(api, category="business").status_code == 201


@pytest.mark.parametrize("other", [{"category": "business"}, {"text": f"{HEADLINE} again"}], ids=str)
def test_a_key_that_was_used_for_something_else_is_a_conflict(other: dict[str, str], api: Api) -> None:
    give(api, key="k-1")
    response = give(api, key="k-1", **other)
    assert response.status_code == 409
    assert code_of(response) == "feedback_conflict"
    assert HEADLINE not in response.text


def test_two_editors_may_use_the_same_key(api: Api) -> None:
    assert give(api, key="k-1", editor="a").status_code == 201
    assert give(api, key="k-1", editor="b", category="business").status_code == 201


def test_whoever_the_editor_is_said_to_be_the_caller_is_kept(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        assert give(api, editor="r.burns").status_code == 201
        (row,) = rows_of(api.settings, "feedback")
    assert (row["editor"], row["caller"]) == ("r.burns", "anonymous:127.0.0.1")


def test_without_a_name_the_caller_is_the_editor(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        give(api)
        (row,) = rows_of(api.settings, "feedback")
    assert row["editor"] == "anonymous:127.0.0.1"


def test_while_the_store_is_away_feedback_is_accepted_and_health_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with running(tmp_path, NEWSDESK_DATABASE_URL=f"sqlite:///{tmp_path}/file/newsdesk.db") as api:
        response = give(api)
        assert (response.status_code, response.json()["status"]) == (202, "spooled")
        assert api.metric("feedback_total", result="spooled") == 1
        health = api.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert "store" in health.json()["problems"][0]
        assert api.predict()["prediction"] == "sports"
    (spooled,) = api.settings.spool.glob("feedback-*.jsonl")
    assert response.json()["feedback_id"] in spooled.read_text()


def test_feedback_that_nobody_can_keep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with running(tmp_path, NEWSDESK_DATABASE_URL=f"sqlite:///{tmp_path}/file/newsdesk.db") as api:
        api.settings.home.mkdir(exist_ok=True)
        api.settings.spool.touch()
        response = give(api)
    assert response.status_code == 503
    assert code_of(response) == "store_unavailable"


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("is_stored_with_feedback", [True, False])
def test_texts_are_in_the_store_only_where_they_may_be(
    is_stored: bool, is_stored_with_feedback: bool, tmp_path: Path
) -> None:
    text = f"{HEADLINE} {MARK}"
    keeping = {"STORE_TEXT": str(is_stored), "STORE_FEEDBACK_TEXT": str(is_stored_with_feedback)}
    with running(tmp_path, **keeping) as api:
        prediction_id = api.predict(text)["prediction_id"]
        api.post("/predict/batch", json={"texts": [text]})
        give(api, text=text, prediction_id=prediction_id)
        give(api, text=text)
    predicted, said = rows_of(api.settings, "predictions"), rows_of(api.settings, "feedback")
    assert [row["text"] for row in predicted] == [text if is_stored else None] * 2
    assert [row["text"] for row in said] == [text if is_stored_with_feedback else None] * 2
    on_disk = b"".join(file.read_bytes() for file in api.settings.home.rglob("*") if file.is_file())
    assert (MARK.encode() in on_disk) is (is_stored or is_stored_with_feedback)


def test_by_default_the_texts_of_predictions_are_not_kept_and_those_of_feedback_are(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        api.predict()
        give(api)
    kept = rows_of(api.settings, "predictions") + rows_of(api.settings, "feedback")
    assert [row["text"] for row in kept] == [None, HEADLINE]


def logged_prediction(api: Api, **article: str) -> str:
    """The id of a prediction that is in the store by now."""
    prediction_id: str = api.post("/predict", json=article or {"text": HEADLINE}).json()["prediction_id"]
    eventually(lambda: api.service.prediction_log.written == 1, "the prediction is in the store")
    return prediction_id


@pytest.mark.parametrize("article", [{"text": HEADLINE}, {"title": "Cup final", "text": HEADLINE}], ids=str)
def test_feedback_on_a_prediction_teaches_where_it_brings_the_text_along(article: dict[str, str], api: Api) -> None:
    prediction_id = logged_prediction(api, **article)
    alone = give(api, prediction_id=prediction_id)
    assert (alone.status_code, alone.json()["can_teach"]) == (201, False)
    assert "To teach, send the text of the prediction along with prediction_id" in alone.json()["warnings"][0]
    for status in (201, 200):  # the text is news, once
        whole = give(api, prediction_id=prediction_id, **article)
        assert (whole.status_code, whole.json()["can_teach"], whole.json()["warnings"]) == (status, True, [])
    again = give(api, prediction_id=prediction_id)
    assert (again.status_code, again.json()["can_teach"]) == (200, True)


@pytest.mark.parametrize(
    "other",
    [
        {"text": f"{HEADLINE}."},
        {"text": "Cup final tonight"},
        {"title": "Cup final", "text": HEADLINE},
        {"text": HEADLINE[1:]},
    ],
    ids=str,
)
def test_a_text_that_the_prediction_was_not_made_of_is_a_conflict(other: dict[str, str], api: Api) -> None:
    prediction_id = logged_prediction(api)
    response = give(api, prediction_id=prediction_id, **other)
    assert response.status_code == 409
    assert code_of(response) == "text_mismatch"
    assert HEADLINE not in response.text
    assert rows_of(api.settings, "feedback") == []


def test_where_texts_of_feedback_are_not_kept_the_answer_says_that_it_teaches_nothing(tmp_path: Path) -> None:
    with running(tmp_path, STORE_FEEDBACK_TEXT="false") as api:
        answer = give(api).json()
        assert answer["can_teach"] is False
        assert "STORE_FEEDBACK_TEXT=true" in answer["warnings"][0]


def test_where_texts_of_predictions_are_kept_feedback_teaches_without_its_own(tmp_path: Path) -> None:
    with running(tmp_path, STORE_TEXT="true", STORE_FEEDBACK_TEXT="false") as api:
        answer = give(api, prediction_id=logged_prediction(api)).json()
        assert (answer["can_teach"], answer["warnings"]) == (True, [])


@pytest.mark.parametrize(
    "unknown", [ANY_ID, "ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"]
)
def test_feedback_on_an_unknown_prediction_is_taken_with_a_warning(unknown: str, api: Api) -> None:
    alone, with_text = give(api, prediction_id=unknown), give(api, prediction_id=unknown, text=HEADLINE)
    assert (alone.status_code, with_text.status_code) == (201, 201)
    assert alone.json()["warnings"][0].startswith(
        "No prediction of this id is in the log. The label does not count: compare prediction_id"
    )
    (warning,) = with_text.json()["warnings"]
    assert "The label is taken for the text that came with it" in warning


def test_a_prediction_of_this_moment_that_the_log_has_not_yet_is_not_unknown(api: Api) -> None:
    answer = give(api, prediction_id=new_id(), text=HEADLINE).json()
    assert answer["warnings"] == []


@pytest.mark.parametrize(
    ("category", "is_known"), [("sports", True), (" SPORTS", True), ("sport", False), ("Weather", False)]
)
def test_a_category_that_the_model_does_not_know_is_taken_with_a_warning(
    category: str, is_known: bool, api: Api
) -> None:
    response = give(api, category=category)
    assert response.status_code == 201
    assert [warning[:49] for warning in response.json()["warnings"]] == (
        [] if is_known else ["The model in charge does not know this category, "]
    )


def test_a_category_is_understood_as_the_configuration_means_it(tmp_path: Path) -> None:
    """As `monitor` and `retrain` count it. The model knows neither `football` nor `forecast`."""
    rules = "{aliases: {football: sports, forecast: weather, TECHNOLOGY: digital}, exclude: [horoscopes, business]}"
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "pipeline_config.yaml").write_text(f"data_pipeline: {{categories: {rules}}}")
    with running(tmp_path) as api:
        told = {
            said: give(api, category=said, editor=said).json()
            for said in ("Football", "sports", "digital", "forecast", "Horoscopes", "business")
        }
        kept = {row["category"] for row in rows_of(api.settings, "feedback")}
    assert [answer["category"] for answer in list(told.values())[:4]] == ["sports", "sports", "technology", "weather"]
    assert [told[said]["warnings"] for said in ("Football", "sports", "digital")] == [[], [], []]
    (unknown,) = told["forecast"]["warnings"]
    assert unknown.startswith("The model in charge does not know this category, ")
    for said in ("Horoscopes", "business"):
        assert told[said]["warnings"] == [
            "This category is left out here (data_pipeline.categories.exclude): the label does not count."
        ]
    assert kept == told.keys()  # what is meant by it may be decided otherwise tomorrow


def test_while_nobody_can_look_nobody_says_that_a_text_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with running(tmp_path, NEWSDESK_DATABASE_URL=f"sqlite:///{tmp_path}/file/newsdesk.db") as api:
        about_prediction, about_text = give(api, prediction_id=ANY_ID).json(), give(api).json()
    assert (about_prediction["can_teach"], about_prediction["warnings"]) == (None, [])
    assert (about_text["can_teach"], about_text["warnings"]) == (True, [])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"category": "sports"},
        {"text": HEADLINE},
        {"title": HEADLINE, "prediction_id": ANY_ID, "category": "sports"},
        {"prediction_id": MARK, "category": "sports"},
        {"prediction_id": 5, "category": "sports"},
        {"text": "", "category": "sports"},
        {"text": HEADLINE, "category": ""},
        {"text": HEADLINE, "category": "c" * 201},
        {"text": HEADLINE, "category": "   "},
        {"text": HEADLINE, "category": "\u00a0\u3000\ufeff\u200b"},
        {"text": HEADLINE, "category": "sp\norts"},
        {"text": HEADLINE, "category": "sp\u2028orts"},
        {"text": HEADLINE, "category": "sp\torts"},
        {"text": HEADLINE, "category": "half a character \ud800"},
        {"text": HEADLINE, "category": "sp\0rts"},
        {"text": HEADLINE, "category": "sports", "editor": ""},
        {"text": HEADLINE, "category": "sports", "key": "k" * 201},
        {"text": HEADLINE, "category": "sports", "note": MARK},
    ],
    ids=ascii,
)
def test_what_is_no_feedback_is_refused_without_an_echo(body: dict[str, Any], api: Api) -> None:
    response = api.post("/feedback", json=body)
    assert response.status_code == 400
    assert code_of(response) == "invalid_input"
    assert MARK not in response.text


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "short",
        "   ",
        " " * 20,
        ". . . ! ? . . . .",
        "\u200b" * 20,
        "nul \x00 in a text",
        "broken \ud800 text",
        "",
        "x" * 9,
    ],
    ids=ascii,
)
def test_what_cannot_be_predicted_is_refused_as_feedback_with_the_same_words(text: str, api: Api) -> None:
    predicted = api.post("/predict", json={"text": text})
    taught = give(api, text=text)
    assert predicted.status_code == taught.status_code == 400
    assert [taught.json()[name] for name in ("code", "message")] == [
        predicted.json()[name] for name in ("code", "message")
    ]


def test_a_title_and_a_text_that_are_too_long_together_are_refused_by_both(api: Api) -> None:
    article = {"title": "Striker scores twice " * 20, "text": "x " * (MAX_TEXT_LENGTH // 2)}
    predicted, taught = api.post("/predict", json=article), give(api, **article)
    assert predicted.status_code == taught.status_code == 400
    assert taught.json()["message"] == predicted.json()["message"]


@given(text=st.text(min_size=1, max_size=30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_can_be_taught_if_and_only_if_it_can_be_predicted(text: str, api: Api) -> None:
    predicted, taught = api.post("/predict", json={"text": text}), give(api, text=text)
    assert (predicted.status_code == 200) == taught.is_success


def test_before_there_is_a_model_no_text_is_too_short(tmp_path: Path) -> None:
    with running(tmp_path, without_model=True) as api:
        assert give(api, text="Rates rise").status_code == 201
        assert code_of(give(api, text="...")) == "text_without_words"


@pytest.mark.parametrize("again", ["Politics", " Politics ", "politics", "\u200bPOLITICS", "Ｐolitics"], ids=ascii)
def test_the_same_key_again_is_the_same_however_its_category_is_spelled(tmp_path: Path, again: str) -> None:
    with running(tmp_path) as api:
        first = give(api, category=" Politics ", key="a-click")
        second = give(api, category=again, key="a-click")
        assert (first.status_code, second.status_code) == (201, 200)
        assert second.json()["feedback_id"] == first.json()["feedback_id"]
        assert code_of(give(api, category="business", key="a-click")) == "feedback_conflict"
        assert [row["category"] for row in rows_of(api.settings, "feedback")] == ["Politics"]
