from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import Categories
from newsdesk.monitoring.annotator_reliability import LoggedLabel
from newsdesk.monitoring.labels import usable_labels
from newsdesk.store.feedback import Annotation
from tests.unit.monitoring.voting import LIMITS, annotation, answered, labels_of, texts
from tests.unit.store.rows import NOON

CATEGORIES = ["sport", "politics", "business"]


@st.composite
def any_annotations(draw: st.DrawFn, editors: tuple[str, ...] = ("Ruth", "Jo", "Kim", "Max")) -> list[Annotation]:
    """At most one vote of an editor on a text, some about a prediction."""
    subjects = st.tuples(
        st.sampled_from(texts(8)), st.sampled_from(["newsroom", "wire", None]), st.sampled_from(editors)
    )
    annotations = []
    for text, caller, editor in draw(st.lists(subjects, unique=True, max_size=60)):
        said = annotation(text, draw(st.sampled_from(CATEGORIES)), editor, caller, draw(st.integers(0, 200_000)))
        if draw(st.booleans()):
            said = answered(said, draw(st.sampled_from(CATEGORIES)), draw(st.sampled_from([0.5, 0.95])))
        annotations.append(said)
    return annotations


def test_a_majority_decides_and_texts_on_which_editors_are_divided_are_left_out() -> None:
    annotations = [
        *(annotation("clear", category, editor) for editor, category in zip("abc", ["x", "x", "y"], strict=True)),
        *(annotation("tie", category, editor) for editor, category in zip("ab", ["x", "y"], strict=True)),
        *(
            annotation("tie of three", category, editor)
            for editor, category in zip("abcde", ["x", "x", "y", "y", "z"], strict=True)
        ),
        annotation("one", "z"),
    ]
    labels = labels_of(annotations)
    assert labels.categories == {"clear": "x", "one": "z"}
    assert labels.states == {"used": 2, "contradicted": 2}


@pytest.mark.parametrize(
    ("said", "decided"),
    [("xxyzw", None), ("xxyz", None), ("xxxyyz", None), ("xxxyz", "x"), ("xy", None), ("xxy", "x"), ("xxyy", None)],
)
def test_a_majority_is_more_than_half_of_the_votes(said: str, decided: str | None) -> None:
    annotations = [annotation("text", category, f"editor {number}") for number, category in enumerate(said)]
    assert labels_of(annotations).categories.get("text") == decided


def test_categories_that_differ_by_case_alone_are_one_and_a_class_of_the_model_where_there_is_one() -> None:
    annotations = [
        annotation(text, said) for text, said in zip(texts(3), ["BUSINESS", "business", "Business"], strict=True)
    ]
    assert set(usable_labels(annotations, {}, LIMITS, ["Business", "Sport"]).categories.values()) == {"Business"}
    new = [annotation("a", "Weather", "Ruth"), annotation("a", "weather", "Jo"), annotation("b", "Weather", "Kim")]
    labels = usable_labels(new, {}, LIMITS, ["Business"])
    assert (labels.categories, labels.states) == ({"a": "Weather", "b": "Weather"}, {"used": 2})


def test_who_agrees_but_for_the_case_agrees() -> None:
    said = [answered(annotation(text, "business "), "Business", 0.95) for text in texts(4)]
    labels = usable_labels([one._replace(category="business") for one in said], {}, LIMITS, ["Business"])
    assert (labels.distrusted, labels.states, labels.reviewed) == ((), {"used": 4}, frozenset(texts(4)))


def test_categories_of_the_model_that_differ_by_case_alone_stay_two() -> None:
    annotations = [annotation(text, said) for text, said in zip(texts(3), ["sport", "Sport", "SPORT"], strict=True)]
    assert list(usable_labels(annotations, {}, LIMITS, ["sport", "Sport"]).categories.values()) == [
        "sport",
        "Sport",
        "SPORT",
    ]


def review(editor: str, confirmed: int, corrected: int, caller: str = "newsroom") -> list[Annotation]:
    """An editor's votes on predictions that were not confident."""
    said = ["sport"] * confirmed + ["politics"] * corrected
    return [
        answered(annotation(text, category, editor, caller), "sport", 0.5)
        for text, category in zip(texts(len(said), editor), said, strict=True)
    ]


@pytest.mark.parametrize(
    ("annotations", "reviewers"),
    [
        (review("Ruth", 0, 7), set()),
        (review("Ruth", 1, 6), {"Ruth"}),
        (review("Ruth", 0, 1), set()),
        (review("Ruth", 0, 6) + review("Jo", 5, 1), {"Jo"}),
        (review("Ruth", 0, 2) + review("Jo", 1, 0), {"Ruth", "Jo"}),
        (review("Ruth", 0, 2) + review("Jo", 1, 0, "wire"), {"Jo"}),
    ],
)
def test_reviewed_is_what_somebody_labelled_who_confirms_as_well_as_corrects(
    annotations: list[Annotation], reviewers: set[str]
) -> None:
    labels = labels_of(annotations)
    assert {text.rstrip("0123456789") for text in labels.reviewed} == reviewers
    assert labels.states == {"used": len(annotations)}


