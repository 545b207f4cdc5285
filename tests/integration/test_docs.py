"""The documentation is a contract: what it shows runs, and what exists is in it."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression
from typer.main import get_command

from newsdesk.articles.column_mapping import KNOWN_NAMES
from newsdesk.articles.quarantine import REASONS
from newsdesk.cli.app import app
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring import metric_buffer
from newsdesk.monitoring.catalogue import CATALOGUE
from newsdesk.serving.error_codes import ErrorCode
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.problems import ProblemCode
from newsdesk.serving.security.permissions import PERMISSIONS
from tests.builders import QUICK_MODELS, fitted_bundle, sample_rows, settings_in, write_csv
from tests.serving import service_of, while_running
from tests.warm import warm_newsdesk

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def shell_lines(page: Path) -> list[str]:
    """The commands in a page's shell blocks, continued lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def newsdesk_commands(*pages: str) -> list[str]:
    """Of these pages, whose commands need no more than `desk` has, in their order."""
    return [line for page in pages for line in shell_lines(ROOT / page) if line.startswith("newsdesk ")]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what the README says a reader has: a table, and one with the labels apart."""
    folder = tmp_path / "reader"
    folder.mkdir()
    rows = sample_rows(60)
    write_csv(folder / "articles.csv", rows)
    write_csv(folder / "labels.csv", [{"id": row["id"], "category": row["category"]} for row in rows])
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    return folder


def run_at(desk: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NEWSDESK_HOME": "var"}
    command = [warm_newsdesk(), *arguments]
    return subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False)


def filled_in(line: str, desk: Path) -> list[str]:
    """The arguments of a command, with what its words in capitals stand for on this desk."""
    words = shlex.split(line)[1:]
    if "VERSION" in words:
        words[words.index("VERSION")] = next(desk.glob("var/datasets/*/manifest.json")).parent.name
    if "ARCHIVE" in words:
        words[words.index("ARCHIVE")] = str(next(desk.glob("var/backups/newsdesk-*")))
    return words


@pytest.mark.parametrize("pages", [("README.md", "docs/scoring.md"), ("docs/how-do-i.md",)], ids=["README", "how-do-i"])
def test_the_commands_of_a_page_run_in_the_order_in_which_they_stand(desk: Path, pages: tuple[str, ...]) -> None:
    commands = newsdesk_commands(*pages)
    assert commands
    for line in commands:
        if "rollback" in line:  # there must be something to go back from
            (desk / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.3}}", encoding="utf-8")
            assert run_at(desk, "run", "--data", "articles.csv", "--no-serve").returncode == 0
            assert run_at(desk, "models", "promote", "2").returncode == 0
        done = run_at(desk, *filled_in(line, desk))
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert {path.name for path in desk.iterdir()} == {"articles.csv", "labels.csv", "configs", "var"}


def test_what_the_page_of_wishes_asks_of_the_api_is_answered(tmp_path: Path) -> None:
    requests = [shlex.split(line) for line in shell_lines(ROOT / "docs" / "how-do-i.md") if line.startswith("curl ")]
    assert len(requests) >= 4
    predictor = Predictor(fitted_bundle(LogisticRegression(C=10.0)))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await client.post(words[2].removeprefix("localhost:8000"), json=json.loads(words[words.index("-d") + 1]))
            for words in requests
        ]

    for words, answer in zip(requests, while_running(service_of(settings_in(tmp_path), predictor), ask), strict=True):
        assert answer.is_success, (words, answer.text)


def test_there_are_thirty_wishes_and_more_and_where_one_cannot_the_page_says_so() -> None:
    wishes = page_of("how-do-i.md").split("\n### … ")[1:]
    assert len(wishes) >= 30
    assert all(wish.partition("\n")[0].endswith("?") for wish in wishes)
    assert sum("\nYou cannot" in wish for wish in wishes) >= 6


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_place_in_a_page_of_ours_leads_to_a_heading(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*\.md)?#([^)]+)\)", page.read_text(encoding="utf-8")):
        assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"


@pytest.mark.parametrize("name", ["api.md", "operating.md", "security.md"])
def test_what_a_kill_loses_is_told_alike_and_as_the_server_waits(name: str) -> None:
    assert signature(PredictionLog).parameters["interval"].default == 0.5
    interval = metric_buffer._INTERVAL * 1000
    told = (
        "takes along the log's rows of its last half second, of its last second while another program locks SQLite, "
        f"and the metrics' counts of its last {interval:.0f} ms; on a busy machine both wait longer."
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
    assert documented == set(get_args(ErrorCode))


def test_every_code_of_a_problem_is_documented_and_no_other() -> None:
    table = page_of("api.md").partition("| problem | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", table, re.M)) == set(get_args(ProblemCode))


def test_every_metric_is_documented_as_the_program_tells_it() -> None:
    for metric in CATALOGUE:
        assert f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {metric.help} |" in page_of("api.md")


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by, as GitHub makes it of them."""
    headings = re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
