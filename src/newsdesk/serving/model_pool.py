"""The models in memory: who answers, who answered before, and who is being tried."""

from collections import OrderedDict

from newsdesk.serving.model_loader import LoadedModel

_PROBATION = 1000  # answers during which a new model may still be found to be broken
_TOO_FEW = 20  # answers below which an error rate says nothing


class ModelPool:
    """Changed by the event loop alone, each time by setting one reference: a request keeps the model it began with."""

    def __init__(self, champion: LoadedModel | None, cache_size: int, max_error_rate: float) -> None:
        self.champion = champion
        self.challenger: LoadedModel | None = None
        self.previous: LoadedModel | None = None
        self.reverted: LoadedModel | None = None
        self._recent: OrderedDict[tuple[str, str], LoadedModel] = OrderedDict()
        self._cache_size = cache_size
        self._max_error_rate = max_error_rate
        self._answers = self._errors = 0
        if champion:
            self.add(champion)

    def add(self, served: LoadedModel) -> None:
        """Have a model at hand; the one asked for longest ago goes."""
        key = (served.version, served.digest)
        self._recent[key] = served
        self._recent.move_to_end(key)
        while len(self._recent) > self._cache_size:
            self._recent.popitem(last=False)

    def get(self, version: str, digest: str) -> LoadedModel | None:
        """A model that is in memory already."""
        return self._recent.get((version, digest))

    def promote(self, served: LoadedModel) -> None:
        """Let `served` answer from the next request on."""
        self.previous, self.champion, self.reverted = self.champion, served, None
        self._answers = self._errors = 0
        self.add(served)

    def record_success(self) -> None:
        """The champion gave an answer."""
        self._answers += 1

    def record_failure(self, served: LoadedModel) -> LoadedModel | None:
        """`served` failed to give an answer: who may answer instead; None where nobody can.

        A champion on probation that fails too often goes, and the one before it is back in charge.
        """
        if served is self.reverted:  # the request began before it was taken back
            return self.champion
        if served is not self.champion or self.previous is None or self._answers >= _PROBATION:
            return None
        stand_in = self.previous
        self._answers += 1
        self._errors += 1
        if self._answers >= _TOO_FEW and self._errors > self._max_error_rate * self._answers:
            self.champion, self.previous, self.reverted = stand_in, None, served
        return stand_in