def test_labels_of_texts_that_no_model_answered_are_no_reports_of_errors() -> None:
    assert labels_of([annotation(text, "sport") for text in texts(6)]).reviewed == frozenset(texts(6))


def test_of_a_flood_by_one_editor_the_first_of_the_day_are_used() -> None:
    annotations = [annotation(text, "sport", second=second) for second, text in enumerate(texts(10))]
    labels = labels_of(annotations)
    assert sorted(labels.categories) == texts(8)
    assert labels.states == {"used": 8, "flood": 2}
    tomorrow = [given._replace(at=given.at + timedelta(days=1)) for given in annotations[8:]]
    assert labels_of(annotations[:8] + tomorrow).states == {"used": 10}


def test_of_a_flood_by_one_caller_the_first_of_the_day_are_used_whoever_they_are_from() -> None:
    annotations = [annotation(text, "sport", f"editor {text}", second=second) for second, text in enumerate(texts(14))]
    assert sorted(labels_of(annotations).categories) == sorted(texts(12))


def test_a_text_with_one_usable_vote_is_used_whatever_became_of_the_others() -> None:
    flood = [annotation(text, "sport", second=second) for second, text in enumerate(texts(9))]
    labels = labels_of([*flood, annotation("text8", "politics", "Jo", "wire")])
    assert labels.categories["text8"] == "politics"
    assert labels.states == {"used": 9}


def test_a_label_is_as_new_as_the_last_vote_for_it() -> None:
    annotations = [
        annotation("a", "sport", second=1),
        annotation("a", "sport", "Jo", second=5),
        annotation("a", "x", "Kim", second=9),
    ]
    labels = labels_of([*annotations, annotation("b", "sport", second=2)])
    assert labels.said_at == {"a": NOON + timedelta(seconds=5), "b": NOON + timedelta(seconds=2)}
    assert [labels.since(NOON + timedelta(seconds=seconds)) for seconds in (0, 2, 5)] == [2, 1, 0]


@given(annotations=any_annotations(), data=st.data())
def test_the_order_of_votes_does_not_matter(annotations: list[Annotation], data: st.DataObject) -> None:
    assert labels_of(data.draw(st.permutations(annotations))) == labels_of(annotations)


@given(annotations=any_annotations())
def test_every_text_with_feedback_has_one_state(annotations: list[Annotation]) -> None:
    labels = labels_of(annotations)
    assert sum(labels.states.values()) == len({given.text_digest for given in annotations})
    assert labels.states.get("used", 0) == len(labels.categories) == len(labels.said_at)


@given(annotations=any_annotations())
def test_the_votes_of_an_editor_who_is_not_believed_change_nothing(annotations: list[Annotation]) -> None:
    labels = labels_of(annotations)
    for one in labels.distrusted:
        without = [v for v in annotations if v.caller != one.caller or one.editor not in (None, v.editor)]
        assert labels_of(without).categories == labels.categories


honest_annotations = st.lists(
    st.tuples(st.sampled_from(texts(20)), st.sampled_from(["a", "b", "c"])), unique=True, max_size=30
)
fakes = st.lists(
    st.tuples(st.sampled_from(texts(20)), st.sampled_from(["Ruth", "Eve", "Mallory"]), st.sampled_from(CATEGORIES)),
    unique_by=lambda fake: fake[:2],
    max_size=60,
)


@given(honest=honest_annotations, fake=fakes)
def test_a_flood_of_fakes_by_one_key_changes_no_more_than_the_limit(
    honest: list[tuple[str, str]], fake: list[tuple[str, str, str]]
) -> None:
    truth = [annotation(text, "sport", "Ruth", caller) for text, caller in honest]
    flood = [annotation(text, category, editor, "stolen", second=n) for n, (text, editor, category) in enumerate(fake)]
    before, after = labels_of(truth).categories, labels_of(truth + flood).categories
    changed = [text for text in before.keys() | after.keys() if before.get(text) != after.get(text)]
    assert len(changed) <= LIMITS.max_per_caller_and_day


