"""Datasets that come faster than they are trained on: the newest is trained on in the end, and none twice.

Airflow 3.3 makes no run of what is published while a DAG is paused, one run of what is published while another run goes
on, with the events of some of it, and hands events over in any order.
"""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.builders import sample_rows, write_csv
from tests.stack.pipelines import PREPROCESSING, TRAINING, Pipelines, pipelines, until
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack

# Training takes as long as the file is there.
COMMAND = """#!/bin/sh
if [ "$1" = train ]; then
    while [ -e '{hold}' ]; do sleep 0.2; done
fi
exec '{newsdesk}' "$@"
"""


def test_the_newest_of_many_datasets_is_trained_on_once(programs: Path, tmp_path: Path) -> None:
    hold, command = tmp_path / "hold", tmp_path / "newsdesk"
    command.write_text(COMMAND.format(hold=hold, newsdesk=warm_newsdesk()), encoding="utf-8")
    command.chmod(0o755)
    with pipelines(programs, tmp_path, NEWSDESK_COMMAND=str(command)) as found:
        models = {"models": {"naive_bayes": {"alpha": 1.0}}}
        (tmp_path / "configs" / "model_config.yaml").write_text(yaml.safe_dump(models), encoding="utf-8")

        found.pause(TRAINING)
        published(found, 10)
        published(found, 12)
        found.unpause(TRAINING)
        hold.touch()
        third = published(found, 14)
        first_run = at_work(found, before=set())
        assert dataset_of(found, first_run) == third

        published(found, 16)  # a burst, while a training goes on
        fifth = published(found, 18)
        hold.unlink()
        assert found.wait(TRAINING, first_run) == "success"
        hold.touch()
        second_run = at_work(found, before={first_run})
        assert dataset_of(found, second_run) == fifth

        found.pause(TRAINING)  # whose event starts nothing
        sixth = published(found, 20)
        found.unpause(TRAINING)
        before = found.runs(TRAINING)
        hold.unlink()
        assert found.wait(TRAINING, second_run) == "success"
        third_run = found.new_run(TRAINING, before)
        assert found.wait(TRAINING, third_run) == "success"
        assert dataset_of(found, third_run) == sixth

        nothing_new = found.trigger(PREPROCESSING)
        assert found.wait(PREPROCESSING, nothing_new) == "success"
        assert found.states(PREPROCESSING, nothing_new)["publish"] == "skipped"
        assert trained(found) == Counter((third, fifth, sixth))


def published(found: Pipelines, per_category: int) -> str:
    """Drop a table, and wait until it is a dataset that is published; which."""
    write_csv(found.inbox / f"{per_category}.csv", sample_rows(per_category))
    run = found.trigger(PREPROCESSING)
    assert found.wait(PREPROCESSING, run) == "success"
    return str(found.xcom(PREPROCESSING, run, "publish"))


def at_work(found: Pipelines, before: set[str]) -> str:
    """The run of the training that began to train after these."""
    until(lambda: found.runs(TRAINING).keys() > before, "a training starts")
    (run,) = found.runs(TRAINING).keys() - before
    found.wait_for_task(TRAINING, run, "train[0]")
    return run


def dataset_of(found: Pipelines, run: str) -> str:
    return str(found.xcom(TRAINING, run, "plan")["dataset"])


def trained(found: Pipelines) -> Counter[str]:
    """How often the gate decided about a model of each dataset."""
    return Counter(entry.evidence["dataset_version"] for entry in found.ledger() if "dataset_version" in entry.evidence)
