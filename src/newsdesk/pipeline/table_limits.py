"""When a table is refused as a whole, and when only its smallest categories are left out."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from newsdesk import atomic
from newsdesk.articles.category_hints import CategoryHint, category_hints, hint_lines
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.labels import LabelJoin
from newsdesk.articles.quarantine import SMALL, AcceptedRow, QuarantinedRow, set_aside
from newsdesk.config.pipeline_config import DataPipeline
from newsdesk.errors import DataError
from newsdesk.pipeline.table_check import CheckedTable

_MAX_NAMED = 5  # categories in a message


def require_few_broken(
    source: str, checked: CheckedTable, quarantined: list[QuarantinedRow], limits: DataPipeline, report: Path
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
        f"{_label_sentences(checked.table_report.labels if checked.table_report else None)}"
        "Correct them, or raise the limit in configs/pipeline_config.yaml."
    )


def _label_sentences(joined: LabelJoin | None) -> str:
    """The report of the label join, where articles have no label: the likely cause of broken rows."""
    return " ".join((*joined.sentences(), "")) if joined and joined.without_label else ""


def leave_out_small(
    source: str, stories: Mapping[str, AcceptedRow], limits: DataPipeline
) -> tuple[dict[str, AcceptedRow], list[QuarantinedRow], list[CategoryHint]]:
    """The stories whose categories have enough articles; the others, set aside; and which categories, large or small,
    look like something else. Raises `DataError` where that leaves fewer than two categories or less than half of the
    articles, or where `on_small_category` says so."""
    rules = CategoryRules(limits.categories)
    counts = Counter(item.article.category for item in stories.values())
    hints = category_hints(counts, rules)
    small = {category: count for category, count in counts.items() if count < limits.min_articles_per_category}
    if len(counts) < 2:
        only = f"all articles are '{next(iter(counts))}'" if counts else "no article is left"
        raise DataError(f"{source}: {only}. A classifier needs at least two categories: add articles of another one.")
    kept = {key: item for key, item in stories.items() if item.article.category not in small}
    is_little = len(counts) - len(small) < 2 or 2 * len(kept) < len(stories)
    if small and (limits.on_small_category == "refuse" or is_little):
        named = ", ".join(f"'{category}' has {count}" for category, count in sorted(small.items())[:_MAX_NAMED])
        more = f" and {len(small) - _MAX_NAMED} more" if len(small) > _MAX_NAMED else ""
        cause = "too little would be left without them" if is_little else "data_pipeline.on_small_category is refuse"
        leave = "" if is_little else "set data_pipeline.on_small_category: leave_out, "
        hint_text = [*hint_lines([hint for hint in hints if small.keys() & hint.categories.keys()], rules)]
        raise DataError(
            f"{source}: too few different articles to learn and to measure: {named}{more}; "
            f"{limits.min_articles_per_category} are needed (data_pipeline.min_articles_per_category), and {cause}. "
            f"Add articles, {leave}or merge a category into another (data_pipeline.categories.aliases)."
            + "".join(f"\n{line}" for line in hint_text)
        )
    return kept, [set_aside(item, SMALL) for key, item in stories.items() if key not in kept], hints
