"""Which candidates a run fits, and what is seen of it meanwhile."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsdesk.cli import progress as shown
from newsdesk.cli.app import app
from newsdesk.errors import UsageError
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv


class Recorded(NoProgress):
    """What whoever watches is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, where: str) -> None:
        self.notes.append(where)


def test_a_run_fits_the_candidates_that_are_named_and_tells_of_each_epoch(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    table, progress = write_csv(tmp_path / "articles.csv", sample_rows(30)), Recorded()
    outcome = run(ArticleSource(table), settings_in(tmp_path), "a tester", progress, candidates=["neural_network"])
    assert [candidate.name for candidate in outcome.trained.candidates] == ["neural_network"]
    assert outcome.trained.winner.pipeline[-1].__class__.__name__ == "MLPClassifier"
    assert progress.notes[0].startswith("epoch 1 of at most 40, loss ")
    assert progress.notes[1].startswith("epoch 2 of at most 40, loss ")


def test_a_name_that_is_not_configured_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path / "var"))
    write_csv(tmp_path / "articles.csv", sample_rows(3))
    command = ["run", "--no-serve", "--data", "articles.csv", "--candidates", "naive_bayes, perceptron"]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, UsageError)
    assert "no candidate 'perceptron'" in str(done.exception)
    assert "Choose among: neural_network, logistic_regression, naive_bayes, random_forest." in str(done.exception)
    assert not (tmp_path / "var" / "datasets").exists()


def test_a_log_hears_of_a_long_step_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown.shown_progress() as progress:
        progress.step("Fitting neural_network (1 of 4)")
        progress.note("epoch 1 of at most 200, loss 1.0")
        monkeypatch.setattr(shown, "_SILENCE", 0.0)
        progress.note("epoch 2 of at most 200, loss 0.9")
    said = capsys.readouterr().err
    assert "Fitting neural_network (1 of 4): epoch 2 of at most 200, loss 0.9" in said
    assert "epoch 1" not in said
