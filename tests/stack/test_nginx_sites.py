"""nginx accepts both of its sites."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.monitoring_servers import program, require

pytestmark = pytest.mark.stack
NGINX = Path(__file__).parents[2] / "deploy" / "nginx"


@pytest.mark.parametrize("site", ["development", "production"])
def test_nginx_accepts_the_site(site: str, tmp_path: Path, missing: Callable[[str], None]) -> None:
    require(missing, "nginx")
    _certificate(tmp_path)
    places = {"/tmp": tmp_path, "/etc/nginx/newsdesk": tmp_path, "/run/secrets": tmp_path, "api:8000": "127.0.0.1:8000"}
    for file in NGINX.glob("*.conf"):
        text = file.read_text(encoding="utf-8")
        for there, here in places.items():
            text = text.replace(f" {there}", f" {here}")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    shutil.copy(tmp_path / f"{site}.conf", tmp_path / "site.conf")

    command = [str(program("nginx")), "-t", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def _certificate(folder: Path) -> None:
    names = ["-keyout", str(folder / "tls_key"), "-out", str(folder / "tls_certificate"), "-subj", "/CN=localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
