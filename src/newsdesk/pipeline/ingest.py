"""Take in what is new in the inbox: new tables, and of these the rows that were not known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category_hints import CategoryHint, category_hints
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.columns import BY_NAME, ColumnNames
from newsdesk.articles.dates import DateOrder
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.intake import MANIFEST, Batch, Intake, in_order, read_batch, write_batch
from newsdesk.articles.quarantine import Quarantined
from newsdesk.articles.tables import QUARANTINE, read_quarantine
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.config.yaml_file import load_model_config, load_pipeline_config
from newsdesk.errors import DataError, UsageError
from newsdesk.pipeline.ending import remembered
from newsdesk.pipeline.inbox import Local, Table, UnfinishedError, at_hand, table_at, tables_in
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.prepare import REFUSED, Source, check
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.storage import Storage
from newsdesk.pipeline.table_limits import refuse_too_many_broken
from newsdesk.printable import printable
from newsdesk.redaction import redact_address

PATIENCE = 60.0  # seconds that a step waits for another command to finish


@dataclass(frozen=True)
class Ingested:
    """A batch for each table that was looked at; `waiting` are those that are being written still. `hints`: of the
    categories of all that was ever taken, those that look like something else."""

    batches: list[Batch]
    waiting: list[str]
    hints: Sequence[CategoryHint] = ()

    @property
    def status(self) -> Literal["new", "nothing", "refused"]:
        """`refused` where there were tables, and none of them could be used."""
        if any(batch.new for batch in self.batches):
            return "new"
        is_refused = self.batches and all(batch.status == "refused" for batch in self.batches)
        return "refused" if is_refused else "nothing"

    def as_dict(self) -> dict[str, Any]:
        """All of it, such that JSON can hold it."""
        return {
            "status": self.status,
            "new": sum(batch.new for batch in self.batches),
            "tables": [batch.model_dump(mode="json") for batch in self.batches],
            "waiting": self.waiting,
            "category_hints": [hint.as_dict() for hint in self.hints],
        }


def ingest(
    data: str | None,
    labels: str | None,
    settings: Settings,
    progress: Progress,
    columns: ColumnNames = BY_NAME,
    date_order: DateOrder | None = None,
    encoding: str = "utf-8",
    sheet: str | None = None,
) -> Ingested:
    """Take in the table at `data`, or every one in the inbox that was not taken in as it is now.

    A table that cannot be used is remembered as refused, and looked at again only when it changed or is named. Raises
    `UsageError`, `StorageError`.
    """
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    with only_writer(settings.home, PATIENCE), remembered(settings, "ingest") as ending:
        progress.step(f"Looking into {redact_address(data or settings.inbox_address)}")
        reading = Source(None, None, columns, encoding, date_order or pipeline.data_pipeline.date_order, sheet)
        intake = _Intake(settings, pipeline, models.preprocessing.text_cleaning, reading, progress)
        tables = [table_at(data, labels)] if data else tables_in(settings.inbox_address)
        ingested = intake.take([table for table in tables if data or not intake.knows(table)])
        if ingested.batches:
            ending.status = "refused" if ingested.status == "refused" else "succeeded"
            read = sum(batch.rows for batch in ingested.batches)
            aside = sum(sum(batch.quarantined.values()) for batch in ingested.batches)
            ending.rows = {"read": read, "kept": sum(batch.new for batch in ingested.batches), "quarantined": aside}
    return ingested


def read_intake(settings: Settings) -> Intake:
    """What was ingested, on whichever machine. Raises `DataError`, `StorageError`."""
    storage = Storage(settings)
    folders = [settings.articles / name for name in sorted(storage.names(settings.articles))]
    batches = [read_batch(folder) for folder in folders if storage.fetch(folder, MANIFEST)]
    return Intake(settings.articles, in_order(batches))


class _Intake:
    """Takes tables in, one after another."""

    def __init__(
        self,
        settings: Settings,
        pipeline: PipelineConfig,
        cleaning: TextCleaning,
        reading: Source,
        progress: Progress,
    ) -> None:
        """`reading` says how tables are read; which, `take` is told."""
        self._home, self._storage = settings.articles, Storage(settings)
        self._broken_rows = settings.datasets / REFUSED
        self._reading = reading
        self._limits, self._cleaning, self._progress = pipeline.data_pipeline, cleaning, progress
        self._rules = CategoryRules(self._limits.categories)
        self._batches = {batch.digest: batch for batch in read_intake(settings).batches}
        self._stories: dict[str, str] | None = None

    def knows(self, table: Table) -> bool:
        """Whether it was taken in as it is now, by its file's size and date."""
        return any(
            (batch.source, batch.size, batch.modified) == (table.name, table.size, table.modified)
            for batch in self._batches.values()
        )

    def take(self, tables: Iterable[Table]) -> Ingested:
        """A table that changes while it is read waits for the next time."""
        taken, waiting = [], []
        for table in tables:
            try:
                with at_hand(table, self._reading.sheet) as local:
                    batch, stories, aside = self._read(table, local)
            except UnfinishedError:
                waiting.append(table.name)
                continue
            folder = write_batch(self._home, batch, stories, aside)
            self._storage.share(folder, MANIFEST)
            if self._is_ingested(batch.digest):  # what it says was said before, and perhaps otherwise since
                taken.append(batch.model_copy(update={"new": 0, "known": batch.new + batch.known}))
            else:
                self._known().update((key, article.category) for key, article in stories)
                taken.append(batch)
            self._batches[batch.digest] = batch
        return Ingested(taken, waiting, self._hints() if any(batch.status == "ingested" for batch in taken) else ())

    def _hints(self) -> list[CategoryHint]:
        meant = (self._rules.of(category) for category in self._known().values())
        return category_hints(Counter(category for category in meant if category is not None), self._rules)

    def _read(self, table: Table, local: Local) -> tuple[Batch, list[tuple[str, LabelledArticle]], list[Quarantined]]:
        draft = Batch(
            digest=local.digest,
            source=table.name,
            size=table.size,
            modified=table.modified,
            status="ingested",
            at=datetime.now(UTC),
        )
        if self._is_ingested(local.digest):  # only its file is another
            return self._again(draft, self._batches[local.digest])
        aside: list[Quarantined] = []
        try:
            source = replace(self._reading, data=local.table, labels=local.labels)
            checked = check(source, self._cleaning, self._progress, self._rules)
            draft = draft.model_copy(update={"reading": checked.reading})
            stories, repeats = separate_duplicates(checked.accepted)
            aside = checked.quarantined + repeats
            refuse_too_many_broken(table.name, checked, aside, self._limits, self._broken_rows)
        except (DataError, UsageError) as error:
            reason = str(error).replace(str(local.table), table.name)
            if local.labels and table.labels:
                reason = reason.replace(str(local.labels), printable(redact_address(table.labels)))
            return (
                draft.model_copy(update={"status": "refused", "reason": printable(reason)} | _counts(aside)),
                [],
                aside,
            )
        # Kept under the category that each came with: what is meant by it may be decided otherwise tomorrow.
        new = [(key, item.as_said) for key, item in stories.items() if self._meant(key) != item.article.category]
        counts = {"rows": checked.rows, "new": len(new), "known": len(stories) - len(new)}
        return draft.model_copy(update=counts | _counts(aside)), new, aside

    def _again(self, draft: Batch, before: Batch) -> tuple[Batch, list[tuple[str, LabelledArticle]], list[Quarantined]]:
        folder = self._home / before.digest
        stories = Intake(self._home, [before]).articles()
        file = {name: getattr(draft, name) for name in ("source", "size", "modified")}
        return before.model_copy(update=file), list(stories.items()), read_quarantine(folder / QUARANTINE)

    def _is_ingested(self, digest: str) -> bool:
        return digest in self._batches and self._batches[digest].status == "ingested"

    def _meant(self, story: str) -> str | None:
        """The category of a story that is known already."""
        said = self._known().get(story)
        return None if said is None else self._rules.of(said)

    def _known(self) -> dict[str, str]:
        """Story key → category, read when the first table comes."""
        if self._stories is None:
            self._stories = Intake(self._home, in_order(self._batches.values())).stories()
        return self._stories


def _counts(aside: Iterable[Quarantined]) -> dict[str, dict[str, int]]:
    return {"quarantined": dict(Counter(reason for row in aside for reason in row.reasons))}
