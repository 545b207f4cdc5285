"""The registered model in the hands of MLflow's own tools, where Newsdesk is not installed."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.articles.readers import read_table
from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.pyfunc_files import PIPELINE
from newsdesk.registry.tracking import Tracking
from newsdesk.registry.version import MODEL
from tests.builders import bundle_of, fit_pipeline, sample_rows, sample_texts
from tests.serving import app_of, call
from tests.stack.servers import free_port
from tests.unit.registry.shelf import Shelf, open_shelf
from tests.waiting import eventually

CHAMPION = f"models:/{MODEL}@champion"
TEXTS = [
    "Stock market hits record high after bank results",
    "STRIKER SCORES TWICE AS CHAMPIONS WIN CUP FINAL",
    "The film's director won an award; critics were not amused!",
    "  Ministers don’t agree on 3 new laws…\n\nA vote is expected on Monday.  ",
]
# Stands in for an environment in which Newsdesk was never installed.
NO_NEWSDESK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("newsdesk", "skops", "nltk"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""
PREDICT = """
import json, sys
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
answers = model.predict(pandas.DataFrame({"text": json.loads(sys.argv[3])}))
print(json.dumps(answers.to_dict("records")))
"""


@dataclass(frozen=True)
class Registered:
    """A champion in a real embedded registry, and what `POST /predict` says of a text by the same bundle."""

    shelf: Shelf
    bundle: Bundle

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        app = app_of(self.shelf.settings, Predictor(self.bundle))
        found = [call(app, "POST", "/predict", json={"text": text}).json() for text in texts]
        return [
            {"category": one["prediction"], "confidence": one["confidence"], "probabilities": one["probabilities"]}
            for one in found
        ]

    @property
    def artifacts(self) -> Path:
        (description,) = self.shelf.settings.home.rglob("MLmodel")
        return description.parent


@contextmanager
def tracking(shelf: Shelf) -> Iterator[None]:
    """Let MLflow's own functions work with this registry; they set MLFLOW_TRACKING_URI, which servers heed too."""
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_TRACKING_URI", shelf.settings.tracking_uri)
        mlflow.set_tracking_uri(shelf.settings.tracking_uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)


def register(shelf: Shelf, alpha: float) -> Bundle:
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(MultinomialNB(alpha=alpha), *sample_texts(20), cleaning, tfidf)
    bundle = bundle_of(pipeline, cleaning, tfidf)
    registry = MlflowRegistry(shelf.settings)
    version = registry.register(bundle, pipeline, Tracking(shelf.settings).start("train", {}))
    registry.set_alias("champion", version.version)
    return bundle


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Registered:
    shelf = open_shelf(tmp_path_factory.mktemp("registered"), empty_database)
    return Registered(shelf, register(shelf, alpha=1.0))


@pytest.fixture(scope="module")
def model(registered: Registered) -> mlflow.pyfunc.PyFuncModel:
    with tracking(registered.shelf):
        return mlflow.pyfunc.load_model(CHAMPION)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has MLflow, and no Newsdesk."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "those.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    (packages / "sitecustomize.py").write_text(NO_NEWSDESK)
    python, server = folder / "bin" / "python", folder / "bin" / "uvicorn"
    server.write_text(f"#!{python}\nfrom uvicorn import main\nmain()\n")  # `mlflow models serve` looks for it in PATH
    server.chmod(0o755)
    return python


def alone(python: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    environment = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ} | {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_TRACKING_URI": more.pop("address", ""),
    }
    return subprocess.Popen(
        [str(python), *arguments], env=environment, cwd=python.parent, stdout=subprocess.PIPE, text=True, **more
    )


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one["category"] == other["category"]
        assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-9)
        assert list(one["probabilities"]) == list(other["probabilities"])
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-9)


