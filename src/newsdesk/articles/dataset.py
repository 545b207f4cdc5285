"""A dataset: the folder in which articles, once split, are kept under a version that is the digest of their content."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from newsdesk import atomic
from newsdesk.articles import parquet_files
from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category_rules import CategoryChanges
from newsdesk.articles.quarantine import QuarantinedRow
from newsdesk.articles.splits import SPLITS, Split
from newsdesk.config.model_config import TextCleaning
from newsdesk.errors import DataError
from newsdesk.text.cleaning import join_title_and_text

FORMAT_VERSION: Literal[1] = 1
MANIFEST = "manifest.json"
GUARD = "guard.parquet"  # articles of the test split as nobody outside could label them; only after feedback


class DatasetManifest(BaseModel):
    """`manifest.json`: where a dataset comes from and what is in it. `category_changes`: which rules of
    `data_pipeline.categories` there were, and what they came to; None where there were none. `unvouched`: how many test
    articles have a label that only callers gave whom no administrator vouches for; None is none of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    version: str
    source: str
    created_at: datetime
    counts: dict[Split, int]
    categories: dict[str, int]
    quarantined: dict[str, int]
    validation_split: float
    test_split: float
    random_seed: int
    text_cleaning: TextCleaning
    files: dict[str, str]
    category_changes: CategoryChanges | None = None
    unvouched: int | None = None


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk."""

    folder: Path
    manifest: DatasetManifest

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def classes(self) -> list[str]:
        return sorted(self.manifest.categories)


@dataclass(frozen=True)
class Examples:
    """What a classifier learns from or is measured on: `texts[i]`, title included, belongs to `categories[i]`."""

    texts: list[str]
    categories: list[str]

    def __add__(self, other: "Examples") -> "Examples":
        return Examples(self.texts + other.texts, self.categories + other.categories)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class DatasetContents:
    """Everything that decides what a dataset is, and so its version; and by which rules its categories came about."""

    articles: Mapping[Split, list[tuple[str, LabelledArticle]]]  # (story key, article)
    quarantined: list[QuarantinedRow]
    validation_split: float
    test_split: float
    random_seed: int
    text_cleaning: TextCleaning
    categories: CategoryChanges = field(default_factory=CategoryChanges)
    guard: list[tuple[str, LabelledArticle]] | None = None  # None: the test set, which nobody outside had a hand in
    unvouched: int = 0  # test articles with a label that only callers gave whom no administrator vouches for

    def version(self) -> str:
        """Digest of the content and the settings: the same input gives the same version."""
        digest = hashlib.sha256()
        settings = [
            FORMAT_VERSION,
            self.validation_split,
            self.test_split,
            self.random_seed,
            self.text_cleaning.model_dump(),
        ]
        _update(digest, settings)
        for split in SPLITS:
            for story, article in self.articles[split]:
                _update(digest, [split, story, article.model_dump(mode="json")])
        for story, article in self.guard or ():
            _update(digest, ["guard", story, article.model_dump(mode="json")])
        if self.unvouched:
            _update(digest, ["unvouched", self.unvouched])
        for row in self.quarantined:
            _update(digest, [row.row, row.reasons, row.id, row.title, row.text, row.category])
        return digest.hexdigest()[:16]


def write_dataset(home: Path, contents: DatasetContents, *, source: str, now: datetime) -> Dataset:
    """Write `contents` as a folder of `home` named by its version; where that is there already and whole, keep it."""
    version = contents.version()
    folder = home / version
    if folder.is_dir():
        try:
            return read_dataset(folder)
        except DataError:
            pass  # damaged: write it again
    with atomic.new_folder(folder) as draft:
        for split in SPLITS:
            parquet_files.write_articles(draft / f"{split}.parquet", contents.articles[split])
        if contents.guard is not None:
            parquet_files.write_articles(draft / GUARD, contents.guard)
        parquet_files.write_quarantine(draft / parquet_files.QUARANTINE, contents.quarantined)
        manifest = DatasetManifest(
            version=version,
            source=source,
            created_at=now,
            counts={split: len(contents.articles[split]) for split in SPLITS},
            categories=_count(article.category for split in SPLITS for _, article in contents.articles[split]),
            quarantined=_count(reason for row in contents.quarantined for reason in row.reasons),
            validation_split=contents.validation_split,
            test_split=contents.test_split,
            random_seed=contents.random_seed,
            text_cleaning=contents.text_cleaning,
            files={file.name: file_digest(file) for file in sorted(draft.iterdir())},
            category_changes=None if contents.categories.is_empty else contents.categories,
            unvouched=contents.unvouched or None,
        )
        # Earlier versions know no such fields.
        excluded = {name for name in ("category_changes", "unvouched") if getattr(manifest, name) is None}
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2, exclude=excluded) + "\n", encoding="utf-8")
    return Dataset(folder, manifest)


def read_dataset(folder: Path) -> Dataset:
    """Open a dataset. Raises `DataError` where a file is missing or is not what the manifest says."""
    try:
        manifest = DatasetManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} is not a whole dataset: its manifest.json cannot be read. Prepare it again from its source."
        ) from error
    for name in {*(f"{split}.parquet" for split in SPLITS), parquet_files.QUARANTINE} | (
        {GUARD} & manifest.files.keys()
    ):
        if not (folder / name).is_file() or file_digest(folder / name) != manifest.files.get(name):
            raise DataError(f"{folder / name} is missing or was changed. Prepare the dataset again from its source.")
    return Dataset(folder, manifest)


def read_articles(dataset: Dataset, split: Split) -> list[LabelledArticle]:
    """The articles of one split, whole."""
    return parquet_files.read_articles(dataset.folder / f"{split}.parquet")


def read_guard(dataset: Dataset) -> list[LabelledArticle] | None:
    """The articles of the test split as they were before feedback; None where no feedback is in the dataset."""
    return parquet_files.read_articles(dataset.folder / GUARD) if GUARD in dataset.manifest.files else None


def read_titles_and_texts(dataset: Dataset, split: Split) -> Iterable[tuple[str, str]]:
    """Title and text of each article of one split."""
    titles, texts = parquet_files.read_columns(dataset.folder / f"{split}.parquet", "title", "text")
    return zip(titles, texts, strict=True)


def read_examples(dataset: Dataset, split: Split | Literal["guard"]) -> Examples:
    """The texts and categories of one split, or of the guard where there is one."""
    titles, texts, categories = parquet_files.read_columns(
        dataset.folder / f"{split}.parquet", "title", "text", "category"
    )
    return Examples([join_title_and_text(title, text) for title, text in zip(titles, texts, strict=True)], categories)


def read_languages(dataset: Dataset, split: Split) -> list[str | None]:
    """The language of each text of one split, as the publisher states it."""
    languages: list[str | None]
    [languages] = parquet_files.read_columns(dataset.folder / f"{split}.parquet", "language")
    return languages


def read_stories(dataset: Dataset, split: Split) -> list[str]:
    """The key of the story that each text of one split tells."""
    stories: list[str]
    [stories] = parquet_files.read_columns(dataset.folder / f"{split}.parquet", "story")
    return stories


def read_quarantine(dataset: Dataset) -> list[QuarantinedRow]:
    """The rows of the source that are not in the dataset, with their reasons."""
    return parquet_files.read_quarantine(dataset.folder / parquet_files.QUARANTINE)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _update(digest: Any, value: Any) -> None:
    digest.update(json.dumps(value, sort_keys=True, ensure_ascii=True).encode() + b"\n")


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
