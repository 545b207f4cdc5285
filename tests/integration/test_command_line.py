"""`python -m newsdesk`, the real command in a folder of its own: what it says when it cannot do what it is asked."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from newsdesk import __version__
from newsdesk.cli.app import app
from newsdesk.pipeline.lock import only_writer
from newsdesk.registry.champion_pointer import POINTER
from tests.builders import sample_rows, write_csv
from tests.warm import warm_newsdesk

ARTICLES = "articles.csv"
OURS = ("NEWSDESK_", "API_", "MLFLOW_")


def newsdesk(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`, with its state in `folder/var`."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    is_about_the_start = "PYTHONPROFILEIMPORTTIME" in more
    command = [sys.executable, "-m", "newsdesk"] if is_about_the_start else [warm_newsdesk()]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=outside | {"NEWSDESK_HOME": str(folder / "var")} | more,
        capture_output=True,
        text=True,
        timeout=120,
    )


def run_job(folder: Path, *arguments: str, data: str = ARTICLES, **more: str) -> subprocess.CompletedProcess[str]:
    return newsdesk(folder, "run", "--no-serve", "--data", data, *arguments, **more)


def sentence_of(ended: subprocess.CompletedProcess[str]) -> str:
    """The one sentence with which a refused command ends, after the progress it made."""
    assert ended.returncode in (1, 2)
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    *progress, sentence = [line for line in ended.stderr.splitlines() if line]
    assert all(line.startswith("✓ ") for line in progress)
    assert sentence.startswith("newsdesk: ")
    assert sentence.endswith((".", "?"))
    return sentence


def assert_nothing_was_left(folder: Path) -> None:
    """No champion, no registered version, nothing half-written."""
    state = folder / "var"
    assert not (state / "bundles" / POINTER).exists()
    assert [path for path in state.rglob(".*") if path.name not in (".lock", ".promotion.lock")] == []
    registry = state / "mlflow.db"
    if registry.exists():
        with closing(sqlite3.connect(registry)) as connection:
            for table in ("registered_models", "model_versions"):
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def imported_by(ended: subprocess.CompletedProcess[str]) -> set[str]:
    """The packages that a command run with PYTHONPROFILEIMPORTTIME has imported."""
    return set(re.findall(r"^import time: .*\| +(\w+)$", ended.stderr, flags=re.MULTILINE))


def all_commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from all_commands(inner, *path, name)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=" ".join(("newsdesk", *path)),
        )
        for path in all_commands(get_command(app))
    ],
)
def test_every_command_explains_itself_with_an_example(tmp_path: Path, path: tuple[str, ...]) -> None:
    ended = newsdesk(tmp_path, *path, "--help", COLUMNS="200")
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert "Usage:" in ended.stdout
    assert re.search(rf"Example: {' '.join(('newsdesk', *path))}\b", ended.stdout)


def test_help_imports_nothing_that_takes_long(tmp_path: Path) -> None:
    ended = newsdesk(tmp_path, "run", "--help", PYTHONPROFILEIMPORTTIME="1")
    imported = imported_by(ended)
    assert "typer" in imported
    assert not imported & {"numpy", "sklearn", "mlflow", "fastapi", "pyarrow", "sqlalchemy", "nltk"}


def test_version_prints_the_version_and_nothing_else(tmp_path: Path) -> None:
    ended = newsdesk(tmp_path, "version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["rnu"], "rnu"), (["run", "--dta", ARTICLES], "--dta"), (["run", "--data"], "--data"), (["models", "x"], "x")],
)
def test_a_mistyped_command_is_bad_usage_and_is_named(tmp_path: Path, arguments: list[str], named: str) -> None:
    ended = newsdesk(tmp_path, *arguments)
    assert ended.returncode == 2
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def few_rows() -> list[dict[str, str]]:
    return sample_rows(4)


def nothing(folder: Path) -> None:
    """Write no table at all."""


def good_table(folder: Path) -> None:
    write_csv(folder / ARTICLES, few_rows())


def no_table_but_a_folder(folder: Path) -> None:
    (folder / ARTICLES).mkdir()


def no_bytes(folder: Path) -> None:
    (folder / ARTICLES).touch()


def only_a_header(folder: Path) -> None:
    (folder / ARTICLES).write_text("id,title,text,category\n", encoding="utf-8")


def without(*columns: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        rows = [{name: value for name, value in row.items() if name not in columns} for row in few_rows()]
        write_csv(folder / ARTICLES, rows)

    return write


def one_category(folder: Path) -> None:
    write_csv(folder / ARTICLES, [row | {"category": "sports"} for row in few_rows()])


def a_lonely_category_that_is_refused(folder: Path) -> None:
    (folder / "configs").mkdir()
    (folder / "configs" / "pipeline_config.yaml").write_text("data_pipeline: {on_small_category: refuse}\n")
    lonely = {"id": "lonely", "title": "Chess", "text": "A lone story from a far town.", "category": "chess"}
    write_csv(folder / ARTICLES, [*few_rows(), lonely])


def a_tenth_without_text(folder: Path) -> None:
    rows = [row | ({"title": "", "text": " "} if i % 10 == 3 else {}) for i, row in enumerate(sample_rows(20))]
    write_csv(folder / ARTICLES, rows)


def ending_with(line: bytes) -> Callable[[Path], None]:
    """Twenty good rows, rows 2 to 21 of the table, each on one line of its own, then `line`."""

    def write(folder: Path) -> None:
        path = write_csv(folder / ARTICLES, [row | {"text": " ".join(row["text"].split())} for row in few_rows()])
        with path.open("ab") as file:
            file.write(line)

    return write


def repeated_column(folder: Path) -> None:
    (folder / ARTICLES).write_text("id,text,text,category\n1,one,two,sports\n", encoding="utf-8")


def configured(name: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        good_table(folder)
        (folder / "configs").mkdir()
        (folder / "configs" / name).write_bytes(content)

    return write


def settings_file(content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        good_table(folder)
        (folder / ".env").write_bytes(content)

    return write


@dataclass(frozen=True)
class Refusal:
    """Bad input, the exit code it ends with, and what the sentence names."""

    write: Callable[[Path], None]
    exit_code: int
    says: tuple[str, ...]
    data: str = ARTICLES
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


REFUSALS = {
    "missing file": Refusal(nothing, 2, (ARTICLES, "no such file", "Check the path")),
    "missing file of labels": Refusal(
        good_table, 2, ("labels.csv", "no such file"), arguments=("--labels", "labels.csv")
    ),
    "folder": Refusal(no_table_but_a_folder, 2, (ARTICLES, "give a file")),
    "unknown suffix": Refusal(
        lambda folder: (folder / "articles.docx").write_text("x"),
        2,
        ("articles.docx", "Export it as CSV"),
        "articles.docx",
    ),
    "empty file": Refusal(no_bytes, 1, (f"{ARTICLES} is empty", "Give a table")),
    "header only": Refusal(only_a_header, 1, (ARTICLES, "no rows", "Give a table")),
    "no text column": Refusal(without("text", "title"), 2, (ARTICLES, "--text-column", "id, category")),
    "no category column": Refusal(without("category"), 2, (ARTICLES, "--category-column", "id, title, text")),
    "named text column missing": Refusal(
        good_table, 2, (ARTICLES, "'inhalt'", "id, title, text, category"), arguments=("--text-column", "inhalt")
    ),
    "named category column missing": Refusal(
        good_table, 2, (ARTICLES, "'ressort'", "id, title, text, category"), arguments=("--category-column", "ressort")
    ),
    "one category only": Refusal(one_category, 1, (ARTICLES, "'sports'", "at least two categories", "add articles")),
    "a category with one article": Refusal(
        a_lonely_category_that_is_refused,
        1,
        (ARTICLES, "'chess' has 1", "Add articles", "on_small_category: leave_out"),
    ),
    "a tenth of the rows broken": Refusal(
        a_tenth_without_text, 1, ("10 of 100 rows", "missing_text 10", "row 5", "refused.jsonl", "Correct them")
    ),
    "wrong encoding": Refusal(
        ending_with("22,Café,Le café a fermé ses portes,sports\n".encode("latin-1")),
        1,
        (ARTICLES, "line 22", "0xe9", "--encoding windows-1252"),
    ),
    "unknown encoding": Refusal(good_table, 2, ("'klingon'", "Try utf-8"), arguments=("--encoding", "klingon")),
    "cell of fifty megabytes": Refusal(
        ending_with(b'22,Big,"' + b"word " * 10_000_000 + b'",sports\n'), 1, (ARTICLES, "line 22", "one row a line")
    ),
    "quote that is not closed": Refusal(
        ending_with(b'22,Title,"An open cell,sports\n23,Title,Another cell,sports\n'),
        1,
        (ARTICLES, "row 22", "quotation mark", "correct that row"),
    ),
    "repeated column": Refusal(repeated_column, 1, (ARTICLES, "'text'", "more than once", "Rename or remove")),
    "unknown key in the model configuration": Refusal(
        configured("model_config.yaml", b"modells: {}\n"),
        2,
        ("configs/model_config.yaml", "'modells'", "Did you mean 'models'?"),
    ),
    "unknown key in the pipeline configuration": Refusal(
        configured("pipeline_config.yaml", b"training_pipeline: {random_sed: 1}\n"),
        2,
        ("configs/pipeline_config.yaml", "'training_pipeline.random_sed'", "Did you mean 'random_seed'?"),
    ),
    "broken YAML": Refusal(
        configured("model_config.yaml", b"models: [naive_bayes\n"),
        2,
        ("configs/model_config.yaml", "not valid YAML", "line 1", "Correct it"),
    ),
    "port that is no number": Refusal(
        good_table, 2, ("API_PORT", "integer", "'eighty'"), environment={"API_PORT": "eighty"}
    ),
    "port in a settings file": Refusal(settings_file(b"API_PORT=70000\n"), 2, ("API_PORT", "65535", "'70000'")),
    "settings file that is no text": Refusal(settings_file(b"\xff\xfe=1\n"), 2, (".env", "UTF-8")),
}


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(
            refusal,
            id=name,
        )
        for name, refusal in REFUSALS.items()
    ],
)
def test_bad_input_ends_in_one_sentence_that_says_what_where_and_what_to_do(tmp_path: Path, refusal: Refusal) -> None:
    refusal.write(tmp_path)
    ended = run_job(tmp_path, *refusal.arguments, data=refusal.data, **refusal.environment)
    sentence = sentence_of(ended)
    for part in refusal.says:
        assert part in sentence
    assert ended.returncode == refusal.exit_code
    assert_nothing_was_left(tmp_path)


def test_bad_data_is_told_before_anything_that_takes_long_is_imported(tmp_path: Path) -> None:
    ended = run_job(tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert ended.returncode == 2
    imported = imported_by(ended)
    assert "pydantic" in imported
    assert not imported & {"sklearn", "mlflow", "matplotlib"}


Ended = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def unknown_parameter(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A job that gets as far as opening the registry, over a table with a long name."""
    folder = tmp_path_factory.mktemp("unknown_parameter")
    configured("model_config.yaml", b"models: {naive_bayes: {alfa: 1.0}}\n")(folder)
    data = f"articles_{'of_a_long_year_' * 6}.csv"
    (folder / ARTICLES).rename(folder / data)
    return folder, run_job(folder, data=data)


