from newsdesk.model.predictor import Prediction
from newsdesk.monitoring.labels import usable_labels
from newsdesk.monitoring.trust import Distrusted
from newsdesk.store.feedback import Vote
from tests.unit.monitoring.voting import LIMITS, answered, labels_of, texts, vote


def names(votes: list[Vote]) -> list[tuple[str | None, str | None]]:
    """Caller and editor of those who are not believed."""
    return sorted(((one.caller, one.editor) for one in labels_of(votes).distrusted), key=str)


def agreeing(editor: str, caller: str | None = "newsroom", category: str = "sport", count: int = 4) -> list[Vote]:
    return [vote(text, category, editor, caller) for text in texts(count)]


def test_who_contradicts_confident_predictions_is_not_believed() -> None:
    against = [answered(vote(text, "politics"), "sport", 0.95) for text in texts(4)]
    labels = labels_of([*against, vote("another", "politics")])
    assert labels.distrusted == (Distrusted("newsroom", "Ruth", 0, 4, "confident predictions"),)
    assert str(labels.distrusted[0]) == (
        "Editor Ruth by caller newsroom agreed with confident predictions on 0 of 4 texts."
    )
    assert (labels.categories, labels.states) == ({}, {"distrusted": 5})


def test_predictions_that_are_not_confident_may_be_contradicted() -> None:
    assert names([answered(vote(text, "politics"), "sport", 0.89) for text in texts(9)]) == []


def test_a_few_texts_prove_nothing() -> None:
    assert names([answered(vote(text, "politics"), "sport", 0.95) for text in texts(3)]) == []


def test_who_agrees_as_often_as_is_asked_is_believed() -> None:
    said = ["sport", "sport", "politics", "politics"]
    votes = [answered(vote(text, category), "sport", 0.95) for text, category in zip(texts(4), said, strict=True)]
    assert names(votes) == []
    assert names([*votes, answered(vote("one more", "politics"), "sport", 0.95)]) == [("newsroom", "Ruth")]


def test_predictions_of_texts_count_for_votes_that_are_about_none() -> None:
    predicted = {text: Prediction("sport", 0.95, {}) for text in texts(4)}
    about_texts = [vote(text, "politics") for text in texts(4)]
    assert len(usable_labels(about_texts, predicted, LIMITS).distrusted) == 1
    about_predictions = [answered(given, "politics", 0.95) for given in about_texts]
    assert usable_labels(about_predictions, predicted, LIMITS).distrusted == ()


def test_one_key_that_pretends_to_be_many_editors_is_not_believed() -> None:
    against = [answered(vote(text, "politics", f"editor {text}", "stolen"), "sport", 0.95) for text in texts(4)]
    labels = labels_of([*against, vote("another", "politics", "editor five", "stolen"), vote("b", "sport")])
    assert labels.distrusted == (Distrusted("stolen", None, 0, 4, "confident predictions"),)
    assert str(labels.distrusted[0]).startswith("All editors by caller stolen agreed with confident predictions on 0")
    assert labels.categories == {"b": "sport"}


def test_a_bad_editor_does_not_discredit_the_others_of_the_same_key() -> None:
    bad = [answered(vote(text, "politics", "Mallory"), "sport", 0.95) for text in texts(6)]
    good = [answered(vote(text, "sport", "Ruth"), "sport", 0.95) for text in texts(4, "good")]
    assert names(bad + good) == [("newsroom", "Mallory")]


def test_who_contradicts_editors_who_agree_with_each_other_is_not_believed() -> None:
    votes = agreeing("Ruth") + agreeing("Jo") + agreeing("Mallory", category="politics")
    assert names(votes) == [("newsroom", "Mallory")]
    assert labels_of([*votes, vote("alone", "politics", "Mallory")]).states == {"used": 4, "distrusted": 1}


def test_of_two_who_contradict_each_other_nobody_knows_who_is_right() -> None:
    assert names(agreeing("Ruth") + agreeing("Jo", category="politics")) == []


def test_one_key_alone_discredits_nobody_elses_editors() -> None:
    crowd = [one for n in range(5) for one in agreeing(f"editor {n}", "stolen", "politics")]
    assert names(agreeing("Ruth") + crowd) == []


def test_two_keys_that_agree_do() -> None:
    votes = agreeing("Ruth", "a") + agreeing("Jo", "b") + agreeing("Mallory", "stolen", "politics")
    assert names(votes) == [("stolen", "Mallory")]


def test_one_key_that_pretends_to_be_many_contradicts_editors() -> None:
    crowd = [vote(text, "politics", f"editor {text}", "stolen") for text in texts(4)]
    assert names(agreeing("Ruth", "a") + agreeing("Jo", "b") + crowd) == [("stolen", None)]
