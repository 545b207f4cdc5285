"""Output about a dataset's categories: which were changed or left out, and which look like mistakes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from newsdesk.articles.category_hints import hint_lines
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import Categories

if TYPE_CHECKING:
    from newsdesk.pipeline.prepare import PreparedDataset

_MAX_NAMED = 10  # categories in a sentence


def category_lines(prepared: "PreparedDataset") -> Iterator[str]:
    """For people."""
    changes = prepared.categories
    yield from changes.sentences()
    if prepared.small:
        named = ", ".join(f"'{category}' ({count:,})" for category, count in [*prepared.small.items()][:_MAX_NAMED])
        more = f" and {len(prepared.small) - _MAX_NAMED:,} more" if len(prepared.small) > _MAX_NAMED else ""
        yield (
            f"Left out, of categories with fewer articles than data_pipeline.min_articles_per_category: {named}{more}. "
            "They stand in quarantine.parquet of the dataset."
        )
    yield from hint_lines(prepared.hints, CategoryRules(Categories(aliases=changes.aliases, exclude=changes.exclude)))


def categories_as_dict(prepared: "PreparedDataset") -> dict[str, Any]:
    """As JSON-serialisable values."""
    return {
        "category_changes": prepared.categories.model_dump(),
        "small_categories": dict(prepared.small),
        "category_hints": [hint.as_dict() for hint in prepared.hints],
    }
