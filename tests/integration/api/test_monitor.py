"""GET /monitor: a page for people, drawn by the command, and a plain word where it cannot be drawn."""

import sys
from pathlib import Path

import pytest

from tests.integration.api.builders import Api, code_of, running
from tests.stack.running import put_in_charge


def test_the_page_is_html_that_needs_no_script_and_nothing_from_elsewhere(api: Api) -> None:
    put_in_charge(api.settings.home)
    api.predict()
    response = api.get("/monitor")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    assert response.text.lstrip().lower().startswith("<!doctype html>")
    assert "<script" not in response.text
    assert "http://" not in response.text.replace("http://www.w3.org/", "")
    assert "https://" not in response.text


def test_where_the_command_fails_the_answer_says_so(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    response = api.get("/monitor")
    assert (response.status_code, code_of(response)) == (503, "monitor_failed")


def test_without_a_key_nobody_sees_it(tmp_path: Path) -> None:
    with running(tmp_path, API_AUTH="true") as api:
        assert api.get("/monitor").status_code == 401
