import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.dataset import (
    Dataset,
    DatasetContents,
    Examples,
    read_dataset,
    read_examples,
    read_quarantine,
    write_dataset,
)
from newsdesk.articles.quarantine import QuarantinedRow
from newsdesk.articles.splits import SPLITS, Split
from newsdesk.config.model_config import TextCleaning
from newsdesk.errors import DataError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILES = ["quarantine.parquet", "test.parquet", "train.parquet", "validation.parquet"]
ASIDE = QuarantinedRow(9, ("text_too_short", "title_too_long"), id="q", title="Half \\ud83d", text="", category="money")


def article(name: str, **changes: Any) -> LabelledArticle:
    values = {"id": name, "title": f"Title {name}", "text": f"Text {name}: Zürich", "category": "money"}
    return LabelledArticle.model_validate(values | changes)


def articles_with(**changes: Any) -> dict[Split, list[tuple[str, LabelledArticle]]]:
    """Three articles, the first of which has the changes."""
    return {
        "train": [("story-1", article("1", **changes)), ("story-2", article("2", category="sports"))],
        "validation": [("story-3", article("3"))],
        "test": [],
    }


CONTENTS = DatasetContents(
    articles=articles_with(),
    quarantined=[ASIDE],
    validation_split=0.2,
    test_split=0.2,
    random_seed=42,
    text_cleaning=TextCleaning(),
)


def write(home: Path, contents: DatasetContents = CONTENTS, now: datetime = NOW) -> Dataset:
    return write_dataset(home, contents, source="news.csv", now=now)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_dataset_is_a_folder_named_by_its_version_with_what_is_in_it(tmp_path: Path) -> None:
    dataset = write(tmp_path)

    assert dataset.folder == tmp_path / dataset.version
    assert visible(tmp_path) == [dataset.version]
    assert visible(dataset.folder) == ["manifest.json", *FILES]
    manifest = dataset.manifest
    assert (manifest.source, manifest.created_at) == ("news.csv", NOW)
    assert manifest.counts == {"train": 2, "validation": 1, "test": 0}
    assert manifest.categories == {"money": 2, "sports": 1}
    assert manifest.quarantined == {"text_too_short": 1, "title_too_long": 1}
    assert list(manifest.files) == FILES
    assert dataset.classes == ["money", "sports"]


def test_what_was_written_reads_back_the_same(tmp_path: Path) -> None:
    dataset = write(tmp_path)

    read = read_dataset(dataset.folder)

    assert read == dataset
    assert read_quarantine(read) == [ASIDE]
    assert read_examples(read, "train") == Examples(
        ["Title 1\n\nText 1: Zürich", "Title 2\n\nText 2: Zürich"], ["money", "sports"]
    )
    assert read_examples(read, "test") == Examples([], [])


def test_every_field_of_an_article_is_kept_with_the_key_of_its_story(tmp_path: Path) -> None:
    full = article(
        "1", published_at="2025-03-04T05:06:07.000008Z", source="Wire", url="https://n.example", language="en"
    )
    dataset = write(tmp_path, replace(CONTENTS, articles=articles_with() | {"test": [("story-9", full)]}))

    (row,) = pq.read_table(dataset.folder / "test.parquet").to_pylist()

    assert row == full.model_dump() | {"story": "story-9"}


def test_examples_of_two_splits_add_up() -> None:
    both = Examples(["a"], ["x"]) + Examples(["b", "c"], ["y", "x"])

    assert both == Examples(["a", "b", "c"], ["x", "y", "x"])
    assert len(both) == 3


def test_the_same_contents_give_the_same_version_and_the_same_files(tmp_path: Path) -> None:
    one = write(tmp_path / "one")
    two = write_dataset(tmp_path / "two", CONTENTS, source="elsewhere.csv", now=NOW + timedelta(days=1))

    assert one.version == two.version
    assert one.manifest.files == two.manifest.files


def test_a_version_is_the_same_in_every_release() -> None:
    cleaning = TextCleaning(
        lowercase=True,
        remove_punctuation=True,
        remove_numbers=False,
        remove_stopwords=True,
        lemmatization=True,
        min_text_length=10,
    )

    assert replace(CONTENTS, text_cleaning=cleaning).version() == "b9a8e107940277c2"


