"""The DAGs as Airflow sees them, and each run to its end by `dag.test()` with the real command."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.airflow.settings import DAGS, Airflow
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import run as main_job
from newsdesk.pipeline.table_check import ArticleSource
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv
from tests.stack.airflow import SCRIPTS, SECRET, WarmAirflow, airflow_program, warm
from tests.stack.servers import free_port
from tests.stack.webhook import webhook
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack

FILES = sorted(file.stem for file in DAGS.glob("*_pipeline.py"))
LONGEST_IMPORT = 0.5  # seconds
LARGEST_XCOM = 10_000  # characters


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """An Airflow with the DAGs, of which nothing runs; tasks work in an embedded home with quick classifiers."""
    home = tmp_path_factory.mktemp("airflow")
    configs = home / "configs"
    configs.mkdir()
    (configs / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    more = {
        "NEWSDESK_HOME": str(home / "var"),
        "NEWSDESK_CONFIG_DIR": str(configs),
        "NEWSDESK_COMMAND": warm_newsdesk(),
    }
    airflow = Airflow(airflow_program(), home, free_port(), SECRET, more=more | {"NEWSDESK_TRAINING_POOL": ""})
    airflow.run("db", "migrate")
    return airflow


@pytest.fixture(scope="module")
def described(desk: Airflow) -> dict[str, Any]:
    """By a process of its own, in which nothing of Airflow is loaded but what describing takes."""
    command = [str(desk.program.with_name("python")), str(SCRIPTS / "describe.py"), str(DAGS)]
    done = subprocess.run(command, env=desk.environment, cwd=desk.home, capture_output=True, text=True, check=False)
    return printed(done)


@pytest.fixture(scope="module")
def loaded(desk: Airflow) -> Iterator[WarmAirflow]:
    with warm(desk) as found:
        yield found


def printed(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What a script prints that ends well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout.rpartition("---\n")[2]))


def test_every_dag_is_imported_without_a_warning_of_anything_deprecated(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert sorted(described["dags"]) == FILES
    assert len(FILES) == 4


def test_no_dag_imports_newsdesk_or_what_it_trains_with(described: dict[str, Any]) -> None:
    assert described["forbidden"] == []


@pytest.mark.parametrize("name", FILES)
def test_a_dag_file_is_parsed_in_half_a_second(described: dict[str, Any], name: str) -> None:
    seconds = described["seconds"][name]
    print(f"{name}: {seconds * 1000:.0f} ms")
    assert seconds < LONGEST_IMPORT


@pytest.mark.parametrize("name", FILES)
def test_every_dag_and_task_says_what_it_is_for(described: dict[str, Any], name: str) -> None:
    dag = described["dags"][name]
    docs = [dag["doc"], *(task["doc"] for task in dag["tasks"].values())]
    assert all(doc and not doc.startswith(" ") for doc in docs)
    assert not [doc for doc in docs if "\n\n    " in doc]  # Markdown takes that for code


@pytest.mark.parametrize("name", FILES)
def test_every_task_is_tried_again_ever_later_within_limits_and_failures_are_announced(
    described: dict[str, Any], name: str
) -> None:
    config = PipelineConfig().data_pipeline
    for task in described["dags"][name]["tasks"].values():
        assert (task["retries"], task["retry_delay"]) == (config.retry_attempts, config.retry_delay)
        assert task["backs_off"]
        assert task["announces_failure"]
        assert 0 < task["time_limit"] <= 6 * 3600
    assert described["dags"][name]["has_deadline"]


def test_schedules_are_those_of_the_shipped_configuration(described: dict[str, Any]) -> None:
    config, dags = PipelineConfig(), described["dags"]
    assert dags["data_preprocessing_pipeline"]["cron"] == config.data_pipeline.schedule_interval
    assert dags["data_preprocessing_pipeline"]["max_active_runs"] == config.data_pipeline.max_active_runs
    assert dags["data_preprocessing_pipeline"]["catchup"] is config.data_pipeline.catchup
    assert dags["model_training_pipeline"]["cron"] is None
    assert dags["model_monitoring_pipeline"]["cron"] == config.monitoring.schedule_interval
    assert dags["maintenance_pipeline"]["cron"] == "0 4 * * 0"


def test_schedules_follow_the_configuration(loaded: WarmAirflow, tmp_path: Path) -> None:
    config = {
        "data_pipeline": {"schedule_interval": "5 3 * * *", "max_active_runs": 2, "catchup": True, "retry_attempts": 7},
        "training_pipeline": {"schedule_interval": "0 5 * * 1"},
        "monitoring": {"schedule_interval": None},
        "maintenance": {"schedule_interval": "0 6 * * 6"},
    }
    (tmp_path / "pipeline_config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    more = {"NEWSDESK_CONFIG_DIR": str(tmp_path), "NEWSDESK_TRAINING_POOL": "candidates"}
    dags = printed(loaded.run("describe", str(DAGS), **more))["dags"]
    preprocessing, training = dags["data_preprocessing_pipeline"], dags["model_training_pipeline"]
    assert (preprocessing["cron"], preprocessing["max_active_runs"], preprocessing["catchup"]) == ("5 3 * * *", 2, True)
    assert preprocessing["tasks"]["ingest"]["retries"] == 7
    assert training["schedule"] == "AssetOrTimeSchedule"
    assert training["tasks"]["train"]["pool"] == "candidates"
    assert dags["model_monitoring_pipeline"]["cron"] is None
    assert dags["maintenance_pipeline"]["cron"] == "0 6 * * 6"


def test_a_new_dataset_or_a_request_starts_the_training(described: dict[str, Any]) -> None:
    dags = described["dags"]
    published = dags["data_preprocessing_pipeline"]["tasks"]["publish"]["outlets"]
    requested = dags["model_monitoring_pipeline"]["tasks"]["request_retraining"]["outlets"]
    assert dags["model_training_pipeline"]["assets"] == sorted(published + requested)


def test_steps_follow_one_another(described: dict[str, Any]) -> None:
    after = {
        name: {task: found["after"] for task, found in dag["tasks"].items()} for name, dag in described["dags"].items()
    }
    assert after["data_preprocessing_pipeline"] == {
        "ingest": [],
        "quarantine_report": ["ingest"],
        "prepare": ["ingest"],
        "publish": ["prepare"],
    }
    assert after["model_training_pipeline"] == {
        "plan": [],
        "candidates": ["plan"],
        "train": ["candidates", "plan"],
        "evaluate": ["plan", "train"],
        "promote": ["evaluate", "plan"],
        "smoke_test": ["promote"],
        "announcement": ["promote"],
        "look_for_a_newer_dataset": ["plan", "promote"],
    }
    assert after["maintenance_pipeline"] == {"backup": [], "verify": ["backup"], "prune": ["verify"]}


def test_the_loop_runs_step_by_step_and_does_nothing_twice(loaded: WarmAirflow) -> None:
    inbox = loaded.airflow.home / "var" / "inbox"
    inbox.mkdir(parents=True)
    write_csv(inbox / "news.csv", sample_rows(60))

    preprocessed = run(loaded, "data_preprocessing_pipeline")
    assert set(preprocessed["states"].values()) == {"success"}
    assert preprocessed["xcoms"]["ingest"]["new"] == 300
    version = preprocessed["xcoms"]["publish"]
    untrained = run(loaded, "data_preprocessing_pipeline")  # no training took it up: it is published once more
    assert untrained["xcoms"]["ingest"]["status"] == "nothing"
    assert untrained["xcoms"]["publish"] == version

    with webhook() as heard:
        trained = run(loaded, "model_training_pipeline", {"dataset": version}, NEWSDESK_WEBHOOK_URL=heard.address)
    assert trained["xcoms"]["plan"]["dataset"] == version
    assert [name for name in trained["states"] if name.startswith("train[")] == [f"train[{i}]" for i in range(4)]
    assert trained["xcoms"]["promote"]["decision"] == "promoted"
    assert trained["states"].pop("smoke_test") == "skipped"
    assert trained["states"].pop("look_for_a_newer_dataset") == "skipped"
    assert "NEWSDESK_API_URL" in trained["xcoms"]["smoke_test.reason"]
    assert set(trained["states"].values()) == {"success"}
    assert [body["alertname"] for _, body in heard.received] == ["ModelDecision"]

    monitored = run(loaded, "model_monitoring_pipeline")
    assert monitored["states"] == {"monitor": "success", "request_retraining": "skipped"}
    assert monitored["xcoms"]["request_retraining.reason"]

    again = run(loaded, "data_preprocessing_pipeline")
    assert again["xcoms"]["ingest"]["status"] == "nothing"
    assert again["states"]["publish"] == "skipped"
    assert version in again["xcoms"]["prepare.reason"]

    retrained = run(loaded, "model_training_pipeline", {"candidates": ["naive_bayes"], "dry_run": True})
    assert len([name for name in retrained["states"] if name.startswith("train[")]) == 1
    assert retrained["states"]["smoke_test"] == "skipped"
    assert not retrained["xcoms"]["promote"]["is_done"]

    maintained = run(loaded, "maintenance_pipeline")
    assert set(maintained["states"].values()) == {"success"}
    assert maintained["xcoms"]["verify"]["whole"]
    assert Path(maintained["xcoms"]["backup"]["archive"]).is_file()

    for found in (preprocessed, untrained, trained, monitored, again, retrained, maintained):
        assert found["state"] == "success"
        assert all(len(json.dumps(value)) < LARGEST_XCOM for value in found["xcoms"].values())


def test_a_model_that_waits_for_a_yes_skips_the_promotion_with_its_reason_until_somebody_says_it(
    loaded: WarmAirflow, tmp_path: Path
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 1.0}}", encoding="utf-8")
    settings = settings_in(tmp_path)
    rows = sample_rows(60)
    main_job(ArticleSource(write_csv(tmp_path / "news.csv", rows)), settings, "a tester", NoProgress())
    renamed = [row | {"category": row["category"].replace("sports", "sport")} for row in rows]
    ingest(str(write_csv(tmp_path / "renamed.csv", renamed)), None, settings, NoProgress())
    here = {name: value for name, value in settings.environment_variables().items() if name.startswith("NEWSDESK_")}

    with webhook() as heard:
        waits = run(loaded, "model_training_pipeline", NEWSDESK_WEBHOOK_URL=heard.address, **here)
    assert waits["state"] == "success"
    assert {waits["states"][name] for name in ("promote", "smoke_test", "announcement")} == {"skipped"}
    reason = waits["xcoms"]["promote.reason"]
    assert "'sport' may be what was 'sports'" in reason
    assert f"newsdesk promote --yes {waits['xcoms']['plan']['plan']}" in reason
    assert waits["xcoms"]["look_for_a_newer_dataset.reason"] == "There is no newer dataset."  # it looked
    ((_, said),) = heard.received
    assert (said["alertname"], said["severity"]) == ("DecisionWaiting", "warning")

    conf = {"dataset": waits["xcoms"]["plan"]["dataset"], "yes": True}
    promoted = run(loaded, "model_training_pipeline", conf, **here)
    assert promoted["xcoms"]["plan"]["plan"] == waits["xcoms"]["plan"]["plan"]  # nothing is fitted twice
    assert (promoted["states"]["promote"], promoted["xcoms"]["promote"]["decision"]) == ("success", "promoted")


def test_before_the_first_promotion_there_is_nothing_to_monitor_and_no_task_is_red(loaded: WarmAirflow) -> None:
    found = run(loaded, "model_monitoring_pipeline", NEWSDESK_HOME=str(loaded.airflow.home / "fresh"))
    assert set(found["states"].values()) == {"skipped"}
    assert "no champion" in found["xcoms"]["monitor.reason"]


def test_a_table_that_is_refused_is_announced_and_no_task_is_red(loaded: WarmAirflow, tmp_path: Path) -> None:
    poisoned = write_csv(tmp_path / "poisoned-2026.csv", [{"text": "short", "category": ""}] * 30)
    with webhook() as heard:
        conf = {"data": str(poisoned).replace("2026", "{date}")}
        poisoned.rename(str(poisoned).replace("2026", today()))
        found = run(loaded, "data_preprocessing_pipeline", conf, NEWSDESK_WEBHOOK_URL=heard.address)
    assert found["state"] == "success"
    assert "failed" not in found["states"].values()
    assert found["states"]["publish"] == "skipped"
    said = [body for _, body in heard.received]  # where nothing was ever taken, there is no dataset to make either
    assert {(body["alertname"], body["dag"]) for body in said} == {("DataRefused", "data_preprocessing_pipeline")}
    assert "poisoned" in said[0]["description"]


def today() -> str:
    """As a run that starts now is dated."""
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("data_preprocessing_pipeline", {"data": ""}),
        ("model_training_pipeline", {"mode": "quick"}),
        ("model_training_pipeline", {"tuning_budget": -1}),
        ("model_training_pipeline", {"candidates": ["a b"]}),
        ("model_training_pipeline", {"dry_run": "perhaps"}),
    ],
)
def test_what_the_trigger_form_takes_is_checked(loaded: WarmAirflow, dag_id: str, conf: dict[str, Any]) -> None:
    done = loaded.run("run", str(DAGS), dag_id, json.dumps(conf))
    assert done.returncode != 0
    assert "Invalid input for param" in done.stderr


def run(airflow: WarmAirflow, dag_id: str, conf: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
    """What became of one run."""
    return printed(airflow.run("run", str(DAGS), dag_id, json.dumps(conf or {}), **more))