INPUTS: dict[str, Callable[[list[str]], Any]] = {
    "a column": lambda texts: pd.DataFrame({"text": texts}),
    "a column of another name": lambda texts: pd.DataFrame({"content": texts}),
    "headlines alone": lambda texts: pd.DataFrame({"headline": texts}),
    "beside other columns": lambda texts: pd.DataFrame({"id": range(len(texts)), "text": texts, "views": 1.5}),
    "a column of objects": lambda texts: pd.DataFrame({"text": np.array(texts, dtype=object)}),
    "a list": lambda texts: texts,
    "an array": np.array,
    "a series": pd.Series,
    "a series with a name": lambda texts: pd.Series(texts, name="text"),
    "records": lambda texts: [{"text": text} for text in texts],
    "columns": lambda texts: {"text": texts},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("given", INPUTS)
def test_raw_texts_are_answered_as_the_server_answers_them(
    given: str, model: mlflow.pyfunc.PyFuncModel, registered: Registered
) -> None:
    assert_same(model.predict(INPUTS[given](TEXTS)).to_dict("records"), registered.answers(TEXTS))


def test_title_and_text_are_joined_as_in_training(model: mlflow.pyfunc.PyFuncModel, registered: Registered) -> None:
    titles, texts = [*TEXTS[:2], None, ""], [TEXTS[2], None, TEXTS[3], TEXTS[0]]
    joined = [f"{TEXTS[0]}\n\n{TEXTS[2]}", TEXTS[1], TEXTS[3], TEXTS[0]]
    found = model.predict(pd.DataFrame({"title": titles, "text": texts}))
    assert_same(found.to_dict("records"), registered.answers(joined))


def test_rows_keep_their_index(model: mlflow.pyfunc.PyFuncModel) -> None:
    assert list(model.predict(pd.DataFrame({"text": TEXTS}, index=[7, 3, 5, 1])).index) == [7, 3, 5, 1]


def test_a_text_that_the_server_refuses_has_no_answer_in_its_place(
    model: mlflow.pyfunc.PyFuncModel, registered: Registered
) -> None:
    refused = ["", "   ", "a", "a\0b and more words", "!!!! ????", "\u200b\u200b\u200b", "⚽" * 20, "x" * 1_000_001]
    texts = [TEXTS[0], None, *refused, TEXTS[1]]
    found = model.predict(pd.DataFrame({"text": texts})).to_dict("records")
    assert_same([found[0], found[-1]], registered.answers([TEXTS[0], TEXTS[1]]))
    assert found[1:-1] == [{"category": None, "confidence": None, "probabilities": None}] * (1 + len(refused))
    app = app_of(registered.shelf.settings, Predictor(registered.bundle))
    assert {call(app, "POST", "/predict", json={"text": text}).status_code for text in refused} == {400}
    broken = pd.Series(["a broken \ud800 character"], dtype=object, name="text")
    assert model.predict(broken)["category"].isna().all()


def test_the_categories_alone_are_given_where_they_are_asked_for(
    model: mlflow.pyfunc.PyFuncModel, registered: Registered
) -> None:
    expected = [answer["category"] for answer in registered.answers(TEXTS)]
    assert list(model.predict(TEXTS, params={"output": "category"})) == expected
    with tracking(registered.shelf):
        other = mlflow.pyfunc.load_model(CHAMPION, model_config={"output": "category"})
    assert list(other.predict(TEXTS)) == expected
    with pytest.raises(mlflow.MlflowException, match="one of prediction, category"):
        model.predict(TEXTS, params={"output": "proba"})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pd.DataFrame({"views": [1], "author": ["Ada"]}), "a column 'text', with 'title' beside it"),
        (pd.DataFrame({"text": [["two", "texts"], ["one"]]}), "a list where text belongs"),
        (pd.DataFrame({"text": ["a text"], 0: ["another"]}), "Name the columns"),
    ],
)
def test_what_holds_no_texts_is_refused_and_told(
    given: pd.DataFrame, told: str, model: mlflow.pyfunc.PyFuncModel
) -> None:
    with pytest.raises(mlflow.MlflowException, match=told):
        model.predict(given)


def test_mlflow_shows_what_goes_in_and_what_comes_out(model: mlflow.pyfunc.PyFuncModel) -> None:
    signature = model.metadata.signature
    assert {"text", "title", "headline"} <= set(signature.inputs.input_names())
    assert signature.outputs.input_names() == ["category", "confidence", "probabilities"]
    assert list(model.input_example.columns) == ["text"]
    assert len(model.predict(model.input_example)) == len(model.input_example)


def test_the_artifact_holds_no_pickle_and_the_bundle_where_servers_look(registered: Registered) -> None:
    found = {file.relative_to(registered.artifacts) for file in registered.artifacts.rglob("*.*")}
    files = {file.as_posix() for file in found if "__pycache__" not in file.parts}  # made by who loads it from there
    assert {"bundle/bundle.json", "bundle/vocabulary.json", "bundle/weights.safetensors", PIPELINE} <= files
    kinds = {Path(name).suffix for name in files}
    assert kinds <= {".json", ".safetensors", ".skops", ".py", ".yaml", ".txt"} | {""}
    for file in registered.artifacts.rglob("*"):
        assert not file.is_file() or b"cloudpickle" not in file.read_bytes(), file
        assert not file.is_file() or not file.read_bytes().startswith(b"\x80"), file  # how a pickle begins
    assert load_bundle(registered.artifacts / "bundle").digest == registered.bundle.digest


