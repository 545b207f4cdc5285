from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from newsdesk.store.connection import StoreConnection
from newsdesk.store.records import FeedbackConflict, StoreError

ASKED_AGAIN_TOO_SOON = "The store is away. It is tried again soon."


class Desk:
    """A store in a folder that may be in the way, and a clock to set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "var"
        self.now = 1000.0
        self.store = StoreConnection(f"sqlite:///{self.folder / 'store.db'}", lambda: self.now)

    def break_down(self) -> None:
        self.folder.write_text("a file, where a folder should be")

    def repair(self) -> None:
        self.folder.unlink()

    def complaint(self) -> str:
        with pytest.raises(StoreError) as away:
            self.store.use(count)
        return str(away.value)

    def wait_until_tried(self) -> float:
        """For how many seconds a store that is away is left alone."""
        began = self.now
        while self.complaint() == ASKED_AGAIN_TOO_SOON:
            self.now += 0.25
        return self.now - began


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def count(store: Engine) -> int:
    with store.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM predictions")).scalar_one())


def fail(store: Engine) -> None:
    with store.connect() as connection:
        connection.execute(text("SELECT 'an article' FROM nowhere"))


def refuse(store: Engine) -> None:
    raise FeedbackConflict("no")


def test_the_store_is_opened_when_it_is_first_used_and_again_after_it_was_closed(desk: Desk) -> None:
    assert not desk.folder.exists()
    for _ in range(2):
        assert desk.store.use(count) == 0
        assert desk.store.is_up
        desk.store.close()


def test_a_store_that_stays_away_is_left_alone_twice_as_long_each_time_up_to_half_a_minute(desk: Desk) -> None:
    desk.break_down()
    assert desk.complaint() != ASKED_AGAIN_TOO_SOON
    assert not desk.store.is_up
    assert [desk.wait_until_tried() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_many_who_find_the_store_away_at_once_make_it_wait_no_longer_than_one(desk: Desk) -> None:
    desk.break_down()
    desk.complaint()
    for _ in range(5):
        desk.store.give_up()
    assert desk.wait_until_tried() == 1


def test_a_store_that_comes_back_is_used_again_and_trusted_as_before(desk: Desk) -> None:
    desk.break_down()
    desk.complaint()
    desk.wait_until_tried()
    desk.repair()
    desk.now += 2
    assert desk.store.use(count) == 0
    assert desk.store.is_up
    with pytest.raises(StoreError):
        desk.store.use(fail)
    desk.now += 1
    assert desk.store.use(count) == 0


def test_a_store_that_lost_its_file_gets_a_new_one(desk: Desk) -> None:
    assert desk.store.use(count) == 0
    for file in desk.folder.iterdir():
        file.unlink()
    with pytest.raises(StoreError):
        desk.store.use(count)
    desk.now += 1
    assert desk.store.use(count) == 0


def test_what_a_driver_says_is_not_repeated(desk: Desk) -> None:
    with pytest.raises(StoreError) as away:
        desk.store.use(fail)
    assert "article" not in str(away.value)


def test_a_conflict_is_an_answer_of_a_store_that_is_well(desk: Desk) -> None:
    with pytest.raises(FeedbackConflict):
        desk.store.use(refuse)
    assert desk.store.is_up
