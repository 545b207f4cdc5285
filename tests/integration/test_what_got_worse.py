"""What got worse, from predictions and corrections in a real store to what `newsdesk monitor` and `/monitor` say of it,
and who is shown texts."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.misclassified_texts import NOT_ASKED_FOR, NOT_KEPT
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import text_digest
from tests.builders import sample_texts, settings_in
from tests.integration.api.builders import running
from tests.integration.api.test_auth import SECRET, new_key_in
from tests.integration.in_process import newsdesk, quick_home
from tests.integration.test_monitor_command import WINDOW, put_in_charge
from tests.unit.store.rows import feedback, prediction, store_at

SECRET_WORDS = "quarterly turnover of the harbour"  # begins the texts that are taken for politics lately
EACH = 24  # texts of a category in a window
MIXED_UP = "24 of 48 corrected from politics to business (0 of 24 before)"
HOSTILE = "\x1b[31m<script>"


def text_of(number: int) -> str:
    return f"{SECRET_WORDS} {HOSTILE} {number}. {sample_texts(1)[0][0]}"


@pytest.fixture(scope="module", autouse=True)
def desk(tmp_path_factory: pytest.TempPathFactory, first: Bundle) -> Iterator[Path]:
    """A day ago some texts of each category, all answered rightly; in the newest window that ended as many, but those
    of business were taken for politics. An editor said of each what it is."""
    with quick_home(tmp_path_factory.mktemp("desk")) as folder:
        champion = put_in_charge(folder, first)
        newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - WINDOW
        with store_at(folder / "var" / "newsdesk.db") as store:
            for start, is_bad in ((newest - timedelta(hours=24), False), (newest, True)):
                stories = zip(sample_texts(EACH)[0], sample_texts(EACH)[1], strict=True)
                answers, words = [], []
                for number, (text, category) in enumerate(stories):
                    is_wrong = is_bad and category == "business"
                    said = text_of(number) if is_wrong else f"{text} {start}"
                    answer = prediction(
                        at=start + timedelta(seconds=number),
                        model_version="7",
                        digest=champion.digest,
                        category="politics" if is_wrong else category,
                        confidence=0.4 + number / 1000,
                        text_digest=text_digest(said),
                    )
                    answers.append(answer)
                    about = {"text_digest": answer.text_digest, "text": said}
                    words.append(feedback(prediction_id=answer.id, category=category, at=answer.at, **about))
                insert_predictions(store, answers)
                for word in words:
                    record_feedback(store, word)
        yield folder


def change_of(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(newsdesk("monitor", "--json", *arguments))["change"]
    return found


def test_machines_read_which_category_got_worse_and_what_it_is_taken_for() -> None:
    found = change_of("--examples")
    told = {each["category"]: each for each in found["worse"]}
    assert set(told) == {"business", "politics"}
    assert told["business"]["before"]["value"] == 1
    assert told["business"]["lately"]["value"] == 0
    confusion = told["business"]["confusion"]
    assert (confusion["predicted"], confusion["right"]) == ("politics", "business")
    assert (confusion["count"], confusion["of"]) == (EACH, 2 * EACH)
    assert (confusion["count_before"], confusion["of_before"]) == (0, EACH)
    assert found["not_worse"] == ["entertainment", "sports", "technology"]
    examples = confusion["examples"]
    assert [example["confidence"] for example in examples] == [
        0.4 + number / 1000 for number in (EACH - 1, EACH - 2, EACH - 3)
    ], "the surest errors first"
    for example in examples:
        assert example["text"].startswith(f"{SECRET_WORDS} \\x1b[31m<script>")
        assert len(example["text"]) <= 200
        assert example["text"].endswith("…")


def test_people_read_the_same_and_are_shown_texts_where_they_ask() -> None:
    silent, told = newsdesk("monitor"), newsdesk("monitor", "--examples")
    for shown in (silent, told):
        assert "What got worse" in shown
        assert MIXED_UP in shown
    assert NOT_ASKED_FOR in silent
    assert SECRET_WORDS not in silent
    assert told.count(SECRET_WORDS) == 3
    assert "\x1b" not in told


def test_what_is_written_or_printed_for_machines_has_no_text_unless_it_is_asked_for(desk: Path) -> None:
    assert SECRET_WORDS not in newsdesk("monitor", "--html", "-")
    assert SECRET_WORDS not in newsdesk("monitor", "--json")
    newsdesk("monitor", "--html", "page.html", "--examples")
    page = (desk / "page.html").read_text(encoding="utf-8")
    assert page.count(SECRET_WORDS) == 3
    assert "<script" not in page


def test_where_no_texts_are_to_be_kept_none_that_was_kept_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_FEEDBACK_TEXT", "false")
    found = change_of("--examples")
    assert SECRET_WORDS not in json.dumps(found)
    assert found["examples_left_out"] == NOT_KEPT


def test_the_server_shows_texts_to_who_has_a_key_for_all_and_to_nobody_else(desk: Path, first: Bundle) -> None:
    keys = {scope: new_key_in(desk, scope) for scope in ("admin", "monitor")}
    with running(desk, Predictor(first), API_AUTH="true", API_SECRET_KEY=SECRET) as api:
        pages = {
            scope: api.get("/monitor", headers={"Authorization": f"Bearer {key}"}).text for scope, key in keys.items()
        }
        again = api.get("/monitor", headers={"Authorization": f"Bearer {keys['monitor']}"}).text
    assert pages["admin"].count(SECRET_WORDS) == 3
    for page in (pages["monitor"], again):
        assert MIXED_UP in page
        assert SECRET_WORDS not in page
        assert NOT_ASKED_FOR in page


def test_who_needs_no_key_is_known_to_nobody_and_reads_no_texts(desk: Path, first: Bundle) -> None:
    assert not settings_in(desk).auth_required
    with running(desk, Predictor(first)) as api:
        page = api.get("/monitor").text
    assert MIXED_UP in page
    assert SECRET_WORDS not in page
