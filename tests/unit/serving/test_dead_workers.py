"""Dead workers leave nothing: files are bounded, counts stay right, answers come before figures, and a server ends."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from newsdesk.serving.worker_slots import ROOM, SHARED_FOLDER, make_shared_folder
from tests.stack.servers import free_port
from tests.waiting import eventually

DEATHS = 1_000
LIVE_AND_DIE = f"""
import json, os, signal, sys
from pathlib import Path
from newsdesk.serving.worker_slots import shared_folder, take_slot, own_slot
from newsdesk.serving.last_prediction import LastPredictionTime
from newsdesk.serving.prometheus import exposition
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families
from datetime import UTC, datetime

def told():
    text = exposition(None)[0].decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {{
        name: sum(sample.value for sample in samples if sample.name == name)
        for name in ("api_requests_total", "api_request_duration_seconds_count", "api_requests_in_progress")
    }}

seen = []
for death in range({DEATHS}):
    if os.fork():
        os.wait()
        if death % 50 == 49:
            files = [file.stat().st_size for file in shared_folder().iterdir()]
            seen.append(told() | {{"deaths": death + 1, "files": len(files), "bytes": sum(files)}})
        continue
    take_slot(shared_folder())
    registry = CollectorRegistry()
    Counter("api_requests_total", "-", ["status"], registry=registry).labels(200).inc(2)
    Histogram("api_request_duration_seconds", "-", registry=registry).observe(0.01)
    Gauge("api_requests_in_progress", "-", registry=registry, multiprocess_mode="livesum").inc()
    LastPredictionTime(shared_folder(), own_slot()).note(datetime.now(UTC))
    os.kill(os.getpid(), signal.SIGKILL)
print(json.dumps(seen))
"""


def test_the_files_of_a_thousand_deaths_are_those_of_one_worker_and_no_count_is_lost_or_doubled(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIVE_AND_DIE],
        env=dict(os.environ) | {SHARED_FOLDER: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(ended.stdout)
    assert seen[-1]["deaths"] == DEATHS
    for look in seen:
        assert look["api_requests_total"] == 2 * look["deaths"]
        assert look["api_request_duration_seconds_count"] == look["deaths"]
        assert look["api_requests_in_progress"] == 0
        assert look["files"] <= 5
        assert look["bytes"] <= 3 * ROOM + 1024


def test_what_a_killed_server_left_the_next_one_removes_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    names = ("newsdesk-metrics-killed", "newsdesk-metrics-young", "newsdesk-metrics-other", "another")
    killed, young, other, another = (tmp_path / name for name in names)
    for folder in (killed, young, other, another):
        folder.mkdir()
        if folder != other:
            (folder / "server").touch()
    for folder in (killed, other, another):
        os.utime(folder, (time.time() - 3600,) * 2)
    mine = make_shared_folder()
    os.utime(mine, (time.time() - 3600,) * 2)
    theirs = subprocess.run(
        [sys.executable, "-c", "from newsdesk.serving.worker_slots import *; print(make_shared_folder())"],
        env=dict(os.environ) | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()
    assert {folder for folder in tmp_path.iterdir() if str(folder) != theirs} == {mine, young, other, another}


NO_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024,) * 2)
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from newsdesk.serving.worker_slots import make_shared_folder, shared_folder, take_slot
from newsdesk.serving.prometheus import exposition
take_slot(shared_folder())
from newsdesk.monitoring.api_metrics import ApiMetrics
metrics = ApiMetrics()
metrics.requests.labels("POST", "/predict", 200).inc()
assert "api_requests_total{" not in exposition(metrics.registry)[0].decode()
"""


