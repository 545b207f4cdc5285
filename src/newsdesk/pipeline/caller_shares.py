"""The share of a retraining set that may rest on one caller's word."""

from collections import defaultdict
from collections.abc import Mapping
from math import floor

from newsdesk.articles.article import LabelledArticle
from newsdesk.monitoring.labels import LabelSupport


def stories_beyond_share(
    corrected: Mapping[str, LabelledArticle],
    support: Mapping[str, LabelSupport],
    table: Mapping[str, LabelledArticle],
    share: float,
) -> dict[str, str]:
    """Stories whose label rests only on callers that have used up their share → such a caller.

    `corrected`: corrected articles by story, in order of time. `support`: whose word each correction is. `table`: the
    articles without the corrections. What the table has learnt from a caller already counts first, then what was said
    first. Trusted callers have no limit.
    """
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for story in corrected:
        for key in support[story].keys:
            by_key[key].append(story)
    allowed = {story for story in corrected if support[story].trusted or share >= 1}
    for stories in by_key.values():
        others = len(table.keys() - set(stories))
        stories.sort(key=lambda story: table.get(story) != corrected[story])
        allowed.update(stories[: floor(share * others / (1 - share) + 1e-9) if share < 1 else None])
    return {story: min(support[story].keys) for story in corrected if story not in allowed}