@pytest.mark.parametrize("editors", [1, 2, 5])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_trusted_key_is_neither_contradicted_nor_outvoted_by_another(editors: int, is_first: bool) -> None:
    right = annotation("text", "sport", "desk", "cms", second=50)._replace(trusted=True)
    others = [
        annotation("text", "business", f"editor{n}", "other", second=n if is_first else 60 + n) for n in range(editors)
    ]
    labels = labels_of([right, *others])
    assert labels.categories == {"text": "sport"}
    assert (labels.said_at["text"], labels.support["text"].trusted) == (right.at, True)


def test_a_key_has_one_voice_however_many_editors_it_says_it_has() -> None:
    one = [annotation("text", "business", f"editor{n}", "one") for n in range(5)]
    other = [annotation("text", "sport", "Ruth", "other")]
    third = [annotation("text", "sport", "Jo", "third")]
    divided = [annotation("text", "a", "Jo", "divided"), annotation("text", "b", "Max", "divided")]
    assert labels_of(one + other).categories == {}
    assert labels_of(one + other + third + divided).categories == {"text": "sport"}


def by(annotations: list[Annotation], *, trusted: bool) -> list[Annotation]:
    return [one._replace(trusted=trusted) for one in annotations]


def about(texts_of: str, annotations: list[Annotation]) -> list[Annotation]:
    """The same votes, on texts that others speak of, too."""
    return [
        one._replace(text_digest=text) for one, text in zip(annotations, texts(len(annotations), texts_of), strict=True)
    ]


@pytest.mark.parametrize(
    ("annotations", "evidence"),
    [
        (by(review("Ruth", 0, 7), trusted=True), 0),
        (by(review("Ruth", 2, 5), trusted=True), 7),
        (review("Ruth", 2, 5), 0),
        (about("a", review("Ruth", 0, 6, "a")) + about("a", review("Jo", 0, 6, "b")), 0),
        # A second word counts, on what a reviewer chose, only if a reviewer says it.
        (about("a", review("Ruth", 0, 6, "a")) + about("a", review("Jo", 0, 6, "b")) + review("Jo", 6, 0, "b"), 0),
        (by(about("a", review("Ruth", 0, 6, "a")), trusted=True) + review("Jo", 6, 0, "b"), 0),
    ],
    ids=["errors alone", "reviews", "not trusted", "two report errors", "one of two reviews", "trusted errors"],
)
def test_models_are_measured_on_what_trusted_or_agreeing_reviewers_say(
    annotations: list[Annotation], evidence: int
) -> None:
    limits = LIMITS.model_copy(update={"max_per_editor_and_day": 99, "max_per_caller_and_day": 99})
    support = usable_labels(annotations, {}, limits, ["sport", "politics"]).support
    assert sum(one.is_evidence for one in support.values()) == evidence


def test_of_a_category_that_the_model_does_not_know_nobody_can_confirm_anything() -> None:
    annotations = by([one._replace(category="weather") for one in review("Ruth", 0, 7)], trusted=True)
    assert all(
        one.is_evidence for one in usable_labels(annotations, {}, LIMITS, ["sport", "politics"]).support.values()
    )
    assert not any(
        one.is_evidence for one in usable_labels(annotations, {}, LIMITS, ["sport", "weather"]).support.values()
    )


def test_a_model_that_learnt_what_was_said_confirms_nothing() -> None:
    annotations = by(
        [annotation(text, "politics", second=second) for second, text in enumerate(texts(7))], trusted=True
    )
    learnt = {text: LoggedLabel("politics", 0.6, "sha256:new") for text in texts(7)}
    later = by(
        [answered(annotation(text, "politics", second=90), "sport", 0.5) for text in texts(7, "later")], trusted=True
    )
    limits = LIMITS.model_copy(update={"max_per_editor_and_day": 99, "max_per_caller_and_day": 99})

    def evidence(trained_at: int) -> set[str]:
        moment = {"sha256:new": NOON + timedelta(seconds=trained_at)}
        support = usable_labels(annotations + later, learnt, limits, ["sport", "politics"], trained_at=moment).support
        return {text for text, one in support.items() if one.is_evidence}

    assert evidence(60) == set()
    assert evidence(-60) == {*texts(7), *texts(7, "later")}


def test_votes_are_for_what_the_configuration_means_and_none_for_what_it_leaves_out() -> None:
    rules = CategoryRules(Categories(aliases={"sport": "sports", "tech": "technology"}, exclude=["N/A"]))
    said = [
        annotation("a", "Sport"),
        annotation("b", "n/a"),
        annotation("c", "tech"),
        annotation("d", "Technology"),
        annotation("e", "politics"),
    ]
    labels = usable_labels(said, {}, LIMITS, ["sports", "politics"], resolve_category=rules.of)
    assert labels.categories["a"] == "sports"
    assert "b" not in labels.categories
    assert labels.categories["c"] == labels.categories["d"]
    assert labels.states == {"used": 4}
