"""The data of a retraining, and what has changed since the champion was trained."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.quarantine import AcceptedRow, QuarantinedRow
from newsdesk.articles.table_report import TableReport
from newsdesk.pipeline.split_constraints import SplitConstraints
from newsdesk.pipeline.table_check import CheckedTable


@dataclass(frozen=True)
class RetrainingTable:
    """The table, as articles by story, and how it came about.

    `corrections` can be learnt from; `unknown` counts those about texts that are not kept. `added` and `relabelled`
    count articles that are new, and old ones with another category; `left_out` corrections that leave too few texts to
    a category, by category; `beyond_share` those that are more than one caller's share, by caller; `held_back` those
    that would change what models are measured on and are one caller's word, or of editors who report errors alone.
    `quarantined` could not be used. `table_report` says how a given table was read.

    Of what the champion learnt from, `renamed` have another category by configuration since, and `removed` are gone
    with retracted tables or excluded categories.

    `unconfirmed` are stories whose category is no more than one outsider's word, or that of editors who report errors
    alone: to learn from, not to be measured on.
    `unvouched` are stories with a label of callers alone whom no administrator vouches for.
    `guard` holds the articles that the champion was measured on, and those of a table, as nobody outside could label
    them.
    """

    articles: Mapping[str, LabelledArticle]
    quarantined: list[QuarantinedRow]
    corrections: int
    added: int
    relabelled: int
    unknown: int
    left_out: Mapping[str, int]
    table_report: TableReport | None = None
    beyond_share: Mapping[str, int] = field(default_factory=dict)
    held_back: int = 0
    unconfirmed: frozenset[str] = frozenset()
    unvouched: frozenset[str] = frozenset()
    guard: Mapping[str, LabelledArticle] = field(default_factory=dict)
    renamed: int = 0
    removed: int = 0

    @property
    def is_new(self) -> bool:
        """Whether there is anything to learn, or to unlearn, that the champion does not know."""
        return self.added + self.relabelled + self.renamed + self.removed > 0

    def __str__(self) -> str:
        parts = [f"{self.corrections:,} usable corrections", f"{self.added:,} articles added"]
        parts.append(f"{self.relabelled:,} relabelled")
        if self.renamed:
            parts.append(f"{self.renamed:,} of another category by data_pipeline.categories since")
        if self.removed:
            parts.append(f"{self.removed:,} gone with retracted tables or excluded categories")
        if self.unknown:
            parts.append(
                f"{self.unknown:,} more about texts that are not kept (send the text with the feedback, or set "
                "STORE_TEXT=true)"
            )
        if self.left_out:
            named = ", ".join(f"'{category}' {count:,}" for category, count in sorted(self.left_out.items())[:5])
            parts.append(f"left out, of categories with too few texts: {named}")
        if self.beyond_share:
            named = ", ".join(f"{key or 'nobody'} {count:,}" for key, count in sorted(self.beyond_share.items())[:5])
            parts.append(
                f"left out, beyond the share that one API key has (monitoring.feedback.max_caller_share): {named}; an "
                "administrator can vouch for a key (newsdesk keys create NAME --trusted)"
            )
        if self.held_back:
            parts.append(
                f"{self.held_back:,} held back: one key alone, or who reports errors alone, changes nothing that "
                "models are measured on"
            )
        return "; ".join(parts)

    def counts(self) -> dict[str, int]:
        """The figures by name."""
        return {
            "usable": self.corrections,
            "added": self.added,
            "relabelled": self.relabelled,
            "unknown": self.unknown,
            "left_out": sum(self.left_out.values()),
            "beyond_share": sum(self.beyond_share.values()),
            "held_back": self.held_back,
            "renamed": self.renamed,
            "removed": self.removed,
        }

    def constraints(self, learnt: Collection[str], measured_on: Collection[str]) -> SplitConstraints:
        """The split constraints towards a champion that has `learnt` from some stories and was measured on others."""
        return SplitConstraints(learnt, self.unconfirmed, measured_on, self.guard, self.unvouched)

    def checked(self, source: str) -> CheckedTable:
        """The table as rows that were read from `source`."""
        accepted = [AcceptedRow(row, article) for row, article in enumerate(self.articles.values(), start=1)]
        return CheckedTable(
            source, accepted, self.quarantined, len(accepted) + len(self.quarantined), self.table_report
        )
