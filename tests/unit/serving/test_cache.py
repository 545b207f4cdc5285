"""Answers that are given again, in the memory of one process."""

from hypothesis import given
from hypothesis import strategies as st

from newsdesk.model.predictor import Prediction
from newsdesk.serving.cache import Key, PredictionCache

SPORTS = Prediction("sports", 0.75, {"sports": 0.75, "business": 0.25})
keys = st.tuples(st.sampled_from(["bundle a", "bundle b"]), st.sampled_from(["text 1", "text 2", "text 3"]))


def test_what_was_put_in_comes_out() -> None:
    cache = PredictionCache(2)
    cache.put(("a", "1"), SPORTS)
    assert cache.get(("a", "1")) is SPORTS
    assert cache.get(("b", "1")) is None
    assert cache.get(("a", "2")) is None


@given(size=st.integers(0, 4), uses=st.lists(st.tuples(st.booleans(), keys), max_size=40))
def test_those_used_last_are_held_and_never_more_than_allowed(size: int, uses: list[tuple[bool, Key]]) -> None:
    cache = PredictionCache(size)
    held: list[Key] = []  # the one used last is last
    for is_put, key in uses:
        if is_put:
            cache.put(key, SPORTS)
        else:
            assert (cache.get(key) is not None) is (key in held)
        if is_put or key in held:
            held = ([other for other in held if other != key] + [key])[-size:] if size else []
    found = [key for key in held if cache.get(key)]
    assert found == held
