"""The models in memory: who answers, who answered before, and who is being tried."""

from collections import OrderedDict

from newsdesk.serving.model_loader import LoadedModel

_PROBATION = 1000  # answers during which a new model may still be found to be broken
_MIN_ANSWERS = 20  # answers below which an error rate says nothing


class ModelPool:
    """Changed by the event loop alone, each time by setting one reference: a request keeps the model it began with."""

    def __init__(self, champion: LoadedModel | None, cache_size: int, max_error_rate: float) -> None:
        self.champion = champion
        self.challenger: LoadedModel | None = None
        self.previous: LoadedModel | None = None
        self.reverted: LoadedModel | None = None
        self._cache: OrderedDict[tuple[str, str], LoadedModel] = OrderedDict()
        self._cache_size = cache_size
        self._max_error_rate = max_error_rate
        self._answers = self._errors = 0
        if champion:
            self.add(champion)

    def add(self, model: LoadedModel) -> None:
        """Keep a model in memory; the least recently used one is dropped."""
        key = (model.version, model.digest)
        self._cache[key] = model
        self._cache.move_to_end(key)
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    def get(self, version: str, digest: str) -> LoadedModel | None:
        """A model that is in memory already."""
        return self._cache.get((version, digest))

    def promote(self, model: LoadedModel) -> None:
        """Let `model` answer from the next request on."""
        self.previous, self.champion, self.reverted = self.champion, model, None
        self._answers = self._errors = 0
        self.add(model)

    def record_success(self) -> None:
        """The champion gave an answer."""
        self._answers += 1

    def record_failure(self, model: LoadedModel) -> LoadedModel | None:
        """`model` failed to answer. Returns the model that may answer instead; None if there is none.

        A champion on probation that fails too often is replaced by the one before it.
        """
        if model is self.reverted:  # the request began before it was taken back
            return self.champion
        if model is not self.champion or self.previous is None or self._answers >= _PROBATION:
            return None
        fallback = self.previous
        self._answers += 1
        self._errors += 1
        if self._answers >= _MIN_ANSWERS and self._errors > self._max_error_rate * self._answers:
            self.champion, self.previous, self.reverted = fallback, None, model
        return fallback
