"""What is in the images, and what is not."""

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.engine.engine import ROOT, TARGETS, Engine

pytestmark = pytest.mark.engine

CANARY = b"canary-that-must-not-be-in-any-layer"
NOT_FOR_IMAGES = (".env", "secrets/api_secret_key", ".git/config", "var/newsdesk.db", "data/raw/table.csv")


@pytest.mark.parametrize("image", TARGETS)
def test_an_image_runs_as_nobody_special_and_has_a_list_of_parts_and_no_installer_or_compiler(
    engine: Engine, image: str
) -> None:
    found = engine.run(
        "docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c",
        "ls /usr/share/sbom; command -v pip pip3 gcc cc make || true; id -u",
    ).split()  # fmt: skip
    assert found[-1] == "1000"
    assert len(found) > 1
    assert all(name.endswith(".cdx.json") for name in found[:-1]), found


@pytest.mark.parametrize("image", ["newsdesk-train", "newsdesk-airflow"])
def test_what_makes_backups_has_a_pg_dump_as_new_as_the_server(engine: Engine, image: str) -> None:
    client = engine.run("docker", "run", "--rm", "--network", "none", "--entrypoint", "pg_dump", image, "--version")
    services = (ROOT / "deploy" / "compose" / "services.yaml").read_text(encoding="utf-8")
    assert f"image: postgres:{client.split()[2].split('.')[0]}-" in services


def test_images_grow_from_small_to_large(engine: Engine) -> None:
    sizes = [engine.inspect(image)["Size"] for image in ("newsdesk", "newsdesk-train", "newsdesk-airflow")]
    assert all(small < large for small, large in pairwise(sizes))


def test_nothing_that_a_checkout_keeps_to_itself_is_in_a_layer(engine: Engine, tmp_path: Path) -> None:
    """Images are built from a checkout in which secrets lie where people keep them; then every layer is read."""
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split("\n"):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    for name in NOT_FOR_IMAGES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(CANARY)
    tags = [f"{target}:with-canary" for target in TARGETS]
    for target, tag in zip(TARGETS, tags, strict=True):
        engine.build_image(target, tag, tmp_path)

    assert not holds(engine, tags, CANARY)
    assert holds(engine, tags, b"def smoke_test(")  # what is there is found


def holds(engine: Engine, images: list[str], wanted: bytes) -> bool:
    """Whether any layer or the description of one of these images has these bytes; layers are saved as plain tar."""
    command, environment = ["docker", "save", *images], os.environ | {"DOCKER_HOST": engine.address}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        tail, found = b"", False
        while part := saving.stdout.read(1 << 22):
            found = found or wanted in tail + part
            tail = part[-len(wanted) :]
    assert saving.returncode == 0
    return found
