"""What one caller's word may do to a retraining set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.splits import Split
from newsdesk.articles.story import story_key
from newsdesk.config.model_config import TextCleaning
from newsdesk.monitoring.labels import Labels, LabelSupport
from newsdesk.monitoring.majority_vote import NO_KEY
from newsdesk.pipeline.corrections import Correction, build_retraining_table
from newsdesk.pipeline.retraining_table import RetrainingTable
from newsdesk.pipeline.split_constraints import SplitConstraints
from newsdesk.store.feedback import Annotation
from newsdesk.store.records import text_digest
from tests.unit.monitoring.voting import annotation, labels_of


def text(number: int) -> str:
    return f"The {number} ships left the harbour before the storm of the year {number} came."


def article(number: int, category: str = "business") -> LabelledArticle:
    return LabelledArticle(id=f"a{number}", title="", text=text(number), category=category)


def said(number: int, *keys: str, category: str = "sport", trusted: bool = False) -> Correction:
    support = LabelSupport(frozenset(keys or {"cms"}), trusted)
    return Correction(text_digest(text(number)), category, text(number), support)


def corrected(
    corrections: list[Correction], known: list[LabelledArticle], share: float = 0.2, guard: int = 0
) -> RetrainingTable:
    """`guard`: how many of those known the champion was measured on."""
    measured = {story_key(one): one for one in known[:guard]}
    return build_retraining_table(known, None, corrections, TextCleaning(), 1, measured, share)


def sports(result: RetrainingTable) -> set[str]:
    return {one.text for one in result.articles.values() if one.category == "sport"}


KNOWN = [article(number) for number in range(8)]


def test_one_key_adds_its_share_of_the_set_and_no_more() -> None:
    result = corrected([said(number) for number in range(100, 140)], KNOWN)
    assert sports(result) == {text(100), text(101)}  # 2 of 10: the earliest
    assert (result.added, result.beyond_share) == (2, {"cms": 38})
    assert "cms 38; an administrator can vouch for a key (newsdesk keys create NAME --trusted)" in str(result)
    assert result.counts()["beyond_share"] == 38


def test_a_trusted_key_has_no_limit() -> None:
    result = corrected([said(number, trusted=True) for number in range(100, 140)], KNOWN)
    assert (len(sports(result)), result.beyond_share, result.unconfirmed) == (40, {}, frozenset())


def test_what_was_learnt_of_a_key_before_counts_and_stays() -> None:
    first = corrected([said(100), said(101)], KNOWN)
    again = corrected([said(number) for number in (99, 100, 101, 102)], list(first.articles.values()))
    assert (sports(again), again.added) == ({text(100), text(101)}, 0)


def test_a_relabelled_article_counts_like_one_that_is_added() -> None:
    result = corrected([said(number) for number in range(8)], KNOWN)
    assert (result.relabelled, result.beyond_share) == (0, {"cms": 8})  # the share of nothing
    result = corrected([said(number) for number in range(4)], KNOWN)
    assert (result.relabelled, result.beyond_share) == (1, {"cms": 3})


def test_all_who_come_without_a_key_share_one_share() -> None:
    annotations = [
        annotation(text_digest(text(number)), "sport", "Jo", f"anonymous:10.0.0.{number}") for number in range(100, 104)
    ]
    support = labels_of(annotations).support
    assert set(support.values()) == {LabelSupport(frozenset({NO_KEY}), trusted=False)}


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sets(st.sampled_from("abc"), min_size=1))),
    st.integers(0, 30),
    st.sampled_from([0.1, 0.3, 0.5]),
)
def test_no_key_has_alone_more_than_its_share(said_by: list[tuple[int, set[str]]], known: int, share: float) -> None:
    corrections = [said(number, *keys) for number, keys in said_by]
    result = corrected(corrections, [article(number) for number in range(known)], share)
    agreed = {number for number, keys in said_by if len(keys) > 1}  # which one key alone does not change
    newest = {number: keys for number, keys in said_by if number not in agreed}
    for key in "abc":
        alone = {text(number) for number, keys in newest.items() if keys == {key}} & sports(result)
        assert len(alone) <= share * len(result.articles) + 1e-9


@pytest.mark.parametrize("support", [("a", "b"), ("a", "trusted")], ids=["two keys", "a trusted key"])
def test_what_more_than_one_outsider_says_changes_the_test_set_but_never_the_guard(support: tuple[str, ...]) -> None:
    trusted, names = "trusted" in support, [name for name in support if name != "trusted"]
    result = corrected([said(0, *names, trusted=trusted), said(100, *names, trusted=trusted)], KNOWN, 0.3, guard=4)
    assert sports(result) == {text(0), text(100)}
    assert result.unconfirmed == frozenset()
    assert {one.category for one in result.guard.values()} == {"business"}


@pytest.mark.parametrize("key", ["cms", NO_KEY])
def test_one_key_alone_changes_nothing_that_models_are_measured_on(key: str) -> None:
    result = corrected([said(0, key), said(7, key), said(100, key)], KNOWN, 0.5, guard=4)
    assert sports(result) == {text(7), text(100)}
    assert result.unconfirmed == {story_key(article(7)), story_key(article(100))}
    assert (result.held_back, result.counts()["held_back"]) == (1, 1)
    assert "1 held back: one key alone, or who reports errors alone, changes nothing" in str(result)


def test_one_key_does_not_take_back_by_another_spelling_what_two_agree_on() -> None:
    shouted = text(100).upper()
    later = Correction(text_digest(shouted), "politics", shouted, LabelSupport(frozenset({"c"}), trusted=False))
    assert sports(corrected([said(100, "a", "b"), later], KNOWN)) == {text(100)}


def test_what_was_learnt_by_feedback_and_is_no_longer_said_is_not_measured_on() -> None:
    first = corrected([said(100, "a", "b")], KNOWN)
    assert first.unconfirmed == frozenset()
    later = corrected([], list(first.articles.values()))
    assert later.unconfirmed == {story_key(article(100))}


def test_a_category_that_corrections_would_leave_with_nothing_to_learn_it_from_is_left_as_it_is() -> None:
    known = [*KNOWN, article(20, "science"), article(21, "science")]
    measured = {story_key(known[8]): known[8]}
    away = [said(21, "a", "b")]
    result = build_retraining_table(known, None, away, TextCleaning(), 1, measured, 1)
    assert (sports(result), result.left_out) == (set(), {"science": 1})


def support_of(annotations: list[Annotation]) -> LabelSupport:
    labels: Labels = labels_of(annotations)
    return labels.support["text"]


def test_a_label_is_the_word_of_those_who_say_so() -> None:
    annotations = [
        annotation("text", "sport", "Jo", "a"),
        annotation("text", "sport", "Kim", "b"),
        annotation("text", "politics", "Lee", "c"),
    ]
    assert support_of(annotations) == LabelSupport(frozenset({"a", "b"}), trusted=False)
    assert support_of(annotations).is_independent


def test_many_names_of_one_key_are_one_word() -> None:
    annotations = [annotation("text", "sport", editor, "a") for editor in ("Jo", "Kim", "Lee")]
    assert not support_of(annotations).is_independent


def test_visitors_without_a_key_are_no_second_word() -> None:
    annotations = [
        annotation("text", "sport", "Jo", "anonymous:10.0.0.1"),
        annotation("text", "sport", "Kim", "anonymous:10.0.0.2"),
    ]
    assert not support_of(annotations).is_independent
    assert not support_of([*annotations, annotation("text", "sport", "Lee", "a")]).is_independent
    assert support_of([annotation("text", "sport", "Lee", "a")._replace(trusted=True)]).is_independent


def test_what_those_say_who_report_errors_alone_is_learnt_from_and_never_measured_on() -> None:
    """The champion errs on it by construction: any other model would look better there."""
    errors = [
        one._replace(support=LabelSupport(frozenset({"cms"}), trusted=True, reviewed=False))
        for one in map(said, (0, 7, 100))
    ]
    result = corrected(errors, KNOWN, guard=4)
    assert sports(result) == {text(7), text(100)}
    assert result.unconfirmed == {story_key(article(7)), story_key(article(100))}
    assert (result.held_back, result.beyond_share) == (1, {})
    splits: dict[str, Split] = dict.fromkeys(result.articles, "validation")
    splits[story_key(article(7))] = "test"
    categories = {story: one.category for story, one in result.articles.items()}
    SplitConstraints((), result.unconfirmed, result.guard.keys(), result.guard).apply(splits, categories)
    assert {splits[story] for story in result.unconfirmed} == {"train"}
    assert {splits[story] for story in result.guard} == {"test"}