def test_an_unknown_parameter_of_a_classifier_is_named_with_the_nearest_one(unknown_parameter: Ended) -> None:
    folder, ended = unknown_parameter
    assert ended.returncode == 2
    for part in ("models.naive_bayes", "MultinomialNB", "'alfa'", "Did you mean 'alpha'?"):
        assert part in ended.stderr.splitlines()[-1]
    assert ended.stderr.splitlines()[-1].startswith("newsdesk: ")
    assert "Traceback" not in ended.stderr
    assert_nothing_was_left(folder)


def test_an_unknown_parameter_of_a_classifier_is_told_with_its_file(unknown_parameter: Ended) -> None:
    assert "configs/model_config.yaml" in unknown_parameter[1].stderr.splitlines()[-1]


def test_a_command_that_a_serving_installation_cannot_run_says_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['mlflow'] = None; from newsdesk.cli.app import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "models", "rollback"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith("newsdesk: This command needs the package mlflow")
    assert "pip install 'newsdesk[serve,train]'" in sentence


def test_a_log_holds_a_line_for_each_finished_step_and_the_sentence_and_nothing_else(unknown_parameter: Ended) -> None:
    *progress, sentence = unknown_parameter[1].stderr.splitlines()
    assert all(line.startswith("✓ ") for line in progress)
    assert sentence.startswith("newsdesk: ")


def test_a_second_writer_is_refused_while_the_first_one_works(tmp_path: Path) -> None:
    good_table(tmp_path)
    with only_writer(tmp_path / "var"):
        ended = newsdesk(tmp_path, "run", "--no-serve", "--data", ARTICLES)
    assert ended.returncode == 2
    assert str(tmp_path / "var") in sentence_of(ended)
    assert "NEWSDESK_HOME" in ended.stderr
    assert_nothing_was_left(tmp_path)


def test_debug_shows_the_traceback_of_an_error(tmp_path: Path) -> None:
    ended = newsdesk(tmp_path, "--debug", "run", "--no-serve", "--data", ARTICLES)
    assert ended.returncode == 1
    assert "Traceback (most recent call last)" in ended.stderr
    assert "newsdesk.errors.UsageError" in ended.stderr
    assert f"{ARTICLES}: there is no such file" in ended.stderr
