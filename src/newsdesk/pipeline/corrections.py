"""The table to retrain on: what the champion learnt from, with the feedback since then."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Engine

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category_rules import NO_RULES, CategoryRules
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.quarantine import QuarantinedRow, check_rows
from newsdesk.articles.readers import RawRow
from newsdesk.articles.story import story_key
from newsdesk.config.model_config import TextCleaning
from newsdesk.monitoring.labels import Labels, LabelSupport
from newsdesk.monitoring.majority_vote import NO_KEY
from newsdesk.pipeline.caller_shares import stories_beyond_share
from newsdesk.pipeline.known_texts import digests_of
from newsdesk.pipeline.retraining_table import RetrainingTable
from newsdesk.pipeline.table_check import CheckedTable
from newsdesk.store.feedback_texts import known_texts

FEEDBACK = "feedback-"  # begins the id of an article that came by feedback
_COLUMNS = {"id": "id", "text": "text", "category": "category"}


class Correction(NamedTuple):
    """What editors say of a text; `text` is None where it is not kept. `support`: whose word it is."""

    text_digest: str
    category: str
    text: str | None
    support: LabelSupport = LabelSupport(frozenset({NO_KEY}), trusted=False)


def usable_corrections(labels: Labels, store: Engine) -> list[Correction]:
    """Usable labels with the texts that are kept, oldest first."""
    texts = dict(known_texts(store))
    by_time = sorted(labels.categories, key=lambda text: (labels.said_at[text], text))
    return [Correction(text, labels.categories[text], texts.get(text), labels.support[text]) for text in by_time]


def build_retraining_table(
    known: Iterable[LabelledArticle],
    new_table: CheckedTable | None,
    corrections: Sequence[Correction],
    cleaning: TextCleaning,
    min_articles_per_category: int,
    guard: Mapping[str, LabelledArticle] = MappingProxyType({}),
    max_caller_share: float = 1,
    rules: CategoryRules = NO_RULES,
) -> RetrainingTable:
    """Merge the `known` articles, a `new_table`, and corrections in order of time.

    Corrections are to categories as `rules` mean them; what is known, and a table, has those already.
    Of a story that is labelled anew the newest label counts, one that independent callers agree on before others. Left
    out are corrections that would leave too few articles to a category, those beyond a caller's share, and, of stories
    in the champion's `guard`, those that no model may be measured on.
    """
    before = {story_key(article): article for article in known}
    table, new_guard, quarantined = dict(before), dict(guard), []
    if new_table is not None:
        stories, repeats = separate_duplicates(new_table.accepted)
        quarantined += new_table.quarantined + repeats
        for key, item in stories.items():
            table[key] = _relabel(table.get(key, item.article), item.article.category)
            if key in new_guard or key not in before:
                new_guard[key] = table[key]
    corrected, support, unusable, unknown = _resolve(corrections, table, cleaning, rules)
    held_back = [key for key in corrected if key in guard and not support[key].is_evidence]
    _remove(corrected, held_back)
    beyond_share = stories_beyond_share(corrected, support, table, max_caller_share)
    _remove(corrected, beyond_share)
    left_out = _leave_out_small(corrected, table, guard, min_articles_per_category)
    table |= corrected
    # Feedback of an earlier retraining is in the table for good; who said it may be distrusted since.
    from_feedback = corrected.keys() | {
        key for key, item in table.items() if item.id.startswith(FEEDBACK) and key not in new_guard
    }
    relabelled = sum(table[key].category != article.category for key, article in before.items())
    return RetrainingTable(
        table,
        quarantined + unusable,
        corrections=len(corrections) - unknown,
        added=len(table) - len(before),
        relabelled=relabelled,
        unknown=unknown,
        left_out=left_out,
        table_report=new_table.table_report if new_table else None,
        beyond_share=Counter(beyond_share.values()),
        held_back=len(held_back),
        unconfirmed=frozenset(key for key in from_feedback if key not in corrected or not support[key].is_evidence),
        unvouched=frozenset(key for key in from_feedback if key not in corrected or not support[key].trusted),
        guard=new_guard,
    )


def _remove(corrected: dict[str, LabelledArticle], stories: Collection[str]) -> None:
    for key in stories:
        del corrected[key]


def _leave_out_small(
    corrected: dict[str, LabelledArticle],
    table: Mapping[str, LabelledArticle],
    guard: Collection[str],
    min_articles: int,
) -> Counter[str]:
    """Drop corrections into categories that are too small, smallest first: others may be large enough then. Also drop
    corrections that leave a category too few articles, or none to learn it from."""
    left_out: Counter[str] = Counter()
    while True:
        merged = {**table, **corrected}
        counts = Counter(article.category for article in merged.values())
        learnable = Counter(article.category for key, article in merged.items() if key not in guard)
        small = {category for category in counts if counts[category] < min_articles or not learnable[category]}
        by_category: defaultdict[str, list[str]] = defaultdict(list)
        for key, article in corrected.items():
            for category in {article.category, table[key].category if key in table else article.category} & small:
                by_category[category].append(key)
        if not by_category:
            return left_out
        smallest = min(by_category, key=lambda category: (counts[category], category))
        left_out[smallest] += len(by_category[smallest])
        _remove(corrected, by_category[smallest])


def _resolve(
    corrections: Iterable[Correction],
    table: Mapping[str, LabelledArticle],
    cleaning: TextCleaning,
    rules: CategoryRules,
) -> tuple[dict[str, LabelledArticle], dict[str, LabelSupport], list[QuarantinedRow], int]:
    """Corrected articles by story, whose word each is, the rows that cannot be used, and how many corrections have no
    known text."""
    by_digest = {digest: key for key, article in table.items() for digest in digests_of(article.title, article.text)}
    corrected: dict[str, LabelledArticle] = {}
    supports: dict[str, LabelSupport] = {}
    unusable: list[QuarantinedRow] = []
    unknown = 0
    for number, (digest, category, text, support) in enumerate(corrections, start=1):
        key = by_digest.get(digest)
        if key is None and text is None:
            unknown += 1
            continue
        values = {
            "id": f"{FEEDBACK}{digest[:16]}",
            "text": text if key is None else table[key].text,
            "category": category,
        }
        row = RawRow(number, values)
        min_length = cleaning.min_text_length
        item = next(check_rows([row], _COLUMNS, labels=None, min_text_length=min_length, rules=rules))
        if isinstance(item, QuarantinedRow):
            unusable.append(item)
            continue
        key = key or story_key(item.article)
        if key in supports and supports[key].is_independent and not support.is_independent:
            continue
        supports[key] = support
        corrected[key] = _relabel(table.get(key, item.article), item.article.category)
    return corrected, supports, unusable, unknown


def _relabel(article: LabelledArticle, category: str) -> LabelledArticle:
    return article.model_copy(update={"category": category})
