import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.annotator_reliability import DistrustedAnnotator, LoggedLabel
from newsdesk.monitoring.labels import usable_labels
from newsdesk.store.feedback import Annotation
from tests.unit.monitoring.voting import LIMITS, annotation, answered, labels_of, texts


def names(annotations: list[Annotation]) -> list[tuple[str | None, str | None]]:
    """Caller and editor of those who are not believed."""
    return sorted(((one.caller, one.editor) for one in labels_of(annotations).distrusted), key=str)


def agreeing(editor: str, caller: str | None = "newsroom", category: str = "sport", count: int = 4) -> list[Annotation]:
    return [annotation(text, category, editor, caller) for text in texts(count)]


def test_who_contradicts_confident_predictions_is_not_believed() -> None:
    against = [answered(annotation(text, "politics"), "sport", 0.95) for text in texts(4)]
    labels = labels_of([*against, annotation("another", "politics")])
    assert labels.distrusted == (DistrustedAnnotator("newsroom", "Ruth", 0, 4, "confident predictions"),)
    assert str(labels.distrusted[0]) == (
        "Editor Ruth by caller newsroom agreed with confident predictions on 0 of 4 texts."
    )
    assert (labels.categories, labels.states) == ({}, {"distrusted": 5})


def test_predictions_that_are_not_confident_may_be_contradicted() -> None:
    assert names([answered(annotation(text, "politics"), "sport", 0.89) for text in texts(9)]) == []


def test_a_few_texts_prove_nothing() -> None:
    assert names([answered(annotation(text, "politics"), "sport", 0.95) for text in texts(3)]) == []


def test_who_agrees_as_often_as_is_asked_is_believed() -> None:
    said = ["sport", "sport", "politics", "politics"]
    annotations = [
        answered(annotation(text, category), "sport", 0.95) for text, category in zip(texts(4), said, strict=True)
    ]
    assert names(annotations) == []
    assert names([*annotations, answered(annotation("one more", "politics"), "sport", 0.95)]) == [("newsroom", "Ruth")]


def test_predictions_of_texts_count_for_votes_that_are_about_none() -> None:
    predicted = {text: LoggedLabel("sport", 0.95, "sha256:ab") for text in texts(4)}
    about_texts = [annotation(text, "politics") for text in texts(4)]
    assert len(usable_labels(about_texts, predicted, LIMITS).distrusted) == 1
    about_predictions = [answered(given, "politics", 0.95) for given in about_texts]
    assert usable_labels(about_predictions, predicted, LIMITS).distrusted == ()


def test_one_key_that_pretends_to_be_many_editors_is_not_believed() -> None:
    against = [answered(annotation(text, "politics", f"editor {text}", "stolen"), "sport", 0.95) for text in texts(4)]
    labels = labels_of([*against, annotation("another", "politics", "editor five", "stolen"), annotation("b", "sport")])
    assert labels.distrusted == (DistrustedAnnotator("stolen", None, 0, 4, "confident predictions"),)
    assert str(labels.distrusted[0]).startswith("All editors by caller stolen agreed with confident predictions on 0")
    assert labels.categories == {"b": "sport"}


def test_a_bad_editor_does_not_discredit_the_others_of_the_same_key() -> None:
    bad = [answered(annotation(text, "politics", "Mallory"), "sport", 0.95) for text in texts(6)]
    good = [answered(annotation(text, "sport", "Ruth"), "sport", 0.95) for text in texts(4, "good")]
    assert names(bad + good) == [("newsroom", "Mallory")]


def test_who_contradicts_editors_who_agree_with_each_other_is_not_believed() -> None:
    annotations = agreeing("Ruth") + agreeing("Jo") + agreeing("Mallory", category="politics")
    assert names(annotations) == [("newsroom", "Mallory")]
    assert labels_of([*annotations, annotation("alone", "politics", "Mallory")]).states == {"used": 4, "distrusted": 1}


