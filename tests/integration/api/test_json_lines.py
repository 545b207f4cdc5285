"""POST /predict/batch with JSON Lines: any number of texts, each answered in a line of its own."""

import json
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from newsdesk.serving.app import create_app
from newsdesk.serving.json_lines import LONGEST_LINE
from newsdesk.serving.server_state import ServerState
from tests.builders import sample_texts, settings_in
from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, listening, predictor, rows_of, running
from tests.serving import service_of, value_of

LINES = {"Content-Type": "application/x-ndjson"}
LINE = json.dumps({"text": HEADLINE}).encode() + b"\n"
PATIENCE = 60  # seconds


def ask(api: Api, *lines: bytes, **more: Any) -> list[dict[str, Any]]:
    """The answers to lines, joined as they are."""
    response = api.post("/predict/batch", content=b"".join(lines), headers=LINES, **more)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return answers_in(response.content)


def answers_in(body: bytes) -> list[dict[str, Any]]:
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.splitlines()]


def quiet_service(folder: Path, **environment: str) -> ServerState:
    return service_of(settings_in(folder, **environment), predictor())


def connected(address: str) -> socket.socket:
    """A connection that holds little of what it was sent and has not read."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plug.settimeout(PATIENCE)
    parts = urlsplit(address)
    plug.connect((parts.hostname, parts.port))
    plug.sendall(
        b"POST /predict/batch HTTP/1.1\r\nHost: newsdesk.test\r\nContent-Type: application/jsonl\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    return plug


def send_chunks(plug: socket.socket, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        plug.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))


def test_a_line_has_the_fields_of_a_batch_and_the_id_that_it_came_with(api: Api) -> None:
    named, nameless = ask(api, json.dumps({"text": HEADLINE, "id": "a-1"}).encode() + b"\n", LINE)
    assert set(named) == {
        "index",
        "prediction",
        "confidence",
        "probabilities",
        "prediction_id",
        "model_version",
        "id",
        "warnings",
        "abstained",
    }
    assert (named["index"], named["id"], nameless["index"], nameless["id"]) == (0, "a-1", 1, None)
    assert named["prediction"] == nameless["prediction"] == "sports"


def test_lines_are_answered_as_each_alone_and_logged_under_their_ids(tmp_path: Path) -> None:
    texts, _ = sample_texts(40)
    with running(tmp_path, PREDICTION_BATCH_SIZE="7") as api:
        answers = ask(api, *(json.dumps({"text": text}).encode() + b"\n" for text in texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer["probabilities"] == pytest.approx(predictor().predict(text).probabilities, abs=1e-12)
    logged = {row["id"] for row in rows_of(api.settings, "predictions")}
    assert logged == {answer["prediction_id"] for answer in answers}


def test_the_last_line_needs_no_end_and_blank_lines_are_left_out(api: Api) -> None:
    answers = ask(api, b"\n", LINE, b"  \r\n\n", LINE.replace(b"\n", b"\r\n"), LINE.strip())
    assert [answer["index"] for answer in answers] == [0, 1, 2]
    assert {answer["prediction"] for answer in answers} == {"sports"}


def test_no_lines_get_no_answer(api: Api) -> None:
    response = api.post("/predict/batch", content=b"\n\n", headers=LINES)
    assert (response.status_code, response.content) == (200, b"")


BROKEN = {
    "no JSON": MARK.encode(),
    "truncated": LINE[:-4],
    "a list": b"[1]",
    "a number": b"5",
    "no text": b'{"id": "x"}',
    "NaN": b'{"text": NaN}',
    "a key twice": b'{"text": "a", "text": "b"}',
    "bad UTF-8": b'{"text": "\xff\xfe"}',
    "half a character": rb'{"text": "broken \ud800 character"}',
    "NUL": rb'{"text": "there is a \u0000 in here"}',
    "short": b'{"text": "short"}',
    "blank": b'{"text": "                "}',
    "deep": b"[" * 5000,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_a_failure_in_its_place_without_an_echo(broken: bytes, api: Api) -> None:
    before, failure, after = ask(api, LINE, broken + b"\n", LINE)
    assert list(failure) == ["index", "error", "message", "code", "id"]
    assert (failure["index"], failure["error"]) == (1, "Invalid input")
    assert MARK not in str(failure)
    assert (before["prediction"], after["prediction"], after["index"]) == ("sports", "sports", 2)


def test_a_text_that_cannot_be_answered_keeps_its_id(api: Api) -> None:
    (failure,) = ask(api, b'{"text": "short", "id": "a-1"}')
    assert (failure["id"], failure["code"]) == ("a-1", "text_too_short")


def test_what_is_wished_goes_into_the_query(api: Api) -> None:
    (answer,) = ask(api, LINE, params={"top_k": 2, "threshold": 0.99, "model": "1"})
    assert answer["prediction"] == "uncertain"
    assert len(answer["probabilities"]) == 2


@pytest.mark.parametrize(
    "query", [{"top_k": 0}, {"top_k": "x"}, {"threshold": 2}, {"threshold": "nan"}, {"model": "best"}, {"text": MARK}]
)
def test_a_wish_that_cannot_be_is_refused_before_anything_is_answered(query: dict[str, Any], api: Api) -> None:
    response = api.post("/predict/batch", content=LINE, headers=LINES, params=query)
    assert response.status_code == 400
    assert code_of(response) == "invalid_input"
    assert MARK not in response.text


def test_a_version_that_is_not_there_and_a_server_without_a_model_are_told_by_the_status(tmp_path: Path) -> None:
    with running(tmp_path / "a") as api:
        assert api.post("/predict/batch?model=9", content=LINE, headers=LINES).status_code == 404
    with running(tmp_path / "b", without_model=True) as api:
        response = api.post("/predict/batch", content=LINE, headers=LINES)
    assert (response.status_code, code_of(response)) == (503, "no_model")


def test_a_line_that_is_too_long_ends_the_answer_with_a_failure(api: Api) -> None:
    async def body() -> Any:
        yield LINE
        for _ in range(LONGEST_LINE // 2**20 + 8):
            yield b"x" * 2**20

    response = api.post("/predict/batch", content=body(), headers=LINES)
    answer, failure = answers_in(response.content)
    assert answer["prediction"] == "sports"
    assert (failure["index"], failure["code"]) == (1, "line_too_long")


def test_20000_lines_take_little_memory_even_where_nothing_is_read_before_all_is_sent(tmp_path: Path) -> None:
    count = 20_000
    line = json.dumps({"text": HEADLINE + " " * 4000}).encode() + b"\n"
    service = quiet_service(tmp_path, PREDICTION_LOG="false")
    received, ending = 0, b""
    with listening(create_app(service)) as address, connected(address) as plug:
        before = most = resident()
        for _ in range(count // 20):
            send_chunks(plug, [line * 20])
            most = max(most, resident())
        plug.sendall(b"0\r\n\r\n")
        while piece := plug.recv(2**16):
            received += piece.count(b"\n")
            ending = (ending + piece)[-64:]
            most = max(most, resident())
    assert received >= count
    assert ending.endswith(b"0\r\n\r\n")
    made = value_of(service.metrics, "predictions_total", {"category": "sports", "model_version": "1"})
    assert made == count
    assert most - before < len(line) * count / 2, f"{most - before:,} bytes more"


def resident() -> int:
    """Bytes of memory that this process takes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_answers_come_while_lines_are_still_sent(tmp_path: Path) -> None:
    with listening(create_app(quiet_service(tmp_path))) as address, connected(address) as plug:
        for _ in range(3):
            send_chunks(plug, [LINE])
            read_until(plug, b'"prediction":"sports"')


