"""The documentation is a contract: what it shows runs, and what exists is in it."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command

from newsdesk.articles.columns import KNOWN_NAMES
from newsdesk.articles.quarantine import REASONS
from newsdesk.cli.app import app
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.settings import Settings
from newsdesk.monitoring import batch
from newsdesk.monitoring.catalogue import CATALOGUE
from newsdesk.serving.codes import Code
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.problems import ProblemCode
from newsdesk.serving.security.permissions import PERMISSIONS
from tests.builders import QUICK_MODELS, sample_rows, write_csv
from tests.warm import warm_newsdesk

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def shell_lines(page: Path) -> list[str]:
    """The commands in a page's shell blocks, continued lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def newsdesk_commands() -> list[str]:
    """Of the README, and of the page whose commands need no more than a champion."""
    pages = (ROOT / "README.md", ROOT / "docs" / "scoring.md")
    return [line for page in pages for line in shell_lines(page) if line.startswith("newsdesk ")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the README says a reader has: a table, and one with the labels apart."""
    folder = tmp_path_factory.mktemp("reader")
    rows = sample_rows(60)
    write_csv(folder / "articles.csv", rows)
    write_csv(folder / "labels.csv", [{"id": row["id"], "category": row["category"]} for row in rows])
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    return folder


def test_the_readme_commands_run_in_the_order_in_which_they_stand(desk: Path) -> None:
    environment = os.environ | {"NEWSDESK_HOME": str(desk / "var")}
    commands = newsdesk_commands()
    assert commands
    for line in commands:
        if "rollback" in line:  # there must be something to go back from
            again = [warm_newsdesk(), "run", "--data", "articles.csv", "--no-serve"]
            (desk / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.3}}", encoding="utf-8")
            subprocess.run(again, cwd=desk, env=environment, capture_output=True, timeout=120, check=True)
            promote = [warm_newsdesk(), "models", "promote", "2"]
            subprocess.run(promote, cwd=desk, env=environment, capture_output=True, timeout=120, check=True)
        arguments = [warm_newsdesk(), *shlex.split(line)[1:]]
        done = subprocess.run(
            arguments, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert {path.name for path in desk.iterdir()} == {"articles.csv", "labels.csv", "configs", "var"}


def test_the_readme_names_only_targets_that_the_makefile_has() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {line.split()[1] for page in PAGES for line in shell_lines(page) if line.startswith("make ")}
    named |= {
        name for page in PAGES for name in re.findall(r"`(?:sudo )?make ([a-z-]+)`", page.read_text(encoding="utf-8"))
    }
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_ours_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", ["api.md", "operating.md", "security.md"])
def test_what_a_kill_loses_is_told_alike_and_as_the_server_waits(name: str) -> None:
    assert signature(PredictionLog).parameters["interval"].default == 0.5
    told = (
        "takes along the log's rows of its last half second, of its last second while another program locks SQLite, "
        f"and the metrics' counts of its last {batch._INTERVAL * 1000:.0f} ms; on a busy machine both wait longer."
    )
    assert told in " ".join((ROOT / "docs" / name).read_text(encoding="utf-8").split())


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for path in commands(get_command(app)):
        assert f"`newsdesk {path}`" in page


def test_every_environment_variable_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Z_]+)` ", page, flags=re.MULTILINE))
    assert documented == {field.alias for field in Settings.model_fields.values()}


def test_every_cleaning_switch_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, value in TextCleaning().model_dump().items():
        assert f"| `{name}` | {str(value).lower()} |" in page


@pytest.mark.parametrize("name", ["model_config.yaml", "pipeline_config.yaml"])
def test_every_key_of_the_configuration_stands_in_its_file(name: str) -> None:
    from newsdesk.config.model_config import ModelConfig
    from newsdesk.config.pipeline_config import PipelineConfig

    text = (ROOT / "configs" / name).read_text(encoding="utf-8")
    for key in keys_of(ModelConfig if name == "model_config.yaml" else PipelineConfig):
        assert re.search(rf"^\s*{key}:", text, flags=re.MULTILINE), key


def test_every_reason_is_documented_as_the_program_tells_it() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z_<>]+)` \| (.+) \|$", page, flags=re.MULTILINE))
    assert documented == REASONS


def test_every_column_name_is_documented() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for field, names in KNOWN_NAMES.items():
        assert f"| {field} | {', '.join(names)} |" in page


def test_every_request_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", page_of("api.md"), flags=re.MULTILINE)
    pages = {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/static-offline-docs/{path:path}"}
    assert documented == [*dict.fromkeys(documented)]
    assert set(documented) == {(method, path) for method, path, _ in PERMISSIONS if path not in pages}


def test_every_code_of_a_failure_is_documented_and_no_other() -> None:
    documented = {
        code
        for page in ("api.md", "security.md")
        for code in re.findall(r"^\| `([a-z_]+)` \| [45](?:\d\d|xx)", page_of(page), re.M)
    }
    assert documented == set(get_args(Code))


def test_every_code_of_a_problem_is_documented_and_no_other() -> None:
    table = page_of("api.md").partition("| problem | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", table, re.M)) == set(get_args(ProblemCode))


def test_every_metric_is_documented_as_the_program_tells_it() -> None:
    for metric in CATALOGUE:
        assert f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {metric.help} |" in page_of("api.md")


def page_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(command: Any, *path: str) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(path)
    for name, one in inner.items():
        yield from commands(one, *path, name)


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation)
