"""The report on how a table was read, so that users can check whether it was understood."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from newsdesk.articles.column_mapping import ColumnMapping
from newsdesk.articles.date_column import DateReport
from newsdesk.articles.labels import LabelJoin

_MAX_COLUMNS = 20


class TableReport(BaseModel):
    """Of one table; `dates` where it has a column with dates, `labels` where a file of labels came with it. `notes` say
    what was derived from the layout of its file. `unusable`: optional field → in how many rows its cell could not be
    used, and was left out. `with_markup`: articles with tags or entities of HTML.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: ColumnMapping
    dates: DateReport | None = None
    labels: LabelJoin | None = None
    notes: tuple[str, ...] = ()
    unusable: dict[str, int] = {}
    with_markup: int = 0

    def sentences(self) -> Iterator[str]:
        """For people, the most important first."""
        yield from column_sentences(self.columns)
        for part in (self.labels, self.dates):
            if part:
                yield from part.sentences()
        for field, count in self.unusable.items():
            reason = f"{field} is a list, an object or a truth value, and was left out"
            yield f"In {count:,} rows, {reason}; the articles stay."
        if self.with_markup:
            articles = "article" if self.with_markup == 1 else "articles"
            yield (
                f"In {self.with_markup:,} {articles} there is HTML (tags as <p>, entities as &amp;), which is learned "
                "as words. Export plain text, or take it out."
            )
        yield from self.notes


def column_sentences(columns: ColumnMapping) -> Iterator[str]:
    """Which column became what, which were not used, and between which there was a choice."""
    mappings = (
        field if field == column else f"{field} from '{_shorten(column)}'" for field, column in columns.fields.items()
    )
    yield f"Columns: {', '.join(mappings)}."
    if columns.unused:
        names = ", ".join(f"'{_shorten(name)}'" for name in columns.unused[:_MAX_COLUMNS])
        more = f" and {len(columns.unused) - _MAX_COLUMNS:,} others" if len(columns.unused) > _MAX_COLUMNS else ""
        yield f"Not used: {names}{more}."
    for field, others in columns.alternatives.items():
        names = ", ".join(f"'{_shorten(name)}'" for name in others)
        option = f": to take another, --{field}-column" if field in ("text", "title", "category") else ""
        yield f"For {field} there was '{_shorten(columns.fields[field])}' and {names}; the first was taken{option}."


def _shorten(name: str) -> str:
    """A header may hold anything, whole articles among it where there is none."""
    shown = " ".join(name.split()) or "(no name)"
    return shown if len(shown) <= 40 else shown[:40] + "…"
