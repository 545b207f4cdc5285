"""The address of a SQLite file leads to that file, whatever its name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.store.engine import store_engine
from tests.builders import settings_in

NAMES = st.text(st.sampled_from("?#%41&=;+@:[] é'\"\\") | st.characters(codec="utf-8", exclude_characters="/\0"))
ODD = ["a?b", "a?mode=memory", "a#b", "a%41", "100%", "a b", "a@b", "é", "a+b", "x&y=z", "[::1]", "a\nb"]


@given(NAMES)
def test_an_address_leads_to_its_file(name: str) -> None:
    file = Path(f"/home/{name}/newsdesk.db")
    url = make_url(sqlite_address(file))
    assert (url.database, dict(url.query), url.get_backend_name()) == (str(file), {}, "sqlite")


def test_the_address_of_a_plain_path_shows_it() -> None:
    assert sqlite_address(Path("/srv/news desk/newsdesk.db")) == "sqlite:////srv/news desk/newsdesk.db"


@pytest.mark.parametrize("name", ODD)
def test_the_store_lies_in_its_home_and_nothing_beside_it(name: str, tmp_path: Path) -> None:
    home = tmp_path / name
    settings = settings_in(tmp_path, NEWSDESK_HOME=str(home))
    engine = store_engine(settings.database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE told (what TEXT)"))
    engine.dispose()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [home / "newsdesk.db"]
