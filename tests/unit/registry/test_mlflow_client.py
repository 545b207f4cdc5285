from pathlib import Path

import pytest

from newsdesk.registry.mlflow_client import EXPERIMENT, connect
from newsdesk.registry.run_record import RunRecord
from newsdesk.registry.tracking import Tracking
from tests.builders import settings_in
from tests.unit.registry.shelf import Shelf


def test_an_experiment_that_was_deleted_by_hand_is_restored_with_its_runs(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    before = Tracking(shelf.settings).log(RunRecord("before", {"C": 1}, {"accuracy": 0.5}, {}))
    experiment = shelf.client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    shelf.client.delete_experiment(experiment.experiment_id)
    after = Tracking(shelf.settings).log(RunRecord("after", {"C": 2}, {"accuracy": 0.6}, {}))
    runs = shelf.client.search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in runs} == {before, after}
    assert "restored" in caplog.text


def test_what_mlflow_itself_logs_lies_in_the_home_and_not_where_one_happens_to_be(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert connect(settings).get_experiment("0").artifact_location.startswith(f"{settings.artifact_root}/")
