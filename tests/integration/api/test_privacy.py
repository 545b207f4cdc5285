"""Article text stays out of logs, metrics and failures, whatever is asked and whatever goes wrong, and out of files
where no text is to be kept."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.registry.version import MODEL
from newsdesk.serving.app import create_app
from newsdesk.serving.logs import LogFormatter
from newsdesk.serving.security.permissions import PERMISSIONS
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, MARK, Api, listening, predictor, running
from tests.serving import service_of

TEXT = f"{HEADLINE} {MARK}"
LINES = {"Content-Type": "application/x-ndjson"}


class Broken(Predictor):
    """Says the text where it fails."""

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        raise ValueError(f"cannot handle {texts}")

    def rows(self, texts: Sequence[str]) -> Any:
        raise ValueError(f"cannot handle {texts}")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything that was logged, as a server writes it, and as a traceback would."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    formatters = [LogFormatter("json"), LogFormatter("text"), logging.Formatter("%(message)s")]
    yield lambda: "\n".join(
        formatter.format(record)
        for record in caplog.records
        for formatter in formatters
        if not record.name.startswith(("httpx", "httpcore"))
    )
    logging.getLogger("httpx").setLevel(logging.NOTSET)


def requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Good and bad requests to every endpoint, all with the mark in all that one may fill in."""
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    bodies: dict[str, list[Any]] = {
        "/predict": [{"text": TEXT}, {"text": TEXT, "threshold": 1.0}, {"title": TEXT, TEXT: MARK}],
        "/predict/batch": [{"texts": [TEXT, MARK[:5], ""]}, {"texts": [TEXT, 5]}, {"texts": TEXT}],
        "/explain": [{"text": TEXT, "category": MARK}, {"text": TEXT, "top_k": MARK}],
        "/feedback": [
            {"text": TEXT, "category": "sports", "key": "k"},
            {"text": f"{TEXT} again", "category": "business", "key": "k"},
            {"text": TEXT, "prediction_id": MARK, "category": "sports"},
        ],
        "/auth/token": [{"api_key": f"nd_{MARK}"}, {"api_key": MARK, "scopes": [MARK]}],
        "/model/promote": [{"version": MARK}, {"version": "99", "reason": TEXT}],
        "/model/rollback": [{"reason": TEXT, f"{MARK}!": TEXT}],
        f"/v2/models/{MODEL}/infer": [{"inputs": [tensor]}, {"inputs": [tensor | {"shape": [2]}]}],
        f"/v2/models/{MODEL}/versions/1/infer": [{"inputs": [tensor], "id": MARK, "outputs": [{"name": MARK}]}],
        f"/v2/models/{MARK}/infer": [{"inputs": [tensor]}],
        f"/v2/models/{MODEL}/versions/{MARK}/infer": [{"inputs": [tensor]}],
    }
    for path, several in bodies.items():
        for body in several:
            yield "POST", path, {"json": body}
        for content in (
            TEXT.encode(),
            json.dumps(TEXT).encode(),
            json.dumps({"text": TEXT})[:-3].encode(),
            TEXT.encode() + b"\xff",
        ):
            yield "POST", path, {"content": content, "headers": {"Content-Type": "application/json"}}
        yield "POST", path, {"json": {"text": TEXT}, "headers": {"Content-Type": f"text/{MARK}"}}
    for line in (
        json.dumps({"text": TEXT}),
        json.dumps({"text": TEXT, f"{MARK} in": 1}),
        TEXT,
        json.dumps({"text": MARK[:5]}),
    ):
        yield "POST", "/predict/batch", {"content": line.encode(), "headers": LINES}
        yield "POST", "/predict/batch", {"content": line.encode(), "headers": LINES, "params": {TEXT: MARK}}
    for method, path, _ in PERMISSIONS:
        if method == "GET" and "static" not in path:
            for filled in {path, path.replace("{name}", MARK).replace("{version}", MARK)}:
                yield method, filled, {"params": {"text": TEXT}, "headers": {"X-Request-ID": f"{TEXT}", "Cookie": MARK}}
    yield "GET", f"/{MARK}", {}
    yield MARK.upper(), "/predict", {"content": TEXT.encode()}


def assert_no_mark(where: str, found: str) -> None:
    place = found.casefold().find(MARK.casefold())
    assert place < 0, f"{where}: …{found[max(place - 200, 0) : place + 50]}…"


def ask_everything(api: Api) -> int:
    """How many failures there were, none of which repeated what was sent."""
    failures = 0
    for method, path, request in requests():
        response = api.call(method, path, **request)
        if not response.is_success:
            failures += 1
            assert_no_mark(f"{method} {path}", response.text + str(response.headers.raw))
    assert_no_mark("metrics", api.get("/metrics").text)
    return failures


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_no_text_is_in_logs_metrics_failures_or_files(mode: str, tmp_path: Path, logged: Callable[[], str]) -> None:
    with running(tmp_path, EXPERIMENT_MODE=mode, STORE_FEEDBACK_TEXT="false") as api:
        failures = ask_everything(api)
        predictions = api.metric("predictions_total", category="sports", model_version="1")
    assert failures > 50
    assert predictions > 3
    assert_no_mark("log", logged())
    assert_nothing_on_disk(tmp_path)


def test_no_text_is_in_them_when_the_model_breaks(tmp_path: Path, logged: Callable[[], str]) -> None:
    with running(tmp_path, broken(), STORE_FEEDBACK_TEXT="false") as api:
        response = api.post("/predict", json={"text": TEXT})
        assert response.status_code == 500
        ask_everything(api)
        assert api.post("/explain", json={"text": TEXT}).status_code == 500
    assert "ValueError" in logged()
    assert_no_mark("log", logged())
    assert_nothing_on_disk(tmp_path)


def test_no_text_is_in_them_while_the_store_is_away(tmp_path: Path, logged: Callable[[], str]) -> None:
    (tmp_path / "file").touch()
    away = f"sqlite:///{tmp_path}/file/newsdesk.db"
    with running(tmp_path, NEWSDESK_DATABASE_URL=away, STORE_FEEDBACK_TEXT="false") as api:
        ask_everything(api)
    assert_no_mark("log", logged())
    assert_nothing_on_disk(tmp_path)


def test_no_text_is_in_them_without_a_model(tmp_path: Path, logged: Callable[[], str]) -> None:
    with running(tmp_path, without_model=True) as api:
        ask_everything(api)
    assert_no_mark("log", logged())


def test_no_text_is_in_the_log_of_a_real_server(tmp_path: Path, logged: Callable[[], str]) -> None:
    service = service_of(settings_in(tmp_path), broken())
    with listening(create_app(service)) as address, httpx.Client(base_url=address) as client:
        for path, content in (("/predict", json.dumps({"text": TEXT})), ("/predict/batch", json.dumps({"text": TEXT}))):
            headers = {"Content-Type": "application/json"} if path == "/predict" else LINES
            response = client.post(path, content=content, headers=headers)
            assert_no_mark(path, response.text)
    assert "/predict" in logged()
    assert_no_mark("log", logged())


def assert_nothing_on_disk(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            assert_no_mark(file.name, file.read_bytes().decode("latin-1"))


def broken() -> Predictor:
    """A model that passed its checks when it was loaded."""
    model = Broken.__new__(Broken)
    model.__dict__ |= predictor().__dict__
    return model
