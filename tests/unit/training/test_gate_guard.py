import pytest

from newsdesk.training.gate import Verdict
from newsdesk.training.paired_comparison import PairedComparison
from tests.unit.training.judging import answers, compared, judged

BETTER, HARDLY_BETTER = answers(both=600, only_challenger=300, neither=100), answers(both=600, only_challenger=10)


def verdict(guard: PairedComparison | None, max_loss: float = 0.02) -> Verdict:
    return judged(BETTER, guard, gate={"max_loss": max_loss})


def test_a_sure_loss_on_the_guard_is_refused_however_well_the_test_set_speaks() -> None:
    refused = verdict(compared(both=300, only_champion=100, neither=100))
    assert refused.decision == "refused"
    assert refused.reason.startswith(
        "on 500 test articles that no feedback has touched it loses 0.200 against the champion"
    )
    assert "surely more than training_pipeline.gate.max_loss 0.02" in refused.reason
    assert refused.evidence["guard"]["max_loss"] == 0.02


@pytest.mark.parametrize("rule", ["threshold", "errors", "paired"])
def test_no_rule_is_past_the_guard(rule: str) -> None:
    guard = compared(both=300, only_champion=100, neither=100)
    assert judged(BETTER, guard, gate={"rule": rule}).decision == "refused"


@pytest.mark.parametrize(
    "guard",
    [
        None,
        compared(),
        compared(both=400, neither=100),
        compared(both=400, only_champion=12, only_challenger=2, neither=86),  # a loss of 0.02
        compared(both=10, only_champion=2),  # too few to be sure
        compared(only_challenger=100),
    ],
)
def test_who_does_not_surely_lose_is_judged_by_the_test_set(guard: PairedComparison | None) -> None:
    assert verdict(guard).decision == "promoted"
    assert judged(HARDLY_BETTER, guard).decision == "kept"


LOSES_TWO = compared(both=400, only_champion=12, only_challenger=10, neither=78)


def test_labels_for_whose_callers_nobody_vouches_promote_nothing_that_is_worse_without_them() -> None:
    kept = judged(BETTER, LOSES_TWO, unvouched=80)
    assert kept.decision == "kept"
    assert kept.reason == (
        "80 of the 1,000 test articles are labelled by API keys that no administrator vouches for, and on the 500 that "
        "no feedback has touched it loses 0.004 against the champion: such labels alone promote nothing "
        "(newsdesk keys create NAME --trusted)"
    )


@pytest.mark.parametrize(
    ("guard", "unvouched"),
    [
        (LOSES_TWO, 0),
        (None, 80),
        (compared(both=400, only_champion=10, only_challenger=10, neither=80), 80),
        (compared(both=400, only_champion=10, only_challenger=12, neither=78), 80),
    ],
)
def test_where_an_administrator_vouches_or_nothing_is_lost_the_test_set_decides(
    guard: PairedComparison | None, unvouched: int
) -> None:
    assert judged(BETTER, guard, unvouched=unvouched).decision == "promoted"
    assert judged(HARDLY_BETTER, guard, unvouched=unvouched).decision == "kept"


def test_the_loss_that_is_allowed_is_a_setting() -> None:
    assert verdict(compared(both=300, only_champion=100, neither=100), max_loss=0.3).decision == "promoted"
