"""Whether what is asked goes through a proxy of the environment."""

import os
import re
import socket
from pathlib import Path

import pytest

from newsdesk.http_client import bypass_proxies, is_this_machine, make_opener
from tests.answering import answering

SOURCE = Path(__file__).parents[2] / "src"
NOBODY = "http://127.0.0.1:9"  # a port that nobody listens on


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def our_address() -> str:
    """Of an interface that leads elsewhere, where there is one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:80", "api.localhost", "127.0.0.1", "127.3.2.1:5", "[::1]:8000", "0.0.0.0", "[::]:1"),
        socket.gethostname(),
        our_address(),
    ],
)
def test_these_are_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["news.example", "localhost.example", "127.0.0.1.example", "192.0.2.1:80", "[2001:db8::1]", "", "[::"]
)
def test_these_are_others(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_leads_to_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    monkeypatch.setenv("http_proxy", NOBODY)
    with answering(200, b"it is me") as port, make_opener().open(f"http://{host}:{port}/", timeout=5) as answer:
        assert answer.read() == b"it is me"


def test_others_are_asked_through_the_proxy_unless_no_proxy_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, b"by proxy") as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        with make_opener().open("http://mlflow.invalid:5000/", timeout=5) as answer:
            assert answer.read() == b"by proxy"
        monkeypatch.setenv("no_proxy", "mlflow.invalid")
        with pytest.raises(OSError, match=r"Name or service not known|name resolution|No address"):
            make_opener().open("http://mlflow.invalid:5000/", timeout=5)


def test_libraries_are_told_to_spare_this_machine_and_what_was_spared_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "intranet")
    monkeypatch.setenv("NO_PROXY", "intranet")
    for address in ("http://127.0.0.1:5001", "http://mlflow.example:5001", "sqlite:///var/mlflow.db"):
        bypass_proxies(address)
        bypass_proxies(address)
    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "intranet,127.0.0.1"


def test_everything_that_asks_over_http_does_so_here() -> None:
    asking = re.compile(r"urlopen\(|build_opener\((?!ProxyHandler\(\{\}\))")
    files = [file for file in SOURCE.rglob("*.py") if asking.search(file.read_text(encoding="utf-8"))]
    assert [file.name for file in files] == ["http_client.py"]
