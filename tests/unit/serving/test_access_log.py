import asyncio
import logging

import pytest

from newsdesk.serving import access_log
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.logs import LogFormatter


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "newsdesk.access")
    return caplog


def test_lines_wait_for_each_other_and_are_written_in_their_order(lines: pytest.LogCaptureFixture) -> None:
    async def requests() -> None:
        log = AccessLog()
        log.add("GET /ready 200", request_id="a")
        log.add("POST /predict 200", request_id="b")
        assert lines.records == []
        await asyncio.sleep(3 * access_log._INTERVAL)

    asyncio.run(requests())
    (record,) = lines.records
    written = LogFormatter("json").format(record).splitlines()
    assert ['"request_id": "a"' in line for line in written] == [True, False]
    assert "POST /predict 200" in written[1]


def test_another_formatter_shows_them_too(lines: pytest.LogCaptureFixture) -> None:
    async def requests() -> None:
        log = AccessLog()
        log.add("GET /ready 200")
        log.add("GET /health 200")
        log.flush()

    asyncio.run(requests())
    assert logging.Formatter("%(message)s").format(lines.records[0]) == "GET /ready 200\nGET /health 200"


def test_a_percent_sign_in_a_path_is_no_trouble(lines: pytest.LogCaptureFixture) -> None:
    async def requests() -> None:
        log = AccessLog()
        log.add("GET /%s 404")
        log.flush()

    asyncio.run(requests())
    assert lines.records[0].getMessage() == "GET /%s 404"


def test_many_lines_do_not_wait(lines: pytest.LogCaptureFixture) -> None:
    async def requests() -> None:
        log = AccessLog()
        for number in range(access_log._MAX_WAITING):
            log.add(f"GET /{number} 404")

    asyncio.run(requests())
    assert len(lines.records) == 1


def test_what_is_not_wanted_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "newsdesk.access")

    async def requests() -> None:
        log = AccessLog()
        log.add("GET /ready 200")
        log.flush()

    asyncio.run(requests())
    assert caplog.records == []
