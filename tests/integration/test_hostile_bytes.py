"""What the real server answers to bytes that no honest client sends: always a refusal, always at once."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPException, HTTPResponse

import httpx
import pytest

from tests.integration.hostile import BAD_HTTP, BAD_VALUES, HEADLINE, HOST, JSON, OK, bad_bodies, bad_http, post
from tests.integration.test_serve_command import PATIENCE, Server, free_port, save_champion, serving

AT_ONCE = 1.0  # seconds
FAILURES_IN_THEIR_PLACE = {  # of texts, among the answers to the others
    "/predict/batch: escaped NUL",
    "/predict/batch: escaped lone surrogate",
    "/predict/batch: escaped surrogates the wrong way round",
    "/predict/batch: a thousand digits behind the point",
    "/predict/batch: an object of a hundred thousand keys",
    "/predict/batch: null",
    "/predict/batch: object",
    "/predict/batch: true",
}
NUMBER = "a thousand digits behind the point"  # in a table it is a text
SHAPE = ["error", "message", "code", "request_id", "timestamp"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all: whatever was sent before, it must answer what comes next."""
    folder = tmp_path_factory.mktemp("hostile")
    save_champion(folder)
    port = free_port()
    with serving(folder, "--port", str(port), port=port) as running:
        yield running
        assert "Traceback" not in running.log
        assert '"level": "ERROR"' not in running.log


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for half a second."""
    folder = tmp_path_factory.mktemp("impatient")
    save_champion(folder)
    port = free_port()
    with serving(folder, "--port", str(port), port=port, API_TIMEOUT="0.5") as running:
        yield running


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), timeout=PATIENCE)


def answer_on(line: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer. Raises `HTTPException` or `OSError` where there is none."""
    with closing(HTTPResponse(line)) as response:
        response.begin()
        return response.status, response.read()


def sent(server: Server, data: bytes) -> tuple[int, bytes, float]:
    """Status and body of the answer to `data`, and the seconds until it was there."""
    with connected(server) as line:
        begun = time.perf_counter()
        line.sendall(data)
        return *answer_on(line), time.perf_counter() - begun


def complaint(server: Server, data: bytes) -> str | None:
    """What is wrong with the answer to a request that is to be refused."""
    try:
        status, body, seconds = sent(server, data)
    except (HTTPException, OSError) as error:
        return f"no answer: {type(error).__name__}"
    if not 400 <= status < 500:
        return f"status {status}"
    if list(json.loads(body)) != SHAPE:
        return "another shape"
    if HEADLINE in body:
        return "the input is echoed"
    return f"{seconds:.1f} s" if seconds > AT_ONCE else None


def assert_healthy(server: Server) -> None:
    assert httpx.get(f"{server.address}/health", timeout=AT_ONCE).json()["status"] == "healthy"


def test_every_bad_body_is_refused_at_once_in_the_one_shape(server: Server) -> None:
    corpus = dict(bad_bodies())
    assert len(corpus) > 400
    complaints = {name: wrong for name, data in corpus.items() if (wrong := complaint(server, data))}
    assert {name: wrong for name, wrong in complaints.items() if name not in FAILURES_IN_THEIR_PLACE} == {}
    assert_healthy(server)


@pytest.mark.parametrize("bad", [rb"NUL \u0000 in the text", rb"\ud800 lone in the text"], ids=["NUL", "surrogate"])
def test_a_bad_text_of_a_batch_fails_and_the_others_are_answered(server: Server, bad: bytes) -> None:
    status, body, _ = sent(server, post("/predict/batch", b'{"texts": ["%s", "%s"]}' % (HEADLINE, bad)))
    answer = json.loads(body)
    assert (status, answer["succeeded"], answer["failed"]) == (200, 1, 1)


def test_every_bad_line_fails_in_its_place_and_the_next_is_answered(server: Server) -> None:
    bad = [b'{"text": %s}' % value for name, value in BAD_VALUES.items() if b"\n" not in value and name != NUMBER]
    body = b"".join(line + b"\n" + OK + b"\n" for line in bad)
    status, answer, _ = sent(server, post("/predict/batch", body, content_type=b"application/x-ndjson"))
    lines = [json.loads(line) for line in answer.splitlines()]
    assert status == 200
    assert ["prediction" in line for line in lines] == [False, True] * len(bad)


