"""Separate duplicates: the same story told twice."""

from collections import defaultdict

from newsdesk.articles.quarantine import AcceptedRow, QuarantinedRow, set_aside
from newsdesk.articles.story import story_key


def separate_duplicates(accepted: list[AcceptedRow]) -> tuple[dict[str, AcceptedRow], list[QuarantinedRow]]:
    """Story key → its one article, and the rows to set aside.

    Of a story that is repeated under one category the first row stays. A story under several categories is set aside
    whole: which one is right is for an editor to say.
    """
    stories: defaultdict[str, list[AcceptedRow]] = defaultdict(list)
    for item in accepted:
        stories[story_key(item.article)].append(item)
    kept: dict[str, AcceptedRow] = {}
    quarantined: list[QuarantinedRow] = []
    for key, (first, *repeats) in stories.items():
        if len({item.article.category for item in (first, *repeats)}) > 1:
            quarantined += [set_aside(item, "conflicting_category") for item in (first, *repeats)]
        else:
            kept[key] = first
            quarantined += [set_aside(item, "duplicate") for item in repeats]
    return kept, quarantined
