"""Files as other tools write them: `docs/file-zoo.md` has them as a table, `python -m tests.zoo` makes them."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from newsdesk.errors import NewsdeskError
from tests.zoo.making import FOLDER
from tests.zoo.members import MEMBERS, Member
from tests.zoo.page import PAGE, page
from tests.zoo.reading import aside, expected, found, read_member
from tests.zoo.stories import STORIES

ROOT = Path(__file__).parents[3]
NAMED = "pandas|Polars|Hugging Face datasets|Excel|Label Studio|doccano|Argilla|Label Sleuth|Prodigy|NewsAPI|Kaggle"


@pytest.mark.parametrize("member", [m for m in MEMBERS if not m.refused], ids=lambda member: member.name)
def test_a_file_of_another_tool_gives_the_articles_that_are_in_it(member: Member) -> None:
    checked = read_member(member)

    assert found(checked, title=member.title) == expected(member)
    assert aside(checked) == dict(member.aside)


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.refused], ids=lambda member: member.name)
def test_a_file_that_is_refused_is_told_what_it_is_and_what_to_do(member: Member) -> None:
    with pytest.raises(NewsdeskError, match=member.refused) as told:
        read_member(member)
    assert not any(story.text[:20] in str(told.value) for story in STORIES)


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.option and not m.labels], ids=lambda member: member.name)
def test_an_option_is_needed_where_the_table_says_so(member: Member) -> None:
    assert what_is_read(Member(member.name, member.tool, member.format)) != expected(member)


def what_is_read(member: Member) -> list[tuple[str, ...]]:
    try:
        return found(read_member(member), title=member.title)
    except NewsdeskError:
        return []


def test_most_files_are_read_untouched_and_every_tool_is_there_twice() -> None:
    assert len(MEMBERS) >= 74
    assert sum(member.untouched for member in MEMBERS) >= 62
    counts = Counter(member.tool for member in MEMBERS)
    assert {tool for tool in NAMED.split("|") if counts[tool] < 2} == set()


def test_every_file_has_its_place_in_the_table_and_its_version() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"versions.json"}
    versions = json.loads((FOLDER / "versions.json").read_text(encoding="utf-8"))

    assert files == {member.name for member in MEMBERS} == set(versions)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500_000


def test_the_page_shows_what_becomes_of_each_file_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_tools_are_pinned_by_hash_without_a_host() -> None:
    locked = (ROOT / "requirements" / "zoo.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9-]+==.*(?:\n    .*)*", locked, flags=re.MULTILINE)
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in locked