def test_everything_that_is_no_request_of_ours_is_refused_at_once_in_the_one_shape(server: Server) -> None:
    corpus = dict(bad_http())
    assert len(corpus) > 100
    assert {name: wrong for name, data in corpus.items() if (wrong := complaint(server, data))} == {}
    assert_healthy(server)


@pytest.mark.parametrize("name", BAD_HTTP)
def test_a_client_that_leaves_early_leaves_no_trace(server: Server, name: str) -> None:
    with connected(server) as line:
        line.sendall(BAD_HTTP[name][:100])
    assert_healthy(server)


def test_a_thousand_headers_and_a_header_of_sixty_kilobytes_are_still_a_request(server: Server) -> None:
    headers = [b"x-%d: %d" % (number, number) for number in range(1000)]
    assert sent(server, post("/predict", OK, *headers))[0] == 200
    assert sent(server, post("/predict", OK, b"x: " + b"a" * 60_000))[0] == 200


def test_requests_sent_ahead_are_answered_in_order(server: Server) -> None:
    with connected(server) as line:
        line.sendall(post("/predict", OK) + post("/predict", b"{}") + post("/predict", OK))
        stream = b""
        while stream.count(b"HTTP/1.1 ") < 3:
            stream += line.recv(65_536)
    assert [part[:3] for part in stream.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400", b"200"]


def test_a_body_may_come_byte_by_byte_and_in_chunks(server: Server) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in OK) + b"0\r\n\r\n"
    head = b"\r\n".join([b"POST /predict HTTP/1.1", HOST, JSON, b"transfer-encoding: chunked", b"", b""])
    with connected(server) as line:
        for byte in head + chunks:
            line.sendall(bytes([byte]))
        assert answer_on(line)[0] == 200


def test_every_form_of_a_request_that_http_knows_is_answered(server: Server) -> None:
    old, older = b"GET /health HTTP/1.0\r\n\r\n", b"GET /health\r\n\r\n"
    absolute = b"GET http://newsdesk.test/health HTTP/1.1\r\nhost: newsdesk.test\r\n\r\n"
    upgrade = b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    patient = post("/predict", OK, b"expect: 100-continue")
    assert [sent(server, data)[0] for data in (old, older, absolute, upgrade, patient)] == [200] * 5


SLOW = {
    "nothing": (b"", None),
    "line ends": (b"\r\n\r\n", 408),
    "half a request line": (b"GET /hea", 408),
    "half a head": (b"GET /health HTTP/1.1\r\nhost: a\r\n", 408),
    "half a body": (post("/predict", OK)[:-10], 408),
    "half a chunk": (
        b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n5\r\nab",
        408,
    ),
    "a request, and half a head": (b"GET /health HTTP/1.1\r\nhost: a\r\n\r\nGET /hea", 408),
}


@pytest.mark.parametrize(("data", "status"), SLOW.values(), ids=SLOW)
def test_who_sends_half_and_waits_is_sent_away(impatient: Server, data: bytes, status: int | None) -> None:
    with connected(impatient) as line:
        begun = time.perf_counter()
        line.sendall(data)
        received = b"".join(iter(lambda: line.recv(65_536), b""))
        assert time.perf_counter() - begun < 0.5 + AT_ONCE
    if status is None:
        assert received == b""
    else:
        last = received[received.rindex(b"HTTP/1.1 ") :]
        assert last.startswith(b"HTTP/1.1 %d " % status)
        assert list(json.loads(last.partition(b"\r\n\r\n")[2])) == SHAPE


CRUMBS = {
    "line ends between requests": (b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n", b"\r\n"),
    "the rest of a refused body": (BAD_HTTP["content-length beyond the limit"], b"x"),
}


@pytest.mark.parametrize(("data", "crumb"), CRUMBS.values(), ids=CRUMBS)
def test_crumbs_do_not_keep_a_connection_alive(impatient: Server, data: bytes, crumb: bytes) -> None:
    with connected(impatient) as line:
        line.sendall(data)
        answer_on(line)
        line.settimeout(0.05)
        deadline = time.perf_counter() + 0.5 + AT_ONCE
        while time.perf_counter() < deadline:
            with suppress(TimeoutError):
                try:
                    line.sendall(crumb)
                    if line.recv(1) == b"":
                        return
                except ConnectionError:
                    return
    pytest.fail("the connection is still open")
