"""Ingest what is new in the inbox: new tables, and of these the rows that are not yet known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category_hints import CategoryHint, category_hints
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.column_mapping import BY_NAME, ColumnNames
from newsdesk.articles.date_parsing import DateOrder
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.ingested_batches import (
    MANIFEST,
    Batch,
    IngestedBatches,
    describe_retraction,
    in_order,
    write_batch,
)
from newsdesk.articles.parquet_files import QUARANTINE, read_quarantine
from newsdesk.articles.quarantine import QuarantinedRow
from newsdesk.config.config_files import load_model_config, load_pipeline_config
from newsdesk.config.model_config import TextCleaning
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError, UsageError
from newsdesk.pipeline.batches import read_ingested_batches
from newsdesk.pipeline.inbox import InboxTable, LocalTable, UnfinishedError, local_copy, table_at, tables_in
from newsdesk.pipeline.lock import PATIENCE, only_writer
from newsdesk.pipeline.prepare import REFUSED
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.run_log import log_run
from newsdesk.pipeline.storage import Storage
from newsdesk.pipeline.table_check import ArticleSource, check_table
from newsdesk.pipeline.table_limits import require_few_broken
from newsdesk.printable import printable
from newsdesk.redaction import redact_address
from newsdesk.stopping import defer_stop, finish_without_stopping

# A batch, its articles by story, the rows that were set aside, and what it says again: story key and category.
_Contents = tuple[Batch, list[tuple[str, LabelledArticle]], list[QuarantinedRow], list[tuple[str, str]] | None]


@dataclass(frozen=True)
class IngestResult:
    """A batch for each table that was looked at; `waiting` are those that are being written still, `retracted` those
    that were, and are left in the inbox. `hints`: of the categories of all that was ever taken, those that look like
    something else."""

    batches: list[Batch]
    waiting: list[str]
    hints: Sequence[CategoryHint] = ()
    retracted: Sequence[Batch] = ()

    @property
    def status(self) -> Literal["new", "nothing", "refused"]:
        """`refused` where there were tables, and none of them could be used."""
        if any(batch.new for batch in self.batches):
            return "new"
        is_refused = self.batches and all(batch.status == "refused" for batch in self.batches)
        return "refused" if is_refused else "nothing"

    def as_dict(self) -> dict[str, Any]:
        """All of it, as JSON-serialisable values."""
        return {
            "status": self.status,
            "new": sum(batch.new for batch in self.batches),
            "tables": [batch.model_dump(mode="json") for batch in self.batches],
            "waiting": self.waiting,
            "retracted": [describe_retraction(batch) for batch in self.retracted],
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
) -> IngestResult:
    """Take in the table at `data`, or every one in the inbox that was not taken in as it is now.

    A table that cannot be used is remembered as refused, and looked at again only when it changed or is named. Raises
    `UsageError`, `StorageError`.
    """
    models, pipeline = load_model_config(settings.config_dir), load_pipeline_config(settings.config_dir)
    with only_writer(settings.home, PATIENCE), log_run(settings, "ingest") as run_log:
        progress.step(f"Looking into {redact_address(data or settings.inbox_address)}")
        source = ArticleSource(None, None, columns, encoding, date_order or pipeline.data_pipeline.date_order, sheet)
        ingestion = _Ingestion(settings, pipeline, models.preprocessing.text_cleaning, source, progress)
        tables = [table_at(data, labels)] if data else tables_in(settings.inbox_address)
        result = ingestion.take(tables, by_name=data is not None)
        if result.batches:
            run_log.status = "refused" if result.status == "refused" else "succeeded"
            read = sum(batch.rows for batch in result.batches)
            kept = sum(batch.new for batch in result.batches)
            quarantined = sum(batch.broken for batch in result.batches)
            run_log.rows = {"read": read, "kept": kept, "quarantined": quarantined}
    return result


class _Ingestion:
    """Ingests tables, one after another."""

    def __init__(
        self,
        settings: Settings,
        pipeline: PipelineConfig,
        cleaning: TextCleaning,
        source: ArticleSource,
        progress: Progress,
    ) -> None:
        """`source` says how tables are read; `take` is told which."""
        self._home, self._storage = settings.articles, Storage(settings)
        self._broken_rows = settings.datasets / REFUSED
        self._source = source
        self._limits, self._cleaning, self._progress = pipeline.data_pipeline, cleaning, progress
        self._rules = CategoryRules(self._limits.categories)
        self._batches = {batch.digest: batch for batch in read_ingested_batches(settings).batches}
        self._stories: dict[str, str] | None = None

    def _find(self, table: InboxTable) -> Batch | None:
        """The batch of this table, if its file has the same size and date as when it was ingested."""
        return next(
            (
                batch
                for batch in self._batches.values()
                if (batch.source, batch.size, batch.modified) == (table.name, table.size, table.modified)
            ),
            None,
        )

    def take(self, tables: Iterable[InboxTable], *, by_name: bool) -> IngestResult:
        """A table that changes while it is read waits for the next time. One that is known, or was retracted, is taken
        again only where somebody names it."""
        taken, waiting, retracted = [], [], []
        tables = list(tables)
        last = tables[-1] if tables else None
        for table in tables:
            existing = None if by_name else self._find(table)
            if existing:
                retracted += [existing] if existing.status == "retracted" else []
                continue
            try:
                with local_copy(table, self._source.sheet) as local:
                    previous = self._batches.get(local.digest)
                    if previous and self._is_retracted(local.digest) and not by_name:
                        retracted.append(previous.model_copy(update={"source": table.name}))
                        continue
                    batch, stories, quarantined, known = self._read(table, local)
            except UnfinishedError:
                waiting.append(table.name)
                continue
            if previous and previous.status == "retracted" and batch.status == "refused":  # it stays as it was left
                self._batches[previous.digest] = previous
                taken.append(batch)
                continue
            if table is last:
                finish_without_stopping()
            with defer_stop():
                folder = write_batch(self._home, batch, stories, quarantined, known)
                self._storage.share(folder, MANIFEST)
            if self._is_ingested(batch.digest):  # what it says was said before, and perhaps otherwise since
                taken.append(batch.model_copy(update={"new": 0, "known": batch.new + batch.known}))
            else:
                self._known_stories().update((key, article.category) for key, article in stories)
                taken.append(batch)
            self._batches[batch.digest] = batch
        hints = self._hints() if any(batch.status == "ingested" for batch in taken) else ()
        return IngestResult(taken, waiting, hints, retracted)

    def _hints(self) -> list[CategoryHint]:
        categories = (self._rules.of(category) for category in self._known_stories().values())
        return category_hints(Counter(category for category in categories if category is not None), self._rules)

    def _read(self, table: InboxTable, local: LocalTable) -> _Contents:
        draft = Batch(
            digest=local.digest,
            source=table.name,
            size=table.size,
            modified=table.modified,
            status="ingested",
            at=datetime.now(UTC),
        )
        if self._is_ingested(local.digest):  # only its file is another
            return self._reread(draft, self._batches[local.digest])
        if self._is_retracted(local.digest):
            draft = draft.model_copy(update={"retractions": self._batches.pop(local.digest).retractions})
            self._stories = None  # what was left of it is written anew with it
        quarantined: list[QuarantinedRow] = []
        try:
            source = replace(self._source, data=local.table, labels=local.labels)
            checked = check_table(source, self._cleaning, self._progress, self._rules)
            draft = draft.model_copy(update={"reading": checked.table_report})
            stories, repeats = separate_duplicates(checked.accepted)
            quarantined = checked.quarantined + repeats
            require_few_broken(table.name, checked, quarantined, self._limits, self._broken_rows)
        except (DataError, UsageError) as error:
            reason = str(error).replace(str(local.table), table.name)
            if local.labels and table.labels:
                reason = reason.replace(str(local.labels), printable(redact_address(table.labels)))
            return (
                draft.model_copy(update={"status": "refused", "reason": printable(reason)} | _by_reason(quarantined)),
                [],
                quarantined,
                [],
            )
        # Kept under the category that each came with: what is meant by it may be decided otherwise tomorrow.
        new = [(key, item.original) for key, item in stories.items() if self._category_of(key) != item.article.category]
        new_keys = {key for key, _ in new}
        known = [(key, self._known_stories()[key]) for key in stories if key not in new_keys]
        counts = {"rows": checked.rows, "new": len(new), "known": len(known)}
        return draft.model_copy(update=counts | _by_reason(quarantined)), new, quarantined, known

    def _reread(self, draft: Batch, previous: Batch) -> _Contents:
        folder, batches = self._home / previous.digest, IngestedBatches(self._home, [previous])
        stories, known = batches.articles(), batches.known_in(previous)
        file = {name: getattr(draft, name) for name in ("source", "size", "modified")}
        quarantined = read_quarantine(folder / QUARANTINE)
        repeated = None if known is None else [*known.items()]
        return previous.model_copy(update=file), list(stories.items()), quarantined, repeated

    def _is_retracted(self, digest: str) -> bool:
        return digest in self._batches and self._batches[digest].status == "retracted"

    def _is_ingested(self, digest: str) -> bool:
        return digest in self._batches and self._batches[digest].status == "ingested"

    def _category_of(self, story: str) -> str | None:
        """The category of a known story, under today's rules."""
        category = self._known_stories().get(story)
        return None if category is None else self._rules.of(category)

    def _known_stories(self) -> dict[str, str]:
        """Story key → category; read when first needed."""
        if self._stories is None:
            self._stories = IngestedBatches(self._home, in_order(self._batches.values())).stories()
        return self._stories


def _by_reason(quarantined: Iterable[QuarantinedRow]) -> dict[str, dict[str, int]]:
    return {"quarantined": dict(Counter(reason for row in quarantined for reason in row.reasons))}
