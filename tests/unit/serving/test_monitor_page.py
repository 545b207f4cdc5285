"""The page of /monitor: drawn once for all who ask, at most once a minute, and not by the server."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from newsdesk import __version__
from newsdesk.config.settings import Settings
from newsdesk.serving import monitor_page
from newsdesk.serving.command import CommandFailed, run_newsdesk
from newsdesk.serving.errors import ApiError
from newsdesk.serving.monitor_page import MonitorPage
from tests.builders import settings_in
from tests.unit.serving.security.builders import Clock


class Drawing:
    """Stands for the command: a page with the number of the run, when it is let go."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = False
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def __call__(self, _: Settings, *arguments: str) -> bytes:
        assert arguments == ("monitor", "--html", "-")
        self.runs += 1
        run = self.runs
        await self.may_go.wait()
        if self.fails:
            raise CommandFailed("postgresql://host does not answer.")
        return b"<!doctype html>%d" % run


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    drawing = Drawing()
    monkeypatch.setattr(monitor_page, "run_newsdesk", drawing)
    return drawing


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(tmp_path: Path, clock: Clock) -> MonitorPage:
    return MonitorPage(settings_in(tmp_path), clock)


def run(use: Callable[[], Awaitable[None]]) -> None:
    async def used() -> None:
        await asyncio.wait_for(use(), 30)

    asyncio.run(used())


def test_a_page_is_shown_for_a_minute(page: MonitorPage, drawing: Drawing, clock: Clock) -> None:
    async def use() -> None:
        for now, run in ((0, 1), (59.9, 1), (60, 2), (100, 2), (120, 3)):
            clock.now = now
            assert await page.html() == b"<!doctype html>%d" % run

    run(use)


def test_texts_are_on_the_page_that_is_drawn_with_them_alone(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    async def draw(_: Settings, *arguments: str) -> bytes:
        asked.append(arguments)
        return b"<!doctype html>"

    async def use() -> None:
        for page in pages:
            await page.html()

    monkeypatch.setattr(monitor_page, "run_newsdesk", draw)
    pages = [MonitorPage(settings_in(tmp_path), clock, with_examples=shown) for shown in (False, True)]
    run(use)
    assert asked == [("monitor", "--html", "-"), ("monitor", "--html", "-", "--examples")]


def test_however_many_ask_it_is_drawn_once(page: MonitorPage, drawing: Drawing) -> None:
    async def use() -> None:
        assert set(await asyncio.gather(*(page.html() for _ in range(50)))) == {b"<!doctype html>1"}
        assert drawing.runs == 1

    run(use)


def test_who_gives_up_does_not_stop_it_for_the_others(page: MonitorPage, drawing: Drawing) -> None:
    async def use() -> None:
        drawing.may_go.clear()
        impatient = asyncio.create_task(page.html())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        assert impatient.cancelled()
        drawing.may_go.set()
        assert await page.html() == b"<!doctype html>1"

    run(use)


def test_a_failure_is_told_without_addresses_and_tried_again_after_a_minute(
    page: MonitorPage, drawing: Drawing, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        drawing.fails = True
        for _ in range(3):
            with pytest.raises(ApiError) as caught:
                await page.html()
            assert (caught.value.status, caught.value.code) == (503, "monitor_failed")
            assert "postgresql" not in caught.value.message
        assert drawing.runs == 1
        drawing.fails, clock.now = False, 60
        assert await page.html() == b"<!doctype html>2"

    run(use)
    assert "postgresql://host does not answer." in caplog.text


def test_closing_ends_what_is_being_drawn(page: MonitorPage, drawing: Drawing) -> None:
    async def use() -> None:
        await page.close()
        drawing.may_go.clear()
        waiting = asyncio.create_task(page.html())
        await asyncio.sleep(0)
        await page.close()
        await asyncio.wait([waiting])
        assert waiting.cancelled()

    run(use)


def test_the_command_is_ours_and_its_last_word_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert asyncio.run(run_newsdesk(settings, "version")).decode().strip() == __version__
    with pytest.raises(CommandFailed, match="There is no key"):
        asyncio.run(run_newsdesk(settings, "keys", "revoke", "nobody"))
