"""`newsdesk models compare`, the real command on a store with a live experiment in it."""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Arm, PredictionRecord
from tests.unit.store.rows import NOON, feedback, prediction, store_in
from tests.warm import warm_newsdesk


def answer(text: int, arm: Arm, category: str, pair_id: str | None = None) -> PredictionRecord:
    """An answer to a numbered text, one a minute."""
    version = "1" if arm == "champion" else "2"
    return prediction(
        at=NOON + timedelta(minutes=text),
        arm=arm,
        category=category,
        model_version=version,
        digest=f"sha256:{version}",
        text_digest=f"text {text}",
        pair_id=pair_id,
        text="a secret article",
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The shadow has 12 texts right which the champion has wrong, and both have 8 right; then an A/B test ran."""
    with store_in(tmp_path) as store:
        for text in range(20):
            champion = answer(text, "champion", "right" if text < 8 else "wrong")
            insert_predictions(store, [champion, answer(text, "shadow", "right", champion.id)])
            record_feedback(store, feedback(text_digest=f"text {text}", category="right"))
        insert_predictions(store, [answer(text, "challenger", "right") for text in (30, 31)])
    (tmp_path / "store.db").rename(tmp_path / "newsdesk.db")
    return tmp_path


def compare(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_newsdesk(), "models", "compare", *arguments],
        cwd=home,
        env=os.environ | {"NEWSDESK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_people_read_a_table_and_a_conclusion(home: Path) -> None:
    done = compare(home, "--live")
    assert (done.returncode, done.stderr) == (0, "")
    assert "In the shadow: both answered the same texts, 2026-03-04 12:00 to 2026-03-04 12:19 UTC" in done.stdout
    assert "A/B: each answered its own texts or callers" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    champion, shadow = (next(row for row in rows if row[:1] == [arm]) for arm in ("champion", "shadow"))
    assert champion[:3] == ["champion", "1", "20"]
    assert "40.0%" in champion
    assert "100.0%" in shadow
    assert "They agree on 40.0% (21.9% to 61.3%) of 20 texts." in done.stdout
    assert "Version 2, the shadow, is better than version 1 (p = 0.00049, exact McNemar test)." in done.stdout
    assert "a secret article" not in done.stdout


def test_machines_read_json(home: Path) -> None:
    done = compare(home, "--live", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["shadow"]["champion"]["accuracy"]["share"] == 0.4
    assert result["shadow"]["p_value"] == pytest.approx(2 / 2**12)
    assert result["shadow"]["since"] == "2026-03-04T12:00:00+00:00"
    assert result["ab"]["agreement"] is None
    assert result["conclusion"].startswith("Version 2, the shadow, is better than version 1")


def test_a_challenger_that_answered_everybody_is_told(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        insert_predictions(store, [answer(text, "challenger", "right") for text in range(200)])
    (tmp_path / "store.db").rename(tmp_path / "newsdesk.db")
    done = compare(tmp_path, "--live")
    assert "The challenger version 2 answered 200 times, and the champion never beside it" in done.stdout
    assert "No experiment has answered yet" not in done.stdout


def test_where_no_experiment_ran_it_says_how_to_begin_one(tmp_path: Path) -> None:
    done = compare(tmp_path, "--live")
    assert done.returncode == 0
    assert done.stdout == (
        "No experiment has answered yet. Set EXPERIMENT_MODE to shadow or ab, and have a challenger: newsdesk run.\n"
    )


def test_without_versions_or_live_it_is_said_what_to_name(tmp_path: Path) -> None:
    done = compare(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "newsdesk: Name two versions or more, each once: newsdesk models compare 1 2. Or add --live.\n"
    )