def test_of_two_who_contradict_each_other_nobody_knows_who_is_right() -> None:
    assert names(agreeing("Ruth") + agreeing("Jo", category="politics")) == []


def test_one_key_alone_discredits_nobody_elses_editors() -> None:
    crowd = [one for n in range(5) for one in agreeing(f"editor {n}", "stolen", "politics")]
    assert names(agreeing("Ruth") + crowd) == []


def test_two_keys_that_agree_do() -> None:
    annotations = agreeing("Ruth", "a") + agreeing("Jo", "b") + agreeing("Mallory", "stolen", "politics")
    assert names(annotations) == [("stolen", "Mallory")]


def test_one_key_that_pretends_to_be_many_contradicts_editors() -> None:
    crowd = [annotation(text, "politics", f"editor {text}", "stolen") for text in texts(4)]
    assert names(agreeing("Ruth", "a") + agreeing("Jo", "b") + crowd) == [("stolen", None)]


SURE = {f"text{n}": 0.9 + n / 1000 for n in range(80)}  # predicted to be about sport, the later the surer
LOG = {("sha256:ab", "sport"): SURE}


def correcting(chosen: list[str], editor: str = "Ruth", caller: str = "newsroom") -> list[Annotation]:
    """Somebody who reports these as errors and says nothing else."""
    return [
        annotation(text, "politics", editor, caller)._replace(
            predicted="sport", confidence=SURE[text], digest="sha256:ab"
        )
        for text in chosen
    ]


def found(annotations: list[Annotation], limits: FeedbackLimits = LIMITS) -> list[tuple[str | None, str | None]]:
    return sorted(
        ((one.caller, one.editor) for one in usable_labels(annotations, {}, limits, log=LOG).distrusted), key=str
    )


def test_who_reports_errors_alone_is_believed_where_the_model_was_less_sure_of_them() -> None:
    assert found(correcting(texts(20))) == []


@pytest.mark.parametrize("temperature", [0.01, 1, 100])
def test_it_does_not_matter_how_sure_the_model_is_of_everything(temperature: float) -> None:
    sure = {text: confidence**temperature for text, confidence in SURE.items()}
    annotations = [one._replace(confidence=sure[one.text_digest]) for one in correcting(texts(20))]
    limits = LIMITS.model_copy(update={"confident": 0.0})
    assert usable_labels(annotations, {}, limits, log={("sha256:ab", "sport"): sure}).distrusted == ()


@pytest.mark.parametrize("chosen", [list(SURE)[::4], list(SURE)[60:], list(SURE)], ids=["blindly", "the surest", "all"])
def test_who_contradicts_the_sure_as_often_as_the_unsure_is_not(chosen: list[str]) -> None:
    assert found(correcting(chosen)) == [("newsroom", "Ruth")]


def test_predictions_of_another_model_or_category_prove_nothing() -> None:
    others = {("sha256:cd", "sport"): SURE, ("sha256:ab", "politics"): SURE}
    assert len(usable_labels(correcting(texts(20)), {}, LIMITS, log=others).distrusted) == 1


def test_a_key_is_believed_where_errors_that_many_report_are_such_as_the_model_makes() -> None:
    few = [one for text in texts(20) for one in correcting([text], f"editor of {text}")]
    assert found(few) == []
    blind = [one for text in list(SURE)[::4] for one in correcting([text], f"editor of {text}")]
    assert found(blind) == [("newsroom", None)]


def test_where_only_sure_predictions_are_published_errors_among_these_count() -> None:
    """Predictions that nobody saw, all of them unsure, do not speak against who corrects what was published."""
    unseen = {("sha256:ab", "sport"): SURE | {f"unseen{n}": 0.2 for n in range(500)}}
    limits = LIMITS.model_copy(update={"confident": 0.9})
    assert usable_labels(correcting(texts(20)), {}, limits, log=unseen).distrusted == ()


def vouched(annotations: list[Annotation]) -> list[Annotation]:
    return [one._replace(trusted=True) for one in annotations]


