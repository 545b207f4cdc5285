"""How much of a retraining set one caller's word may be."""

from collections import defaultdict
from collections.abc import Mapping
from math import floor

from newsdesk.articles.article import LabelledArticle
from newsdesk.monitoring.labels import LabelSupport


def stories_beyond_share(
    found: Mapping[str, LabelledArticle],
    support: Mapping[str, LabelSupport],
    table: Mapping[str, LabelledArticle],
    share: float,
) -> dict[str, str]:
    """Stories that go beyond the share of the only caller, or of every caller, whose word their label is → that caller.

    `found`: articles as they were corrected, by story, in the order of time; `support` whose word that is; `table`:
    what there is without them. What the table has learnt of a caller already counts first, then what was said first.
    Callers that are trusted may say as much as they like.
    """
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for story in found:
        for key in support[story].keys:
            by_key[key].append(story)
    within = {story for story in found if support[story].trusted or share >= 1}
    for stories in by_key.values():
        others = len(table.keys() - set(stories))
        stories.sort(key=lambda story: table.get(story) != found[story])
        within.update(stories[: floor(share * others / (1 - share) + 1e-9) if share < 1 else None])
    return {story: min(support[story].keys) for story in found if story not in within}
