import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.gate import Verdict, decide
from newsdesk.training.guard import GuardResult, compare_on_guard


def result(both: int = 0, only_challenger: int = 0, only_champion: int = 0, neither: int = 0) -> GuardResult:
    """What comes of so many articles that both, one or none have right."""
    counts = {("a", "a"): both, ("a", "b"): only_challenger, ("b", "a"): only_champion, ("b", "b"): neither}
    said = [pair for pair, count in counts.items() for _ in range(count)]
    return compare_on_guard(["a"] * len(said), [one for one, _ in said], [other for _, other in said])


def verdict(guard: GuardResult | None, accuracy: float = 0.9, max_loss: float = 0.02) -> Verdict:
    thresholds = TrainingPipeline(max_loss=max_loss)
    return decide(accuracy=accuracy, champion_accuracy=0.6, same_as_champion=False, thresholds=thresholds, guard=guard)


def test_a_sure_loss_on_the_guard_is_refused_however_well_the_test_set_speaks() -> None:
    refused = verdict(result(both=300, only_champion=100, neither=100))
    assert refused.decision == "refused"
    assert refused.reason.startswith(
        "on 500 test articles that no feedback has touched it loses 0.200 against the champion"
    )
    assert "surely more than training_pipeline.max_loss 0.02" in refused.reason


@pytest.mark.parametrize(
    "guard",
    [
        None,
        result(),
        result(both=400, neither=100),
        result(both=400, only_champion=12, only_challenger=2, neither=86),  # a loss of 0.02
        result(both=10, only_champion=2),  # too few to be sure
        result(only_challenger=100),
    ],
)
def test_who_does_not_surely_lose_is_judged_by_the_test_set(guard: GuardResult | None) -> None:
    assert verdict(guard).decision == "promoted"
    assert verdict(guard, accuracy=0.61).decision == "kept"


def test_the_loss_that_is_allowed_is_a_setting() -> None:
    guard = result(both=300, only_champion=100, neither=100)
    assert verdict(guard, max_loss=0.3).decision == "promoted"


def test_the_interval_is_that_of_the_literature() -> None:
    """Bonett and Price: estimate (f12 - f21) / (n + 2) and its Wald interval, with one added to f12 and to f21."""
    found = result(both=60, only_challenger=20, only_champion=10, neither=10)
    assert found.gain == pytest.approx(0.1)
    centre, variance = 10 / 102, (32 / 102 - (10 / 102) ** 2) / 102
    assert (found.low, found.high) == pytest.approx(
        (centre - 1.96 * variance**0.5, centre + 1.96 * variance**0.5), abs=1e-4
    )


@given(st.tuples(*[st.integers(0, 300)] * 4))
def test_the_interval_is_within_its_bounds_and_mirrors_when_the_models_are_exchanged(counts: tuple[int, ...]) -> None:
    both, one, other, neither = counts
    found, mirrored = result(both, one, other, neither), result(both, other, one, neither)
    assert -1 <= found.low <= found.high <= 1
    assert (found.low, found.gain, found.high) == pytest.approx((-mirrored.high, -mirrored.gain, -mirrored.low))
