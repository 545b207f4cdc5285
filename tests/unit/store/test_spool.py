import json
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.store.spool import Spool

Row = dict[str, Any]

rows = st.lists(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=20), max_size=3))


def spool_in(folder: Path, name: str = "predictions", max_bytes: int = 10**6) -> Spool:
    return Spool(folder, name, max_bytes)


def drained(spool: Spool) -> list[Row]:
    found: list[Row] = []
    assert spool.drain(found.extend) == len(found)
    return found


def numbered(count: int, start: int = 0) -> list[Row]:
    return [{"n": n} for n in range(start, start + count)]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def run(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)


def first_line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_new_spool_is_empty_and_leaves_no_trace(tmp_path: Path) -> None:
    spool = spool_in(tmp_path / "spool")
    assert spool.is_empty
    assert drained(spool) == []
    assert not (tmp_path / "spool").exists()


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(rows, max_size=5), durable=st.booleans())
def test_what_is_appended_is_drained_once_and_in_order(batches: list[list[Row]], durable: bool) -> None:
    with TemporaryDirectory() as folder:
        spool = spool_in(Path(folder))
        for batch in batches:
            assert spool.append(batch, durable)
        assert drained(spool) == [row for batch in batches for row in batch]
        assert drained(spool) == []
        assert spool.is_empty
        assert files(Path(folder)) == []


@settings(max_examples=30, deadline=None)
@given(written=rows, cut=st.integers(0, 300))
def test_a_file_cut_off_anywhere_gives_the_rows_before_the_cut(written: list[Row], cut: int) -> None:
    with TemporaryDirectory() as folder:
        spool = spool_in(Path(folder))
        spool.append(written, durable=True)
        (file,) = files(Path(folder))
        whole = file.read_bytes()[:cut]
        file.write_bytes(whole)
        found = drained(spool)
        assert found == written[: len(found)]
        assert len(found) >= whole.count(b"\n")
        lines = len(whole.splitlines())
        assert len(found) + spool.unreadable == lines


def test_lines_that_are_no_rows_are_counted_and_passed_over(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    (tmp_path / "predictions-1-x.jsonl").write_bytes(b'{"n": 1}\n\x00\x00\n[1]\n"n"\n\xff\n{"n": 2}\n{"n"')
    assert drained(spool) == [{"n": 1}, {"n": 2}]
    assert spool.unreadable == 5


def test_rows_stay_until_they_are_handled(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(3), durable=False)

    def fail(_: list[Row]) -> None:
        raise OSError("away")

    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            spool.drain(fail)
    spool.append(numbered(2, start=3), durable=False)
    assert drained(spool) == numbered(5)


def test_rows_appended_while_others_are_handled_wait_for_the_next_time(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(1), durable=False)

    def append_more(_: list[Row]) -> None:
        assert spool.append(numbered(1, start=1), durable=True)

    assert spool.drain(append_more) == 1
    assert drained(spool) == [{"n": 1}]


def test_many_rows_come_in_batches(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(1200), durable=False)
    sizes: list[int] = []
    spool.drain(lambda batch: sizes.append(len(batch)))
    assert max(sizes) <= 500
    assert sum(sizes) == 1200


def test_a_full_spool_takes_all_of_a_batch_or_nothing(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, max_bytes=100)
    assert spool.append(numbered(9), durable=False)  # 9 bytes each
    assert not spool.append(numbered(3), durable=False)
    assert spool.append(numbered(2, start=9)[:1], durable=False)
    assert drained(spool) == numbered(10)
    assert spool.append(numbered(9), durable=False)


def test_the_limit_counts_what_other_processes_left(tmp_path: Path) -> None:
    (tmp_path / "predictions-1-x.jsonl").write_bytes(b'{"n": 0}\n' * 10)
    assert not spool_in(tmp_path, max_bytes=95).append(numbered(1), durable=False)
    assert spool_in(tmp_path, "feedback", max_bytes=95).append(numbered(1), durable=False)


def test_spools_of_different_names_do_not_meet(tmp_path: Path) -> None:
    predictions, feedback = spool_in(tmp_path), spool_in(tmp_path, "feedback")
    predictions.append([{"kind": "prediction"}], durable=False)
    feedback.append([{"kind": "feedback"}], durable=True)
    assert drained(feedback) == [{"kind": "feedback"}]
    assert drained(predictions) == [{"kind": "prediction"}]


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    spool_in(tmp_path).append(numbered(1), durable=True)
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_a_full_spool(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file, where a folder should be")
    spool = spool_in(tmp_path / "spool")
    assert not spool.append(numbered(1), durable=True)


HOLD = """
import sys, time
from pathlib import Path
from newsdesk.store.spool import Spool
spool = Spool(Path(sys.argv[1]), "predictions", 10**6)
assert spool.append([{"n": 0}, {"n": 1}], durable=True)
print("acknowledged", flush=True)
time.sleep(60)
"""


def test_a_spool_of_a_living_process_is_left_alone_and_that_of_a_killed_one_is_taken_over(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    with run(HOLD, str(tmp_path)) as process:
        assert first_line_of(process) == "acknowledged"
        assert drained(spool) == []
        assert not spool.is_empty
        process.send_signal(signal.SIGKILL)
    assert drained(spool) == numbered(2)
    assert spool.is_empty


NO_SPACE = """
import json, resource, sys
from pathlib import Path
from newsdesk.store.spool import Spool
spool = Spool(Path(sys.argv[1]), "predictions", 10**6)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
kept = [n for n in range(40) if spool.append([{"n": n, "filling": "x" * 37}], durable=n % 2 == 0)]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept += [n for n in range(40, 50) if spool.append([{"n": n}], durable=True)]
print(json.dumps(kept), flush=True)
"""


def test_a_disk_that_is_full_refuses_rows_and_keeps_every_one_that_it_took(tmp_path: Path) -> None:
    with run(NO_SPACE, str(tmp_path)) as process:
        kept = json.loads(first_line_of(process))
    assert 10 <= len([n for n in kept if n < 40]) < 40
    assert kept[-10:] == list(range(40, 50))
    spool = spool_in(tmp_path)
    assert [row["n"] for row in drained(spool)] == kept
    assert spool.unreadable == 0


DRAIN = """
import sys, time
from pathlib import Path
from newsdesk.store.spool import Spool
spool, output = Spool(Path(sys.argv[1]), "predictions", 10**6), open(sys.argv[2], "w")
print("ready", flush=True)
sys.stdin.readline()
def handle(rows):
    output.writelines(f"{row['n']}\\n" for row in rows)
    time.sleep(0.001)
for _ in range(20):
    spool.drain(handle)
output.close()
"""


def test_processes_that_drain_at_once_lose_no_row_and_take_none_twice(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    for n in range(60):
        lines = [json.dumps(row) + "\n" for row in numbered(10, start=n * 10)]
        (folder / f"predictions-{n}-orphan.jsonl").write_text("".join(lines))
    outputs = [tmp_path / f"{n}.txt" for n in range(3)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DRAIN, str(folder), str(output)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for output in outputs
    ]
    for process in processes:
        assert first_line_of(process) == "ready"
    for process in processes:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    found = [int(line) for output in outputs for line in output.read_text().split()]
    assert sorted(found) == list(range(600))
    assert files(folder) == []