@pytest.mark.parametrize("folder", ["there", "missing"])
def test_without_room_a_worker_starts_and_tells_once_that_its_figures_are_given_up(tmp_path: Path, folder: str) -> None:
    (tmp_path / "there").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", NO_ROOM],
        env=dict(os.environ) | {SHARED_FOLDER: str(tmp_path / folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr.count("no room for the metrics") == 1
    assert [file.name for file in tmp_path.glob("*/*")] in ([], ["worker_0"])


HANG = """
import os, sys, time
from pathlib import Path
from socket import socket
import uvicorn
from newsdesk.serving.supervisor import Server, Supervisor

def app_that_hangs():
    (Path(__file__).parent / str(os.getpid())).touch()
    while True:
        time.sleep(0.1)

if __name__ == "__main__":
    workers = int(sys.argv[1])
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        times = {"timeout_worker_healthcheck": 60}
        config = uvicorn.Config("hanging:app_that_hangs", factory=True, workers=workers, log_config=None, **times)
        if workers == 1:
            Server(config, 2).run([listener])
        else:
            Supervisor(config, [listener], 2).run()
"""


@pytest.mark.parametrize(("workers", "are_stopped"), [(1, False), (2, False), (2, True)])
def test_sigterm_ends_a_server_in_time_whose_workers_hang(tmp_path: Path, workers: int, are_stopped: bool) -> None:
    script = tmp_path / "hanging.py"
    script.write_text(HANG)
    server = subprocess.Popen(
        [sys.executable, str(script), str(workers)],
        env=environment_of(tmp_path),
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )

    def hanging() -> list[Path]:
        return [file for file in tmp_path.iterdir() if file.name.isdigit()]

    try:
        eventually(lambda: len(hanging()) >= workers, "the workers hang")
        if are_stopped:
            for file in hanging():
                os.kill(int(file.name), signal.SIGSTOP)
            time.sleep(1)  # the parent asks whether they live, and waits for the answer
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
        assert 1 < time.monotonic() - begun < 15
        assert [file for file in hanging() if Path("/proc", file.name).exists()] == []
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=30)


SMALL = """
from socket import socket
import os, sys
from pathlib import Path
import uvicorn
from newsdesk.serving.supervisor import Supervisor
from newsdesk.serving.worker_slots import SHARED_FOLDER, make_shared_folder, shared_folder, take_slot

def app():
    take_slot(shared_folder())
    from prometheus_client import CollectorRegistry, Counter
    from newsdesk.serving.prometheus import exposition
    counter = Counter("answers", "-", registry=CollectorRegistry())
    (Path(__file__).parent / str(os.getpid())).touch()

    async def answer(scope, receive, send):
        if scope["path"] == "/count":
            counter.inc()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": exposition(None)[0]})

    return answer

if __name__ == "__main__":
    os.environ[SHARED_FOLDER] = str(make_shared_folder())
    with socket() as listener:
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        listener.listen()
        config = uvicorn.Config("small:app", factory=True, workers=4, log_config=None, lifespan="off")
        config.timeout_worker_healthcheck = 20
        Supervisor(config, [listener], 10).run()
"""


def test_twenty_killed_workers_of_a_server_leave_nothing_and_take_no_count_along(tmp_path: Path) -> None:
    script, temporary, port = tmp_path / "small.py", tmp_path / "temporary", free_port()
    script.write_text(SMALL)
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, str(script), str(port)],
        env=environment_of(tmp_path) | {"TMPDIR": str(temporary)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    ) as server:

        def workers() -> list[int]:
            pids = [int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()]
            return [pid for pid in pids if Path(f"/proc/{pid}").exists()]

        def ask(path: str) -> bytes:
            return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60).content

        try:
            for count in range(1, 6):
                eventually(lambda: len(workers()) == 4, "all workers are up")
                assert b"answers_total %.1f\n" % count in ask("/count")
                assert len(list(temporary.glob("*/*.db"))) <= 3 * 4
                for worker in workers():
                    os.kill(worker, signal.SIGKILL)
                    eventually(lambda worker=worker: not Path(f"/proc/{worker}").exists(), "it is dead")
            eventually(lambda: len(workers()) == 4, "all workers are up")
            assert b"answers_total 5.0\n" in ask("/")
            assert len([file for file in tmp_path.iterdir() if file.name.isdigit()]) == 24
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
            assert workers() == []
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def environment_of(folder: Path) -> dict[str, str]:
    """For a script in `folder`, of which workers are started."""
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return dict(os.environ) | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
