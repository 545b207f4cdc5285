"""From a table of articles to a dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from newsdesk.articles.category import similar_categories
from newsdesk.articles.category_hints import CategoryHint
from newsdesk.articles.category_rules import CategoryChanges, CategoryRules
from newsdesk.articles.dataset import Dataset, DatasetContents, write_dataset
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.ingested_batches import IngestedBatches
from newsdesk.articles.quarantine import EXCLUDED, AcceptedRow, QuarantinedRow, set_aside
from newsdesk.articles.splits import SPLITS, assign_splits
from newsdesk.articles.table_report import TableReport
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.split_constraints import UNCONSTRAINED, SplitConstraints
from newsdesk.pipeline.table_check import ArticleSource, CheckedTable, check_table
from newsdesk.pipeline.table_limits import leave_out_small, require_few_broken

REFUSED = "refused.jsonl"  # the broken rows of the last table that was refused for them


@dataclass(frozen=True)
class PreparedDataset:
    """A dataset, and every row of its source that is not in it. `table_report` says how a table was read, if one was.

    `source` is what was given this time: the dataset may have been written before, from another file of equal content.
    `categories` is what `data_pipeline.categories` came to, `small`: left out for having too few articles, by category;
    `hints`: of the categories that were found, those that look like something else.
    """

    dataset: Dataset
    rows: int
    quarantined: list[QuarantinedRow]
    source: str
    table_report: TableReport | None = None
    categories: CategoryChanges = field(default_factory=CategoryChanges)
    small: Mapping[str, int] = field(default_factory=dict)
    hints: Sequence[CategoryHint] = ()

    @property
    def reasons(self) -> dict[str, list[int]]:
        """Reason code → the numbers of the rows set aside for it, the most frequent reason first."""
        counts = Counter(reason for row in self.quarantined for reason in row.reasons)
        return {
            reason: [row.row for row in self.quarantined if reason in row.reasons] for reason, _ in counts.most_common()
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


def prepare(
    source: ArticleSource, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning, progress: Progress
) -> PreparedDataset:
    """Read, quarantine, separate duplicates, split, write a dataset under `home`. Raises `DataError`, `UsageError`."""
    source = replace(source, date_order=source.date_order or pipeline.data_pipeline.date_order)
    rules = CategoryRules(pipeline.data_pipeline.categories)
    return write_prepared_dataset(check_table(source, cleaning, progress, rules), home, pipeline, cleaning)


def prepare_ingested(
    batches: IngestedBatches, home: Path, pipeline: PipelineConfig, cleaning: TextCleaning
) -> PreparedDataset:
    """A dataset of all that was ingested, under the categories that the configuration means now. Raises `DataError`.

    Rows that were set aside before stand with the table they came in.
    """
    rules = CategoryRules(pipeline.data_pipeline.categories)
    articles = list(batches.articles().values())
    accepted, excluded = [], []
    for row, article in enumerate(articles, start=1):
        category = rules.of(article.category)
        if category is None:
            excluded.append(set_aside(AcceptedRow(row, article), EXCLUDED))
        elif category == article.category:
            accepted.append(AcceptedRow(row, article))
        else:
            accepted.append(
                AcceptedRow(row, article.model_copy(update={"category": category}), original_category=article.category)
            )
    changes = rules.changes(article.category for article in articles)
    source = f"{batches.ingested:,} ingested tables"
    return write_prepared_dataset(
        CheckedTable(source, accepted, excluded, len(articles), categories=changes), home, pipeline, cleaning
    )


def write_prepared_dataset(
    checked: CheckedTable,
    home: Path,
    pipeline: PipelineConfig,
    cleaning: TextCleaning,
    constraints: SplitConstraints = UNCONSTRAINED,
) -> PreparedDataset:
    """Separate duplicates, split, write a dataset under `home`. Raises `DataError`."""
    stories, repeats = separate_duplicates(checked.accepted)
    quarantined = sorted(checked.quarantined + repeats, key=lambda row: row.row)
    require_few_broken(checked.source, checked, quarantined, pipeline.data_pipeline, home / REFUSED)
    stories, small, hints = leave_out_small(checked.source, stories, pipeline.data_pipeline)
    quarantined = sorted(quarantined + small, key=lambda row: row.row)

    settings = pipeline.training_pipeline
    splits = assign_splits(
        {key: item.article.category for key, item in stories.items()},
        validation=settings.validation_split,
        test=settings.test_split,
        seed=settings.random_seed,
    )
    constraints.apply(splits, {key: item.article.category for key, item in stories.items()})
    guard = constraints.guard
    contents = DatasetContents(
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
    return PreparedDataset(
        dataset,
        checked.rows,
        quarantined,
        checked.source,
        checked.table_report,
        checked.categories or CategoryChanges(),
        Counter(row.category for row in small),
        hints,
    )
