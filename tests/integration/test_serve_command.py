"""`newsdesk serve`, the real command on a free port of this machine."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest
from sklearn.linear_model import LogisticRegression

from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import VOCABULARY, save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import POINTER, ChampionPointer, bundle_folder_name, write_champion_pointer
from tests.builders import fitted_bundle, sample_rows, write_csv

HEADLINE = "Striker scores twice as the champions win the cup final"
PATIENCE = 60  # seconds; a server that is up sooner is not waited for


@cache
def bundle() -> Bundle:
    return fitted_bundle(LogisticRegression())


def save_champion(folder: Path, version: str = "7") -> Path:
    """Put a champion in charge of the state under `folder`; returns the folder of its bundle."""
    bundles = folder / "var" / "bundles"
    name = bundle_folder_name(bundle().digest)
    save_bundle(bundle(), bundles / name)
    write_champion_pointer(bundles, ChampionPointer(version=version, digest=bundle().digest, bundle=name))
    return bundles / name


def environment(folder: Path, **more: str) -> dict[str, str]:
    return dict(os.environ) | {"NEWSDESK_HOME": str(folder / "var")} | more


def newsdesk(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "newsdesk", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def busy_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


class Server:
    """A running `newsdesk serve`, and what it wrote to standard error so far."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
        self.process, self.address, self._log = process, address, log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def serving(folder: Path, *arguments: str, host: str = "127.0.0.1", port: int, **more: str) -> Iterator[Server]:
    """Start the command, wait until it answers, and stop it in the end."""
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsdesk", "serve", *arguments],
            cwd=folder,
            env=environment(folder, **more),
            stdout=output,
            stderr=output,
        )
    server = Server(process, f"http://{f'[{host}]' if ':' in host else host}:{port}", log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=PATIENCE)


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            pytest.fail(f"the server ended: {server.log}")
        try:
            httpx.get(f"{server.address}/health")
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    pytest.fail(f"the server does not answer: {server.log}")


def sentence_of(ended: subprocess.CompletedProcess[str]) -> str:
    """The one sentence with which a refused command ends."""
    assert ended.stdout == ""
    assert ended.stderr.startswith("newsdesk: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_the_champion_answers_as_it_does_in_this_process(tmp_path: Path) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, "--port", str(port), port=port) as server:
        health = httpx.get(f"{server.address}/health").json()
        information = httpx.get(f"{server.address}/model/info").json()
        answer = httpx.post(f"{server.address}/predict", json={"text": HEADLINE}).json()
    assert (health["status"], health["model_version"]) == ("healthy", "7")
    assert (information["version"], information["digest"]) == ("7", bundle().digest)
    said = Predictor(bundle()).predict(HEADLINE)
    assert answer["prediction"] == said.category == "sports"
    assert answer["probabilities"] == pytest.approx(said.probabilities)


def test_the_port_may_come_from_the_environment(tmp_path: Path) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, port=port, API_PORT=str(port), API_HOST="localhost") as server:
        assert httpx.get(f"{server.address}/health").status_code == 200


def test_a_bad_request_has_the_one_shape_and_is_not_logged(tmp_path: Path) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, "--port", str(port), port=port) as server:
        good = httpx.post(f"{server.address}/predict", json={"text": HEADLINE})
        bad = httpx.post(f"{server.address}/predict", json={"headline": HEADLINE})
        server.stop()
        log = server.log
    assert (good.status_code, bad.status_code) == (200, 400)
    assert list(bad.json()) == ["error", "message", "code", "request_id", "timestamp"]
    assert log.count("POST /predict") == 2
    assert HEADLINE not in log


def test_even_what_is_no_http_is_answered_in_the_one_shape(tmp_path: Path) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, "--port", str(port), port=port), socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(PATIENCE)
        line.sendall(b"nonsense\r\n\r\n")
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/json" in answer.lower()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_stopped_ends_in_peace(tmp_path: Path, number: int) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, "--port", str(port), port=port) as server:
        assert server.stop(number) in (0, -number)
        assert "Finished server process" in server.log
        assert "Traceback" not in server.log
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.address}/health")


def test_a_server_loads_nothing_that_only_training_needs(tmp_path: Path) -> None:
    save_champion(tmp_path)
    port = free_port()
    with serving(tmp_path, "--port", str(port), port=port, PYTHONPROFILEIMPORTTIME="1") as server:
        assert httpx.post(f"{server.address}/predict", json={"text": HEADLINE}).status_code == 200
        server.stop()
        imported = set(re.findall(r"^import time: .*\| +(\w+)$", server.log, flags=re.MULTILINE))
    assert {"fastapi", "numpy"} <= imported
    assert not imported & {"sklearn", "scipy", "mlflow", "nltk", "pandas", "pyarrow", "matplotlib"}


def test_without_a_champion_nothing_is_served_and_the_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    ended = newsdesk(tmp_path, "serve", "--port", str(free_port()))
    assert ended.returncode == 1
    assert "no champion" in sentence_of(ended)
    assert "newsdesk run" in ended.stderr


def test_a_busy_port_is_named_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    save_champion(tmp_path)
    with busy_port() as port:
        ended = newsdesk(tmp_path, "serve", "--port", str(port))
    assert ended.returncode == 2
    assert f"Port {port} on 127.0.0.1" in sentence_of(ended)
    assert "API_PORT" in ended.stderr


def test_a_job_that_is_to_serve_names_a_busy_port_before_it_begins(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "articles.csv", sample_rows(4))
    with busy_port() as port:
        ended = newsdesk(tmp_path, "run", "--data", str(data), API_PORT=str(port))
    assert ended.returncode == 2
    assert f"Port {port}" in sentence_of(ended)
    assert not (tmp_path / "var").exists()


def cut_short(folder: Path) -> None:
    vocabulary = folder / VOCABULARY
    vocabulary.write_bytes(vocabulary.read_bytes()[:-5])


def remove(folder: Path) -> None:
    (folder / VOCABULARY).unlink()


def damage_pointer(folder: Path) -> None:
    (folder.parent / POINTER).write_text('{"version":', encoding="utf-8")


def point_at_another(folder: Path) -> None:
    write_champion_pointer(folder.parent, ChampionPointer(version="8", digest="sha256:" + "0" * 64, bundle=folder.name))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (cut_short, VOCABULARY),
        (remove, VOCABULARY),
        (damage_pointer, POINTER),
        (point_at_another, "version 8"),
    ],
)
def test_a_damaged_champion_is_not_served_and_the_damage_is_named(
    tmp_path: Path, damage: Callable[[Path], None], named: str
) -> None:
    damage(save_champion(tmp_path))
    ended = newsdesk(tmp_path, "serve", "--port", str(free_port()))
    assert ended.returncode == 1
    assert named in sentence_of(ended)


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_cannot_be_is_bad_usage(tmp_path: Path, port: str) -> None:
    save_champion(tmp_path)
    ended = newsdesk(tmp_path, "serve", f"--port={port}")
    assert ended.returncode == 2
    assert "defect" not in ended.stderr


def test_port_zero_is_not_silently_another_port(tmp_path: Path) -> None:
    save_champion(tmp_path)
    with busy_port() as elsewhere:
        ended = newsdesk(tmp_path, "serve", "--port", "0", API_PORT=str(elsewhere))
    assert ended.returncode == 2
    assert str(elsewhere) not in ended.stderr


def test_an_ipv6_address_can_be_listened_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = probe.getsockname()[1]
    save_champion(tmp_path)
    with serving(tmp_path, "--host", "::1", "--port", str(port), host="::1", port=port) as server:
        assert httpx.get(f"{server.address}/health").status_code == 200
