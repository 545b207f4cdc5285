"""Who is measured: how each is started, asked, and understood."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.serving.environments import PeerEnvironment
from benchmarks.serving.model import APPS, SavedModel
from tests.stack.servers import free_port

SOURCE = APPS.parents[2] / "src"
NEWSDESK, NO_OP = "newsdesk", "no-op FastAPI"


@dataclass(frozen=True)
class Contender:
    """A server. `command` takes its port, the model and a folder of its own; a text goes between `before` and
    `behind`; `probabilities` finds them in an answer, by category, and is None where the answer is no prediction."""

    name: str
    command: Callable[[int, SavedModel, Path], list[str]]
    path: str = "/predict"
    before: str = '{"text": "'
    behind: str = '"}'
    probabilities: Callable[[Any], Mapping[str, float]] | None = lambda answer: answer["probabilities"]
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: PeerEnvironment | None = None

    def body(self, text: str) -> bytes:
        return f"{self.before}{json.dumps(text)[1:-1]}{self.behind}".encode()

    def variables(self, model: SavedModel, programs: Path) -> dict[str, str]:
        """Of its process: the model, our cleaning, its own programs before all others, and no telemetry."""
        return {
            "NEWSDESK_HOME": str(model.newsdesk_home),
            "PIPELINE": str(model.pickle),
            "PYTHONPATH": f"{APPS}{os.pathsep}{SOURCE}",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "BENTOML_DO_NOT_TRACK": "true",
            **self.settings,
        }


def contenders() -> list[Contender]:
    """All of them, newsdesk first."""
    return [newsdesk(NEWSDESK), newsdesk(f"{NEWSDESK}, no prediction log", PREDICTION_LOG="false"), *peers()]


def newsdesk(name: str, **settings: str) -> Contender:
    """`newsdesk serve` with these settings, and else as it comes."""
    return Contender(name, _newsdesk, settings=settings)


def peers() -> list[Contender]:
    """The ceiling, and what people use otherwise. Pins: the newest that can be installed beside Python 3.11 today."""
    model_file = f"scikit-learn=={version('scikit-learn')}"  # a pickle wants the version that wrote it
    shared = (model_file, "regex", "pyyaml", "uvloop", "httptools")
    bentoml = PeerEnvironment("bentoml", ("bentoml==1.4.39", *shared))
    return [
        Contender(NO_OP, _uvicorn("no_op:app"), probabilities=None),
        Contender("FastAPI + scikit-learn", _uvicorn("plain:app")),
        Contender(
            f"mlflow models serve {version('mlflow')}",
            _mlflow,
            path="/invocations",
            before='{"inputs": ["',
            behind='"]}',
            probabilities=lambda answer: answer["predictions"][0]["probabilities"],
        ),
        Contender(
            "MLServer 1.7.1",
            _mlserver,
            path="/v2/models/news/infer",
            before='{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["',
            behind='"]}]}',
            probabilities=lambda answer: json.loads(answer["outputs"][1]["data"][0]),
            environment=PeerEnvironment("mlserver", ("mlserver==1.7.1", *shared)),
        ),
        Contender("BentoML 1.4.39", _bentoml, environment=bentoml),
        Contender(
            "BentoML 1.4.39, batching",
            _bentoml,
            path="/predict_gathered",
            before='{"texts": ["',
            behind='"]}',
            probabilities=lambda answer: answer[0]["probabilities"],
            environment=bentoml,
        ),
    ]


def _newsdesk(port: int, _model: SavedModel, _folder: Path) -> list[str]:
    return [sys.executable, "-m", "newsdesk", "serve", "--port", str(port)]


def _uvicorn(application: str) -> Callable[[int, SavedModel, Path], list[str]]:
    def command(port: int, _model: SavedModel, _folder: Path) -> list[str]:
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--port", str(port)]
        return [sys.executable, "-m", "uvicorn", application, *options]

    return command


def _mlflow(port: int, model: SavedModel, _folder: Path) -> list[str]:
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(model.mlflow), *options]


def _mlserver(port: int, _model: SavedModel, folder: Path) -> list[str]:
    """Adaptive batching, and inference in the process that answers: its worker of its own ends at once under uvloop."""
    server = {"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    served = {"name": "news", "implementation": "mlserver_runtime.Classifier"}
    (folder / "settings.json").write_text(json.dumps(server | {"parallel_workers": 0, "debug": False}))
    (folder / "model-settings.json").write_text(json.dumps(served | {"max_batch_size": 32, "max_batch_time": 0.001}))
    return ["mlserver", "start", str(folder)]


def _bentoml(port: int, _model: SavedModel, _folder: Path) -> list[str]:
    options = ["--working-dir", str(APPS), "--host", "127.0.0.1", "--port", str(port)]
    return ["bentoml", "serve", "bentoml_service:Classifier", *options]
