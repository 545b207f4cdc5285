"""The shared storage, on a server that speaks S3 and in a folder."""

import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from newsdesk.errors import ConfigError
from newsdesk.pipeline.inbox import tables_in
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.plan.create import PlanRequest, plan_training
from newsdesk.pipeline.plan.steps import evaluate_plan, train_candidate
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.storage import Storage, StorageError, open_address
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv

BUCKET = "newsroom"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedMotoServer]:
    """An S3 server with a bucket, to which the environment points."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "not-to-be-shown",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3", skip_instance_cache=True).makedirs(BUCKET, exist_ok=True)
    yield server
    server.stop()
    fsspec.filesystem("s3").clear_instance_cache()


def machine(folder: Path, **environment: str) -> Path:
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    return folder


def test_machines_share_an_inbox_and_their_work_in_an_object_store(s3: ThreadedMotoServer, tmp_path: Path) -> None:
    addresses = {"NEWSDESK_INBOX": f"s3://{BUCKET}/inbox", "NEWSDESK_STORAGE": f"s3://{BUCKET}/work"}
    first, second = (settings_in(machine(tmp_path / name), **addresses) for name in ("first", "second"))
    assert tables_in(first.inbox_address) == []
    file = write_csv(tmp_path / "news.csv", sample_rows(40))
    fsspec.filesystem("s3").put_file(str(file), f"{BUCKET}/inbox/news.csv")

    ingested = ingest(None, None, first, NoProgress())
    assert [(batch.source, batch.new) for batch in ingested.batches] == [(f"s3://{BUCKET}/inbox/news.csv", 200)]
    assert ingest(None, None, second, NoProgress()).status == "nothing"
    planned = plan_training(PlanRequest("a tester", candidates=("naive_bayes",)), first, NoProgress())
    assert planned.plan_id is not None
    train_candidate(planned.plan_id, "naive_bayes", second, NoProgress())
    trained = evaluate_plan(planned.plan_id, first, NoProgress())
    assert [candidate.name for candidate in trained.candidates] == ["naive_bayes"]


def test_a_storage_that_is_away_is_told_in_one_sentence_and_may_pass(
    s3: ThreadedMotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        fsspec.filesystem("s3").clear_instance_cache()
        settings = settings_in(machine(tmp_path), NEWSDESK_STORAGE=f"s3://{BUCKET}/work")
        with pytest.raises(StorageError, match="NEWSDESK_STORAGE") as error:
            Storage(settings).names(settings.datasets)
    assert error.value.may_pass
    assert "not-to-be-shown" not in str(error.value)


def test_an_address_that_nothing_reads_names_what_to_do() -> None:
    with pytest.raises(ConfigError, match="Give a folder, or an address"):
        open_address("carrier-pigeon://loft")


def test_a_folder_without_its_manifest_is_not_there_yet(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, NEWSDESK_STORAGE=str(tmp_path / "shared"))
    half = tmp_path / "shared" / "datasets" / "v1"
    half.mkdir(parents=True)
    (half / "train.parquet").write_bytes(b"half")
    assert not Storage(settings).fetch(settings.datasets / "v1", "manifest.json")
    (half / "manifest.json").write_text("{}", encoding="utf-8")
    assert Storage(settings).fetch(settings.datasets / "v1", "manifest.json")
    assert (settings.datasets / "v1" / "train.parquet").read_bytes() == b"half"
