"""A model that gives up a category says so, at every step, beside what always saying one category would come to."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.builders import sample_rows, write_csv
from tests.integration.test_command_line import newsdesk

PIPELINE = "training_pipeline: {auto_deploy_threshold: 0.3}"
DEAD = "1 of 3 categories is dead, with F1 0 because no test article is recognised: technology."
ALWAYS = r"always (politics|sports): 0\.\d\d\b"


def rows() -> list[dict[str, str]]:
    """So few of technology that naive Bayes gives it up."""
    kept = {"politics": 25, "sports": 25, "technology": 5}
    by_category = {name: [row for row in sample_rows(25) if row["category"] == name][:n] for name, n in kept.items()}
    return [row for some in by_category.values() for row in some]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 1.0}}")
    configure(folder, PIPELINE)
    write_csv(folder / "articles.csv", rows())
    return folder


def configure(folder: Path, pipeline: str) -> None:
    (folder / "configs" / "pipeline_config.yaml").write_text(pipeline)


def said(folder: Path, *arguments: str, **environment: str) -> str:
    done = newsdesk(folder, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_step_tells_the_dead_and_the_baseline(desk: Path) -> None:
    said(desk, "ingest", "--data", "articles.csv")
    plan = json.loads(said(desk, "plan", "--json"))["plan"]
    trained = said(desk, "train", "--plan", plan, "--candidate", "naive_bayes")
    assert re.search(ALWAYS, trained)
    assert DEAD in trained
    again: dict[str, Any] = json.loads(said(desk, "train", "--plan", plan, "--candidate", "naive_bayes", "--json"))
    assert again["dead_categories"] == ["technology"]
    assert again["test_baseline"]["accuracy"] == pytest.approx(0.5, abs=0.1)

    evaluated = said(desk, "evaluate", "--plan", plan, FORCE_COLOR="1", TERM="xterm", COLUMNS="120")
    red = [line for line in evaluated.splitlines() if "\x1b[1;31m" in line]
    assert [line for line in red if "technology" in line and "0.000" in line]
    assert [line for line in red if "1 of 3 categories is dead" in line]
    assert not [line for line in red if "sports" in line]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", evaluated)
    assert re.search(rf"test accuracy 0\.\d{{4}} \({ALWAYS}\)", plain)
    assert re.search(r"^ *always (politics|sports) +0\.\d+ +0\.\d+", plain, flags=re.MULTILINE)

    promoted = said(desk, "promote", "--plan", plan)
    assert promoted.startswith("Promoted as version 1")
    assert DEAD in promoted


def test_a_floor_refuses_what_gives_up_a_category_and_the_json_says_by_which_rule(desk: Path) -> None:
    configure(
        desk, "training_pipeline: {auto_deploy_threshold: 0.3, gate: {rule: errors, floors: {dead_categories: 0}}}"
    )
    refused = newsdesk(desk, "run", "--no-serve", "--data", "articles.csv", "--json")
    assert refused.returncode == 1
    told = json.loads(refused.stdout)
    assert told["gate"]["decision"] == "refused"
    assert (
        "1 of 3 categories have F1 0, more than training_pipeline.gate.floors.dead_categories 0"
        in (told["gate"]["reason"])
    )
    evidence = told["gate"]["evidence"]
    assert (evidence["rule"], evidence["metric"], evidence["needed"]) == (
        "errors",
        "accuracy",
        {"error_reduction": 0.05},
    )
    assert evidence["dead_categories"] == told["winner"]["dead_categories"] == ["technology"]
    assert evidence["baseline"] == told["winner"]["test_baseline"]
    assert evidence["test_articles"] == told["dataset"]["counts"]["test"]
