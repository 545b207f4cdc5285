"""Follow the champion: look who is in charge, load, check, warm up, and swap one reference."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from newsdesk.errors import BundleError, NewsdeskError, RegistryError
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.model_loader import LoadedModel, ModelLoader, ModelReference
from newsdesk.serving.model_pool import ModelPool
from newsdesk.serving.problems import Problem, problem_from_error

logger = logging.getLogger("newsdesk.model")


class AliasWatcher:
    """Keeps `models` at what the registry says. Whatever goes wrong, the model that answers goes on answering."""

    def __init__(
        self,
        source: ModelLoader,
        models: ModelPool,
        metrics: ApiMetrics,
        *,
        interval: float,
        with_challenger: bool,
        challenger_version: str | None = None,
        on_swap: Callable[[LoadedModel], None],
        note_move: Callable[[], bool] = lambda: True,
    ) -> None:
        """`challenger_version`: who is tried, instead of the holder of the alias. `note_move` sees to it that the
        ledger knows who is in charge, and says whether it does; it may block."""
        self._source, self._models, self._metrics = source, models, metrics
        self._interval = interval
        self._with_challenger, self._challenger_version = with_challenger, challenger_version
        self._is_missing_told = False
        self._on_swap, self._note_move = on_swap, note_move
        self._is_noted = False
        self._looking, self._turn = asyncio.Lock(), asyncio.Lock()
        self._loads: dict[ModelReference, asyncio.Task[LoadedModel]] = {}
        self._refused: tuple[ModelReference, Problem] | None = None  # and why
        self.problem: Problem | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(self._interval)

    async def poll(self) -> None:
        """Look once, and swap where somebody else is in charge now."""
        async with self._looking:
            try:
                await self._follow_champion()
                if self._with_challenger:
                    await self._follow_challenger()
                if not self._is_noted:
                    self._is_noted = await asyncio.to_thread(self._note_move)
            except NewsdeskError as error:
                self.problem = problem_from_error(error)
                logger.warning("%s", error)
            except Exception as defect:  # following must go on, and serving all the more
                sentence = f"Looking for the champion failed ({type(defect).__name__})"
                self.problem = Problem("follower_failed", sentence)
                logger.exception("Looking for the champion failed")

    async def _follow_champion(self) -> None:
        named = await asyncio.to_thread(self._source.champion)
        if named is None or _is(named, self._models.champion):
            self._refused = self.problem = None
            return
        if _is(named, self._models.reverted):
            sentence = f"Version {named.version} failed too often and was taken back; promote another"
            self.problem = Problem("model_reverted", sentence)
            return
        if self._refused and named == self._refused[0]:
            self.problem = self._refused[1]
            return
        try:
            served = await self.model(named)
        except BundleError as error:
            reason = f"Version {named.version} does not take over: {error}"
            self._refused = named, Problem("model_refused", reason)
            self._metrics.swaps.labels("refused").inc()
            raise BundleError(reason) from error
        except RegistryError:
            self._metrics.swaps.labels("failed").inc()
            raise
        self._models.promote(served)
        self._refused, self.problem = None, None
        self._is_noted = False
        self._metrics.swaps.labels("swapped").inc()
        logger.info("Version %s (%s) is in charge", served.version, served.digest)
        self._on_swap(served)
        await asyncio.to_thread(self._source.write_pointer, served)

    async def _follow_challenger(self) -> None:
        version = self._challenger_version
        find = partial(self._source.version, version) if version else partial(self._source.holder, "challenger")
        named = await asyncio.to_thread(find)
        if named is None or _is(named, self._models.champion):
            self._models.challenger = None
            if not self._is_missing_told:
                missing = (
                    f"version {version} is not there, or is the champion" if version else "nobody is the challenger"
                )
                logger.warning("There is no experiment: %s. The champion answers everybody.", missing)
        elif not _is(named, self._models.challenger):
            self._models.challenger = await self.model(named)
        self._is_missing_told = self._models.challenger is None

    async def model(self, named: ModelReference) -> LoadedModel:
        """A model, from memory or loaded: once for all who ask for it meanwhile, and one model at a time.

        Raises `BundleError`, `RegistryError`.
        """
        served = self._models.get(named.version, named.digest)
        if served is None:
            loading = self._loads.get(named)
            if loading is None:
                loading = self._loads[named] = asyncio.create_task(self._load(named))
                loading.add_done_callback(partial(self._loaded, named))
            served = await asyncio.shield(loading)  # it ends, whoever waits
        self._models.add(served)
        return served

    async def _load(self, named: ModelReference) -> LoadedModel:
        async with self._turn:
            return await asyncio.to_thread(self._source.load, named)

    def _loaded(self, named: ModelReference, loading: asyncio.Task[LoadedModel]) -> None:
        del self._loads[named]
        if not loading.cancelled():
            loading.exception()  # looked at, for nobody may be waiting any more


def _is(named: ModelReference, served: LoadedModel | None) -> bool:
    return served is not None and (named.version, named.digest) == (served.version, served.digest)