def read_until(plug: socket.socket, wanted: bytes) -> bytes:
    found = b""
    while wanted not in found:
        piece = plug.recv(2**16)
        assert piece, f"the connection ended with {found!r}"
        found += piece
    return found


def test_who_sends_nothing_for_too_long_is_told(tmp_path: Path) -> None:
    service = quiet_service(tmp_path, API_TIMEOUT="0.2")
    with listening(create_app(service)) as address, connected(address) as plug:
        send_chunks(plug, [LINE])
        found = read_until(plug, b"0\r\n\r\n")
    assert b'"prediction":"sports"' in found
    assert b'"code":"timeout"' in found


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = quiet_service(tmp_path)
    with listening(create_app(service)) as address:
        for _ in range(3):
            with connected(address) as plug:
                send_chunks(plug, [LINE * 10, LINE[:20]])
                read_until(plug, b'"prediction":"sports"')
        wait_until_idle(service, address)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def wait_until_idle(service: ServerState, address: str) -> None:
    """Requests are over when only the one that asks is counted."""
    for _ in range(500):
        if httpx.get(f"{address}/health").status_code == 200 and in_progress(service) == 0:
            return
    raise AssertionError(f"{in_progress(service)} requests are still in progress")


def in_progress(service: ServerState) -> float | None:
    return value_of(service.metrics, "api_requests_in_progress")


def test_lines_may_come_from_a_generator(tmp_path: Path) -> None:
    def lines() -> Iterator[bytes]:
        yield from (LINE for _ in range(500))

    with listening(create_app(quiet_service(tmp_path))) as address:
        response = httpx.post(f"{address}/predict/batch", content=lines(), headers=LINES, timeout=PATIENCE)
    assert [answer["index"] for answer in answers_in(response.content)] == list(range(500))
