"""Texts of the greatest length and the worst kinds: answered within a second, and nobody else waits meanwhile."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.sample import CATEGORIES, read_articles
from tests.integration.test_serve_command import Server, free_port, save_champion, serving

AT_ONCE = 1.0  # seconds


def filled(piece: str) -> str:
    """`piece` again and again, up to the greatest length."""
    return (piece * (MAX_TEXT_LENGTH // len(piece) + 1))[:MAX_TEXT_LENGTH]


def distinct_words() -> str:
    return " ".join(map("".join, islice(product(ascii_lowercase, repeat=5), MAX_TEXT_LENGTH // 6)))


def real_words() -> str:
    return filled(" ".join(article.text for category in CATEGORIES for article in read_articles(category)))


TEXTS = {
    "spaces": filled(" "),
    "spaces and a word": filled(" ")[:-4] + "goal",
    "line ends": filled("\r\n")[:-1] + "a",
    "one word": filled("a"),
    "one character in Arabic": filled("\ufdfa"),
    "a capital that grows in small letters": filled("\u0130"),
    "combining marks": "a" + filled("\u0301")[:-1],
    "emoji": filled("\U0001f600"),
    "joined emoji": filled("\U0001f468\u200d"),
    "alternating punctuation": filled(".,"),
    "apostrophes": filled("n't'"),
    "single letters": filled("a "),
    "abbreviations": filled("U.S."),
    "digits": filled("1"),
    "numbers": filled("1,"),
    "open tags": filled("<a "),
    "entities": filled("&#1;"),
    "addresses": filled("http://a.b/"),
    "mail addresses": filled("a@b.c"),
    "at signs": filled("a@"),
    "hyphens": filled("well-"),
    "underscores": filled("_"),
    "distinct words": distinct_words(),
    "real words": real_words(),
}
BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "/predict": lambda text: {"text": text},
    "/explain": lambda text: {"text": text},
    "/predict/batch": lambda text: {"texts": [text]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("costly")
    save_champion(folder)
    port = free_port()
    with serving(folder, "--port", str(port), port=port) as running:
        yield running


@contextmanager
def watched(server: Server) -> Iterator[list[float]]:
    """Ask for its health all the time; yields the seconds that each answer took."""
    seconds: list[float] = []
    is_over = Event()

    def watch() -> None:
        with httpx.Client(base_url=server.address, timeout=10 * AT_ONCE) as client:
            while not is_over.wait(0.01):
                begun = time.perf_counter()
                assert client.get("/health").status_code == 200
                seconds.append(time.perf_counter() - begun)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield seconds
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize("path", BODIES)
def test_no_text_takes_a_second_or_keeps_others_waiting(server: Server, path: str) -> None:
    too_long: dict[str, float] = {}
    with watched(server) as waited, httpx.Client(base_url=server.address, timeout=60) as client:
        for name, text in TEXTS.items():
            body = json.dumps(BODIES[path](text), ensure_ascii=False).encode()
            begun = time.perf_counter()
            answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
            seconds = time.perf_counter() - begun
            assert answer.status_code in (200, 400, 413), name  # an explanation takes shorter bodies
            if seconds > AT_ONCE:
                too_long[name] = seconds
    assert too_long == {}
    assert len(waited) > 0
    assert max(waited) < AT_ONCE
