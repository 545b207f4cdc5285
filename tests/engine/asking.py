"""Clients of production: by TLS, with a token, over connections that are kept."""

import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx

QUESTION = {"text": "Apple unveils revolutionary new AI chip for machine learning"}


@dataclass
class Asked:
    """What came of it. `retried`: requests that a closed connection left unanswered, sent once more."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    retried: int = 0


def client_of(port: str, certificate: Path, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """Asks https://localhost, and believes this certificate alone."""
    context = ssl.create_default_context(cafile=str(certificate))
    return httpx.Client(base_url=f"https://localhost:{port}", verify=context, timeout=30, headers=headers)


@contextmanager
def asking(port: str, certificate: Path, token: str, clients: int = 4) -> Iterator[Asked]:
    """Ask for predictions, some 30 a second, during the block."""
    asked, ending = Asked(), Event()

    def ask() -> None:
        with client_of(port, certificate, {"Authorization": f"Bearer {token}"}) as client:
            while not ending.wait(0.1):
                try:
                    answer = _answer(client, asked)
                except httpx.HTTPError as error:
                    asked.failures.append(repr(error))
                else:
                    asked.answers[answer.status_code] += 1

    threads = [Thread(target=ask, name=f"client {number}") for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _answer(client: httpx.Client, asked: Asked) -> httpx.Response:
    """On a second connection where the first was closed unanswered: nginx does so when it learns of new replicas."""
    try:
        return client.post("/predict", json=QUESTION)
    except (httpx.RemoteProtocolError, httpx.ReadError):
        asked.retried += 1
        return client.post("/predict", json=QUESTION)