@pytest.mark.parametrize("liars", [1, 2, 3, 5])
@pytest.mark.parametrize("flattered", [0, 4], ids=["lies alone", "some truth first"])
def test_no_number_of_other_keys_takes_the_voice_of_a_trusted_one(liars: int, flattered: int) -> None:
    right = vouched([annotation(text, "sport", "Ruth", "boss") for text in texts(8)])
    lies = [
        annotation(text, "sport" if number < flattered - 1 else "politics", "Eve", f"evil{liar}", second=1)
        for liar in range(liars)
        for number, text in enumerate(texts(8))
    ]
    labels = labels_of(
        [*right, *lies, *(annotation("elsewhere", "politics", "Eve", f"evil{liar}") for liar in range(liars))]
    )
    assert {one.caller for one in labels.distrusted} == {f"evil{liar}" for liar in range(liars)}
    assert {one.against for one in labels.distrusted} == {"trusted keys"}
    assert labels.categories == dict.fromkeys(texts(8), "sport")


def test_who_contradicts_a_trusted_key_is_told_so() -> None:
    [found] = labels_of(vouched(agreeing("Ruth", "boss")) + agreeing("Eve", "evil", "politics")).distrusted
    assert str(found) == "Editor Eve by caller evil agreed with trusted keys on 0 of 4 texts."


def test_one_who_agrees_with_a_trusted_key_is_not_judged_by_those_who_do_not() -> None:
    annotations = vouched(agreeing("Ruth", "boss")) + agreeing("Jo", "wire")
    assert names(annotations + agreeing("Eve", "evil", "politics") + agreeing("Max", "evil2", "politics")) == [
        ("evil", "Eve"),
        ("evil2", "Max"),
    ]


def test_trusted_keys_that_agree_are_heard_against_another_trusted_one() -> None:
    stolen = vouched(agreeing("Eve", "stolen", "politics"))
    assert names(vouched(agreeing("Ruth", "a") + agreeing("Jo", "b")) + stolen) == [("stolen", "Eve")]
    assert names(vouched(agreeing("Ruth", "a")) + stolen) == []
    assert names(vouched(agreeing("Ruth", "a")) + agreeing("Jo", "b") + agreeing("Kim", "c") + stolen) == []


def test_among_the_editors_of_a_trusted_key_the_odd_one_out_is_not_believed() -> None:
    assert names(vouched(agreeing("Ruth") + agreeing("Jo") + agreeing("Mallory", category="politics"))) == [
        ("newsroom", "Mallory")
    ]


def test_a_key_that_became_trusted_is_not_judged_for_what_it_said_before() -> None:
    before = [annotation(text, "politics", "Ruth", "boss") for text in texts(4, "before")]
    others = [annotation(text, "sport", name, name) for text in texts(4, "before") for name in ("b", "c")]
    assert names(before + others) == [("boss", "Ruth")]
    assert names(before + others + vouched([annotation("since", "sport", "Ruth", "boss")])) == []


@given(
    st.lists(st.sampled_from(["sport", "politics", "business"]), min_size=1, max_size=12),
    st.lists(
        st.tuples(st.integers(0, 15), st.sampled_from(["x", "y", "z"]), st.sampled_from(["Eve", "Max"])),
        unique=True,
        max_size=60,
    ),
    st.data(),
)
def test_what_a_trusted_key_says_stands_whatever_others_say(
    said: list[str], others: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    limits = LIMITS.model_copy(update={"max_per_editor_and_day": 99, "max_per_caller_and_day": 99})
    right = vouched([annotation(f"text{number}", category, "Ruth", "boss") for number, category in enumerate(said)])
    noise = [
        annotation(f"text{number}", data.draw(st.sampled_from(["sport", "politics"])), editor, caller)
        for number, caller, editor in others
    ]
    found = labels_of([*right, *noise], limits).categories
    assert {text: found.get(text) for text in (one.text_digest for one in right)} == {
        one.text_digest: one.category for one in right
    }
