"""From a table of articles to a dataset."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from newsdesk import atomic
from newsdesk.articles.category import about_similar, similar_categories
from newsdesk.articles.cells import plain_value
from newsdesk.articles.columns import BY_NAME, ColumnNames, find_columns, map_columns, require_category
from newsdesk.articles.dataset import Contents, Dataset, write_dataset
from newsdesk.articles.date_column import read_dates
from newsdesk.articles.dates import DateOrder
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.intake import Intake
from newsdesk.articles.labels import LabelFile, LabelJoin, join_labels, read_labels, require_id
from newsdesk.articles.markup import has_markup
from newsdesk.articles.quarantine import Accepted, Quarantined, check_rows
from newsdesk.articles.readers import RawTable, read_table
from newsdesk.articles.reading import TableReading
from newsdesk.articles.splits import SPLITS, assign_splits
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import DataPipeline, PipelineConfig
from newsdesk.errors import DataError
from newsdesk.pipeline.progress import Progress, watched
from newsdesk.pipeline.split_constraints import UNCONSTRAINED, SplitConstraints
from newsdesk.printable import printable
from newsdesk.sample import read_sample

REFUSED = "refused.jsonl"  # the broken rows of the last table that was refused for them


@dataclass(frozen=True)
class Source:
    """Where articles come from; without `data`, the sample that ships with the package. `date_order`: that of day,
    month and year in dates of numbers; None as the rows tell. `sheet`: of a workbook; None for the one that holds
    articles."""

    data: Path | None = None
    labels: Path | None = None
    columns: ColumnNames = BY_NAME
    encoding: str = "utf-8"
    date_order: DateOrder | None = None
    sheet: str | None = None

    def __str__(self) -> str:
        return str(self.data) if self.data else "the sample corpus"


@dataclass(frozen=True)
class Prepared:
    """A dataset, and every row of its source that is not in it. `reading` tells how a table was read, if one was.

    `source` is what was given this time: the dataset may have been written before, from another file of equal content.
    """

    dataset: Dataset
    rows: int
    quarantined: list[Quarantined]
    source: str
    reading: TableReading | None = None

    @property
    def reasons(self) -> dict[str, list[int]]:
        """Reason code → the numbers of the rows set aside for it, the most frequent reason first."""
        counted = Counter(reason for row in self.quarantined for reason in row.reasons)
        return {
            reason: [row.row for row in self.quarantined if reason in row.reasons]
            for reason, _ in counted.most_common()
        }

    @property
    def similar_categories(self) -> list[dict[str, int]]:
        """Groups of categories, with their articles, that are most likely one."""
        return similar_categories(self.dataset.manifest.categories)

    @property
    def row_counts(self) -> dict[str, int]:
        """How many rows were read, how many are in the dataset, how many are set aside as broken."""
        kept = sum(self.dataset.manifest.counts.values())
        return {"read": self.rows, "kept": kept, "quarantined": sum(row.is_broken for row in self.quarantined)}


@dataclass(frozen=True)
class Checked:
    """The rows of `source`, checked one by one. `reading` tells how a table was read, if one was."""

    source: str
    accepted: list[Accepted]
    quarantined: list[Quarantined]
    rows: int
    reading: TableReading | None = None


def prepare(
    source: Source, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning, progress: Progress
) -> Prepared:
    """Read, quarantine, separate duplicates, split, write a dataset under `home`. Raises `DataError`, `UsageError`."""
    source = replace(source, date_order=source.date_order or pipeline.data_pipeline.date_order)
    return write(check(source, cleaning, progress), home, pipeline, cleaning)


def prepare_ingested(intake: Intake, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning) -> Prepared:
    """A dataset of all that was ingested, without categories that have too few articles yet. Raises `DataError`.

    Rows that were set aside stand with the table they came in.
    """
    articles = intake.articles()
    sizes = Counter(article.category for article in articles.values())
    least = pipeline.data_pipeline.min_articles_per_category
    kept = [article for article in articles.values() if sizes[article.category] >= least]
    accepted = [Accepted(row, article) for row, article in enumerate(kept, start=1)]
    return write(
        Checked(f"{len(intake.batches):,} ingested tables", accepted, [], len(articles)), home, pipeline, cleaning
    )


def check(source: Source, cleaning: TextCleaning, progress: Progress) -> Checked:
    """Read, and quarantine what cannot be used. Raises `DataError`, `UsageError`."""
    progress.step(f"Reading {source}")
    table, columns, label_file = _open(source)
    rows = list(table.rows)  # in which order dates are written, and which ids there are, only all of them tell
    dates = labels = joined = None
    if "published_at" in columns:
        rows, dates = read_dates(rows, columns["published_at"], source.date_order)
    if label_file:
        ids = (plain_value(row.values.get(columns["id"])) for row in rows)
        labels, joined = join_labels(label_file, [str(key) for key in ids if key is not None])
    accepted: list[Accepted] = []
    quarantined: list[Quarantined] = []
    for item in check_rows(watched(rows, progress), columns, labels=labels, min_text_length=cleaning.min_text_length):
        (accepted if isinstance(item, Accepted) else quarantined).append(item)  # type: ignore[arg-type]
    reading = TableReading(
        columns=map_columns(table.columns, columns),
        dates=dates,
        labels=joined,
        notes=table.notes,
        unusable=Counter(field for item in accepted for field in item.unused),
        with_markup=sum(has_markup(f"{item.article.title or ''}\n{item.article.text}") for item in accepted),
    )
    return Checked(printable(str(source)), accepted, quarantined, len(rows), reading)


def write(
    checked: Checked,
    home: Path,
    pipeline: PipelineConfig,
    cleaning: TextCleaning,
    constraints: SplitConstraints = UNCONSTRAINED,
) -> Prepared:
    """Separate duplicates, split, write a dataset under `home`. Raises `DataError`."""
    stories, repeats = separate_duplicates(checked.accepted)
    quarantined = sorted(checked.quarantined + repeats, key=lambda row: row.row)
    refuse_too_many_broken(checked.source, checked, quarantined, pipeline.data_pipeline, home / REFUSED)
    _refuse_too_few(checked.source, stories.values(), pipeline.data_pipeline)

    settings = pipeline.training_pipeline
    splits = assign_splits(
        {key: item.article.category for key, item in stories.items()},
        validation=settings.validation_split,
        test=settings.test_split,
        seed=settings.random_seed,
    )
    constraints.hold(splits, {key: item.article.category for key, item in stories.items()})
    guard = constraints.guard
    contents = Contents(
        articles={
            split: [(key, item.article) for key, item in stories.items() if splits[key] == split] for split in SPLITS
        },
        quarantined=quarantined,
        validation_split=settings.validation_split,
        test_split=settings.test_split,
        random_seed=settings.random_seed,
        text_cleaning=cleaning,
        guard=None
        if guard is None
        else [(key, guard[key]) for key in stories if key in guard and splits[key] == "test"],
    )
    dataset = write_dataset(home, contents, source=checked.source, now=datetime.now(UTC))
    return Prepared(dataset, checked.rows, quarantined, checked.source, checked.reading)


def _open(source: Source) -> tuple[RawTable, dict[str, str], LabelFile | None]:
    if source.data is None:
        table = read_sample()
        return table, {name: name for name in table.columns}, None
    table = read_table(source.data, source.encoding, source.sheet)
    labels = read_labels(source.labels, source.encoding, source.columns.category) if source.labels else None
    said = source.columns if labels is None else ColumnNames(source.columns.text, source.columns.title)
    columns = find_columns(table.columns, said, source.data)
    if labels is None:
        require_category(columns, table.columns, source.data)
    else:
        columns.pop("category", None)  # the labels decide alone
        require_id(columns, source.data)
    return table, columns, labels


def refuse_too_many_broken(
    source: str, checked: Checked, quarantined: list[Quarantined], limits: DataPipeline, report: Path
) -> None:
    """Raises `DataError` where more rows are broken than the limits allow; these go into the file `report`."""
    rows = checked.rows
    broken = [row for row in quarantined if row.is_broken]
    if len(broken) <= limits.max_quarantined_share * rows:
        return
    atomic.write_text(report, "".join(json.dumps(vars(row)) + "\n" for row in broken))
    reasons = Counter(row.reasons[0] for row in broken).most_common(3)
    first = broken[0]
    raise DataError(
        f"{source}: {len(broken):,} of {rows:,} rows ({len(broken) / rows:.1%}) cannot be used, more than the "
        f"{limits.max_quarantined_share:.0%} that data_pipeline.max_quarantined_share allows: "
        f"{', '.join(f'{reason} {count:,}' for reason, count in reasons)}; the first is row {first.row} "
        f"({first.reasons[0]}), all are in {report}. "
        f"{_about_labels(checked.reading.labels if checked.reading else None)}"
        "Correct them, or raise the limit in configs/pipeline_config.yaml."
    )


def _about_labels(joined: LabelJoin | None) -> str:
    """Where articles have no label, most likely that is why."""
    return " ".join((*joined.sentences(), "")) if joined and joined.without_label else ""


def _refuse_too_few(source: str, kept: Iterable[Accepted], limits: DataPipeline) -> None:
    counts = Counter(item.article.category for item in kept)
    if len(counts) < 2:
        only = f"all articles are '{next(iter(counts))}'" if counts else "no article is left"
        raise DataError(f"{source}: {only}. A classifier needs at least two categories: add articles of another one.")
    small = {category: count for category, count in counts.items() if count < limits.min_articles_per_category}
    if small:
        similar = [about_similar(group) for group in similar_categories(counts) if small.keys() & group.keys()]
        named = ", ".join(f"'{category}' has {count}" for category, count in sorted(small.items())[:5])
        raise DataError(
            f"{source}: too few different articles to learn and to measure: {named}; "
            f"{limits.min_articles_per_category} are needed (data_pipeline.min_articles_per_category). "
            "Add articles, merge the category into another, or leave its rows out."
            + "".join(f" {told}" for told in similar)
        )
