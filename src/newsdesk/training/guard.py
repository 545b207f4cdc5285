"""The guard: articles of the champion's own test set, as they were labelled before anybody's feedback.

What has only feedback to thank for its accuracy shows there.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

_Z = 1.959963984540054  # normal quantile of a two-sided 95 % interval


@dataclass(frozen=True)
class GuardResult:
    """By how much a challenger's accuracy is above the champion's on so many articles, with its 95 % interval."""

    articles: int
    gain: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Such that JSON can hold it."""
        return asdict(self)


def compare_on_guard(truth: Sequence[str], challenger: Sequence[str], champion: Sequence[str]) -> GuardResult:
    """Compare what both said of the same articles.

    The interval is the adjusted Wald interval for paired proportions (Bonett and Price 2012, Journal of Educational and
    Behavioral Statistics 37:479), which keeps its level in small samples. Of no article it is -1 to 1.
    """
    pairs = [(said == right, other == right) for right, said, other in zip(truth, challenger, champion, strict=True)]
    only_challenger, only_champion = pairs.count((True, False)), pairs.count((False, True))
    won, lost = (only_challenger + 1) / (len(pairs) + 2), (only_champion + 1) / (len(pairs) + 2)
    half = _Z * math.sqrt((won + lost - (won - lost) ** 2) / (len(pairs) + 2))
    gain = (only_challenger - only_champion) / len(pairs) if pairs else 0.0
    return GuardResult(len(pairs), gain, max(-1.0, won - lost - half), min(1.0, won - lost + half))
