"""Score files: read, answer on all cores, write."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.column_mapping import BY_NAME, ColumnNames
from newsdesk.bulk.checkpoint import ScoreCheckpoint
from newsdesk.bulk.column_types import ColumnTypes
from newsdesk.bulk.inputs import InputRow, Inputs
from newsdesk.bulk.outputs import require_known_ending, write_records
from newsdesk.bulk.score_columns import ScoreColumns
from newsdesk.bulk.text_scorer import Score, Scorer, Unscored
from newsdesk.bulk.workers import Texts, score_chunks
from newsdesk.errors import DataError, UsageError
from newsdesk.pipeline.progress import Progress

_FORMAT = 1  # of the log of answers
_ROWS_AT_ONCE, _CHARACTERS_AT_ONCE = 250, MAX_TEXT_LENGTH
_FIRST_ROWS = 5  # that are told for a reason


@dataclass(frozen=True)
class ScoreRequest:
    """What is to be scored: paths or patterns, and the file that comes out. `is_strict`: all rows or none."""

    patterns: Sequence[str]
    out: Path
    columns: ColumnNames = BY_NAME
    encoding: str = "utf-8"
    sheet: str | None = None
    prefix: str = ""
    overwrite: bool = False
    is_strict: bool = False
    processes: int | None = None


@dataclass
class Failures:
    """Rows that could not be scored for one reason: how many, and the first of them by file and number."""

    rows: int = 0
    first: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class ScoreResult:
    """What came of it. `continued`: rows that an earlier run, which was stopped, had answered."""

    out: Path
    version: str
    digest: str
    files: int
    rows: int = 0
    continued: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failures] = field(default_factory=dict)

    @property
    def scored(self) -> int:
        return self.categories.total()

    def note(self, row: InputRow, answer: Score | Unscored) -> None:
        self.rows += 1
        if isinstance(answer, Score):
            self.categories[answer.category] += 1
            return
        failures = self.failures.setdefault(answer.reason, Failures())
        failures.rows += 1
        if len(failures.first) < _FIRST_ROWS:
            failures.first.append((str(row.file), row.number))


def score(request: ScoreRequest, scorer: Scorer, progress: Progress) -> ScoreResult:
    """Write the files of `request` again, as one, with the answers of `scorer` in columns of their own.

    Raises `UsageError`, `DataError`, also where a row cannot be scored and `is_strict`; `BusyError`, `WorkerDied`.
    """
    out = request.out
    _require_writable(request)
    progress.step("Looking at the files")
    inputs = Inputs(request.patterns, request.columns, request.encoding, request.sheet)
    for file in inputs.files:
        if out.exists() and out.samefile(file.path):
            raise UsageError(f"{out} is one of the files that are to be scored. Write to another file.")
    columns = ScoreColumns(request.prefix, inputs.columns, scorer.version, scorer.digest)
    result = ScoreResult(out, scorer.version, scorer.digest, len(inputs.files))
    types = ColumnTypes()
    with ScoreCheckpoint(out.with_name(f".{out.name}.answers"), _checkpoint_key(inputs, scorer, request)) as log:
        result.continued = log.known
        _answer_all(inputs, log, scorer, types, progress, request.processes)
        progress.step(f"Writing {out}")
        records = _records(inputs, log, columns, result, progress)
        if request.is_strict:
            _refuse_failures(inputs, log)
        _declare_types(types, inputs, columns)
        write_records(out, [*inputs.columns, *columns.names], records, types)
        log.remove()
    return result


def _require_writable(request: ScoreRequest) -> None:
    require_known_ending(request.out)
    if not request.out.parent.is_dir():
        raise UsageError(f"{request.out.parent} is no folder. Make it, or write to another one.")
    if request.out.exists() and not request.overwrite:
        raise UsageError(f"{request.out} is there already. Give --overwrite to replace it, or write to another file.")


def _checkpoint_key(inputs: Inputs, scorer: Scorer, request: ScoreRequest) -> dict[str, Any]:
    """All that answers depend on."""
    files = [[file.path.name, file.sha256, file.mapping] for file in inputs.files]
    return {
        "format": _FORMAT,
        "files": files,
        "model": scorer.digest,
        "encoding": request.encoding,
        "sheet": request.sheet,
    }


def _answer_all(
    inputs: Inputs, log: ScoreCheckpoint, scorer: Scorer, types: ColumnTypes, progress: Progress, processes: int | None
) -> None:
    """Answer the rows that the log does not have yet."""
    progress.step(f"Scoring by version {scorer.version}")
    progress.advance(log.known)
    for answers in score_chunks(_chunks(inputs.rows(), log.known, types), scorer, processes):
        log.append(answers)
        progress.advance(len(answers))


def _chunks(rows: Iterator[InputRow], known: int, types: ColumnTypes) -> Iterator[Texts]:
    """The texts of all rows but the first `known`, few enough at a time for their memory not to count."""
    texts: list[str | Unscored] = []
    characters = 0
    for number, row in enumerate(rows):
        types.note(row.cells)
        if number < known:
            continue
        text = row.text
        if isinstance(text, str) and len(text) > MAX_TEXT_LENGTH:
            text = Unscored("text_too_long")
        texts.append(text)
        characters += len(text) if isinstance(text, str) else 0
        if len(texts) == _ROWS_AT_ONCE or characters > _CHARACTERS_AT_ONCE:
            yield texts
            texts, characters = [], 0
    if texts:
        yield texts


def _records(
    inputs: Inputs, log: ScoreCheckpoint, columns: ScoreColumns, result: ScoreResult, progress: Progress
) -> Iterator[dict[str, Any]]:
    for row, answer in zip(inputs.rows(), log, strict=True):
        result.note(row, answer)
        yield row.cells | columns.cells(answer)
        if result.rows % 1000 == 0:
            progress.advance(1000)


def _refuse_failures(inputs: Inputs, log: ScoreCheckpoint) -> None:
    """Raises `DataError` where a row has no score. The files are read again only to name such rows."""
    if not any(isinstance(answer, Unscored) for answer in log):
        return
    pairs = zip(inputs.rows(), log, strict=True)
    bad = (f"{row.file} row {row.number} ({answer.reason})" for row, answer in pairs if isinstance(answer, Unscored))
    first = list(islice(bad, _FIRST_ROWS))
    others = sum(1 for _ in bad)
    raise DataError(
        f"{len(first) + others:,} rows cannot be scored: {', '.join(first)}"
        + (f" and {others:,} others" if others else "")
        + ". Correct or remove them; without --strict they are written without an answer."
    )


def _declare_types(types: ColumnTypes, inputs: Inputs, columns: ScoreColumns) -> None:
    for name in inputs.columns:
        first, *others = inputs.types_of(name)
        if first is not None and all(other == first for other in others):
            types.declare(name, first)
    for name in columns.names:
        types.note({name: 0.0 if name.endswith("confidence") else ""})