def test_the_code_in_the_artifact_imports_nothing_but_itself_and_what_is_pinned(registered: Registered) -> None:
    required = (registered.artifacts / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all("==" in name for name in required)
    (package,) = (registered.artifacts / "code").iterdir()
    imported = {name for file in package.rglob("*.py") for name in imported_packages(file.read_text(encoding="utf-8"))}
    assert imported - sys.stdlib_module_names == {name.partition("==")[0] for name in required} | {package.name}


def imported_packages(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_where_newsdesk_is_not_installed_the_answers_are_the_same(registered: Registered, elsewhere: Path) -> None:
    with alone(elsewhere, "-c", "import newsdesk", stderr=subprocess.PIPE) as absent:
        assert "ModuleNotFoundError: newsdesk" in absent.communicate(timeout=60)[1]
    address = registered.shelf.settings.tracking_uri
    with alone(elsewhere, "-c", PREDICT, address, CHAMPION, json.dumps(TEXTS)) as run:
        printed, _ = run.communicate(timeout=300)
    assert run.returncode == 0
    assert_same(json.loads(printed.splitlines()[-1]), registered.answers(TEXTS))


def test_what_the_documentation_shows_runs_there(registered: Registered, elsewhere: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    with alone(elsewhere, "-c", script, address=registered.shelf.settings.tracking_uri) as run:
        printed, _ = run.communicate(timeout=300)
    assert run.returncode == 0
    assert "probabilities" in printed
    assert registered.answers(["Stock market hits record high"])[0]["category"] in printed


def test_two_versions_answer_side_by_side(tmp_path: Path, empty_database: Path) -> None:
    shelf = open_shelf(tmp_path, empty_database)
    bundles = [register(shelf, alpha) for alpha in (1.0, 0.2)]
    for number, bundle in enumerate(bundles, start=1):
        with tracking(shelf):
            found = mlflow.pyfunc.load_model(f"models:/{MODEL}/{number}").predict(TEXTS)
        assert np.allclose(found["confidence"], [one.confidence for one in Predictor(bundle).predict_many(TEXTS)])


def test_mlflow_serves_it(registered: Registered, elsewhere: Path) -> None:
    port = free_port()
    options = ["--env-manager", "local", "--port", str(port), "--host", "127.0.0.1", "--workers", "1"]
    server = alone(
        elsewhere,
        *("-m", "mlflow", "models", "serve", "--model-uri", CHAMPION, *options),
        address=registered.shelf.settings.tracking_uri,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: server.poll() is not None or answers(address), seconds=240)
        expected = registered.answers(TEXTS)
        rows = pd.DataFrame({"text": TEXTS})
        for body in (
            {"dataframe_records": rows.to_dict("records")},
            {"dataframe_split": rows.to_dict("split")},
            {"inputs": TEXTS},
            {"inputs": {"text": TEXTS}},
            {"instances": [{"text": text} for text in TEXTS]},
            {"dataframe_records": [{"title": "", "text": text} for text in TEXTS]},
        ):
            answer = httpx.post(f"{address}/invocations", json=body, timeout=60)
            assert_same(answer.json()["predictions"], expected)
        table = httpx.post(
            f"{address}/invocations", content=rows.to_csv(index=False), headers={"Content-Type": "text/csv"}, timeout=60
        )
        assert_same(table.json()["predictions"], expected)
        categories = httpx.post(f"{address}/invocations", json={"inputs": TEXTS, "params": {"output": "category"}})
        assert [one["category"] for one in categories.json()["predictions"]] == [one["category"] for one in expected]
        refused = httpx.post(f"{address}/invocations", json={"dataframe_records": [{"author": "Ada"}]})
        assert (refused.status_code, "No column holds texts" in refused.text) == (400, True)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ping", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.filterwarnings("ignore")
def test_mlflow_evaluates_it_as_a_classifier(
    model: mlflow.pyfunc.PyFuncModel, registered: Registered, tmp_path: Path
) -> None:
    rows = sample_rows(40)
    data = pd.DataFrame([{"title": row["title"], "text": row["text"], "truth": row["category"]} for row in rows])
    joined = model.predict(data)["category"]
    with tracking(registered.shelf):
        plots = mlflow.create_experiment("evaluated", artifact_location=tmp_path.as_uri())
        mlflow.set_experiment(experiment_id=plots)
        result = mlflow.models.evaluate(
            CHAMPION, data, targets="truth", model_type="classifier", model_config={"output": "category"}
        )
    assert result.metrics["accuracy_score"] == pytest.approx((joined == data["truth"]).mean())
    assert result.metrics["accuracy_score"] > 0.5


@pytest.mark.filterwarnings("ignore")
def test_headlines_of_real_news_are_answered_as_the_server_answers_them(
    model: mlflow.pyfunc.PyFuncModel, registered: Registered, shared_data: Path
) -> None:
    table = read_table(shared_data / "bbc_news.csv", "utf-8")
    titles = [str(row.values["title"]) for row in table.rows][:200]
    titles += [title.upper() for title in titles]
    app = app_of(registered.shelf.settings, Predictor(registered.bundle))
    found = [
        one
        for start in range(0, len(titles), 50)
        for one in call(app, "POST", "/predict/batch", json={"texts": titles[start : start + 50]}).json()["predictions"]
    ]
    answers = model.predict(pd.DataFrame({"text": titles}))
    assert list(answers["category"]) == [one["prediction"] for one in found]
    assert np.abs(answers["confidence"] - [one["confidence"] for one in found]).max() <= 1e-9
