"""From a table of articles to a dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from newsdesk.articles.category import similar_categories
from newsdesk.articles.category_hints import CategoryHint
from newsdesk.articles.category_rules import NO_RULES, CategoryChanges, CategoryRules
from newsdesk.articles.cells import plain_value
from newsdesk.articles.columns import BY_NAME, ColumnNames, find_columns, map_columns, require_category
from newsdesk.articles.dataset import Contents, Dataset, write_dataset
from newsdesk.articles.date_column import read_dates
from newsdesk.articles.dates import DateOrder
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.intake import Intake
from newsdesk.articles.labels import LabelFile, join_labels, read_labels, require_id
from newsdesk.articles.markup import has_markup
from newsdesk.articles.quarantine import EXCLUDED, Accepted, Quarantined, check_rows, set_aside
from newsdesk.articles.readers import RawTable, read_table
from newsdesk.articles.reading import TableReading
from newsdesk.articles.splits import SPLITS, assign_splits
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.pipeline.progress import Progress, watched
from newsdesk.pipeline.split_constraints import UNCONSTRAINED, SplitConstraints
from newsdesk.pipeline.table_limits import leave_out_small, refuse_too_many_broken
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
    `categories` is what `data_pipeline.categories` came to, `small`: left out for having too few articles, by category;
    `hints`: of the categories that were found, those that look like something else.
    """

    dataset: Dataset
    rows: int
    quarantined: list[Quarantined]
    source: str
    reading: TableReading | None = None
    categories: CategoryChanges = field(default_factory=CategoryChanges)
    small: Mapping[str, int] = field(default_factory=dict)
    hints: Sequence[CategoryHint] = ()

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
    """The rows of `source`, checked one by one. `reading` tells how a table was read, if one was; `categories` what the
    rules for categories changed, if that was here."""

    source: str
    accepted: list[Accepted]
    quarantined: list[Quarantined]
    rows: int
    reading: TableReading | None = None
    categories: CategoryChanges | None = None


def prepare(
    source: Source, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning, progress: Progress
) -> Prepared:
    """Read, quarantine, separate duplicates, split, write a dataset under `home`. Raises `DataError`, `UsageError`."""
    source = replace(source, date_order=source.date_order or pipeline.data_pipeline.date_order)
    rules = CategoryRules(pipeline.data_pipeline.categories)
    return write(check(source, cleaning, progress, rules), home, pipeline, cleaning)


def prepare_ingested(intake: Intake, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning) -> Prepared:
    """A dataset of all that was ingested, under the categories that the configuration means now. Raises `DataError`.

    Rows that were set aside before stand with the table they came in.
    """
    rules = CategoryRules(pipeline.data_pipeline.categories)
    articles = list(intake.articles().values())
    accepted, excluded = [], []
    for row, article in enumerate(articles, start=1):
        meant = rules.of(article.category)
        if meant is None:
            excluded.append(set_aside(Accepted(row, article), EXCLUDED))
        elif meant == article.category:
            accepted.append(Accepted(row, article))
        else:
            accepted.append(Accepted(row, article.model_copy(update={"category": meant}), said=article.category))
    changes = rules.changes(article.category for article in articles)
    source = f"{intake.ingested:,} ingested tables"
    return write(Checked(source, accepted, excluded, len(articles), categories=changes), home, pipeline, cleaning)


def check(source: Source, cleaning: TextCleaning, progress: Progress, rules: CategoryRules = NO_RULES) -> Checked:
    """Read, and quarantine what cannot be used; categories become what `rules` make of them. Raises `DataError`,
    `UsageError`."""
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
    least = cleaning.min_text_length
    for item in check_rows(watched(rows, progress), columns, labels=labels, min_text_length=least, rules=rules):
        (accepted if isinstance(item, Accepted) else quarantined).append(item)  # type: ignore[arg-type]
    reading = TableReading(
        columns=map_columns(table.columns, columns, source.columns),
        dates=dates,
        labels=joined,
        notes=table.notes,
        unusable=Counter(field for item in accepted for field in item.unused),
        with_markup=sum(has_markup(f"{item.article.title or ''}\n{item.article.text}") for item in accepted),
    )
    said = [item.said or item.article.category for item in accepted]
    said += [item.category for item in quarantined if EXCLUDED in item.reasons]
    return Checked(printable(str(source)), accepted, quarantined, len(rows), reading, rules.changes(said))


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
    stories, small, hints = leave_out_small(checked.source, stories, pipeline.data_pipeline)
    quarantined = sorted(quarantined + small, key=lambda row: row.row)

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
        unvouched=sum(splits.get(key) == "test" for key in constraints.unvouched),
        categories=checked.categories or CategoryRules(pipeline.data_pipeline.categories).changes([]),
    )
    dataset = write_dataset(home, contents, source=checked.source, now=datetime.now(UTC))
    return Prepared(
        dataset,
        checked.rows,
        quarantined,
        checked.source,
        checked.reading,
        checked.categories or CategoryChanges(),
        Counter(row.category for row in small),
        hints,
    )


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