CHANGES: dict[str, DatasetContents] = {
    "id": replace(CONTENTS, articles=articles_with(id="other")),
    "title": replace(CONTENTS, articles=articles_with(title="other")),
    "text": replace(CONTENTS, articles=articles_with(text="other")),
    "category": replace(CONTENTS, articles=articles_with(category="other")),
    "published_at": replace(CONTENTS, articles=articles_with(published_at=NOW)),
    "source": replace(CONTENTS, articles=articles_with(source="other")),
    "url": replace(CONTENTS, articles=articles_with(url="other")),
    "language": replace(CONTENTS, articles=articles_with(language="de")),
    "story": replace(CONTENTS, articles=articles_with() | {"validation": [("story-4", article("3"))]}),
    "article in another split": replace(
        CONTENTS, articles=articles_with() | {"validation": [], "test": [("story-3", article("3"))]}
    ),
    "article left out": replace(CONTENTS, articles=articles_with() | {"validation": []}),
    "row set aside left out": replace(CONTENTS, quarantined=[]),
    "row number": replace(CONTENTS, quarantined=[replace(ASIDE, row=10)]),
    "reasons": replace(CONTENTS, quarantined=[replace(ASIDE, reasons=("text_too_short",))]),
    "validation_split": replace(CONTENTS, validation_split=0.3),
    "test_split": replace(CONTENTS, test_split=0.3),
    "random_seed": replace(CONTENTS, random_seed=43),
    "cleaning switch": replace(CONTENTS, text_cleaning=TextCleaning(lowercase=False)),
    "min_text_length": replace(CONTENTS, text_cleaning=TextCleaning(min_text_length=11)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_content_or_settings_gives_another_version(change: str) -> None:
    assert CHANGES[change].version() != CONTENTS.version()


def test_no_two_changes_give_the_same_version() -> None:
    assert len({contents.version() for contents in CHANGES.values()}) == len(CHANGES)


def test_a_whole_dataset_is_kept_when_it_is_written_again(tmp_path: Path) -> None:
    first = write(tmp_path)

    again = write(tmp_path, now=NOW + timedelta(days=1))

    assert again == first


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "manifest.json missing": lambda folder: (folder / "manifest.json").unlink(),
    "train.parquet missing": lambda folder: (folder / "train.parquet").unlink(),
    "validation.parquet missing": lambda folder: (folder / "validation.parquet").unlink(),
    "test.parquet missing": lambda folder: (folder / "test.parquet").unlink(),
    "quarantine.parquet missing": lambda folder: (folder / "quarantine.parquet").unlink(),
    "test.parquet cut short": lambda folder: cut_short(folder / "test.parquet"),
    "quarantine.parquet cut short": lambda folder: cut_short(folder / "quarantine.parquet"),
    "train.parquet replaced": lambda folder: shutil.copy(folder / "validation.parquet", folder / "train.parquet"),
    "manifest.json cut short": lambda folder: (folder / "manifest.json").write_text('{"version": '),
    "manifest.json not text": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe"),
    "manifest.json with an unknown key": lambda folder: (folder / "manifest.json").write_text('{"odd": 1}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_refused_naming_the_file_and_the_fix(tmp_path: Path, damage: str) -> None:
    folder = write(tmp_path).folder

    DAMAGES[damage](folder)

    with pytest.raises(DataError, match=rf"{damage.split()[0]}.*Prepare .*again from its source"):
        read_dataset(folder)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_written_again_whole(tmp_path: Path, damage: str) -> None:
    first = write(tmp_path)
    DAMAGES[damage](first.folder)
    (first.folder / "stray.parquet").write_text("left over")

    again = write(tmp_path)

    assert again == first == read_dataset(first.folder)
    assert visible(first.folder) == ["manifest.json", *FILES]


def test_a_dataset_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    dataset = write(tmp_path)
    newer = dataset.manifest.model_copy(update={"format_version": dataset.manifest.format_version + 1})
    (dataset.folder / "manifest.json").write_text(newer.model_dump_json())

    with pytest.raises(DataError):
        read_dataset(dataset.folder)


def test_a_folder_that_is_not_there_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a whole dataset"):
        read_dataset(tmp_path / "0123456789abcdef")


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    too_large = replace(CONTENTS, quarantined=[replace(ASIDE, row=2**70)])

    with pytest.raises(OverflowError):
        write(tmp_path, too_large)

    assert list(tmp_path.iterdir()) == []


KILLED_WHILE_WRITING = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from tests.unit.articles.test_dataset import CONTENTS, write

class Deadly(list):
    "Rows that can be read once, for the version; who reads them again, to write them, is killed."
    reads = 0
    def __iter__(self):
        self.reads += 1
        if self.reads > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__iter__()

write(Path(sys.argv[1]), replace(CONTENTS, quarantined=Deadly(CONTENTS.quarantined)))
"""


def write_and_be_killed(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING, str(home)], cwd=Path(__file__).parents[3], check=False
    )
    assert ended.returncode == -signal.SIGKILL


def test_a_killed_write_leaves_nothing_visible_and_the_next_one_succeeds(tmp_path: Path) -> None:
    write_and_be_killed(tmp_path)

    assert visible(tmp_path) == []
    assert write(tmp_path) == read_dataset(tmp_path / CONTENTS.version())


def test_a_killed_write_does_not_touch_a_damaged_dataset_that_was_there(tmp_path: Path) -> None:
    folder = write(tmp_path).folder
    (folder / "test.parquet").unlink()

    write_and_be_killed(tmp_path)

    assert visible(tmp_path) == [folder.name]
    assert visible(folder) == ["manifest.json", "quarantine.parquet", "train.parquet", "validation.parquet"]


def test_every_split_has_a_file(tmp_path: Path) -> None:
    folder = write(tmp_path).folder

    assert {f"{split}.parquet" for split in SPLITS} <= set(visible(folder))
