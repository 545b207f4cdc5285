"""Follow the champion: ask the registry for it, load it, check it, warm it up, and swap one reference."""

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
        loader: ModelLoader,
        models: ModelPool,
        metrics: ApiMetrics,
        *,
        interval: float,
        with_challenger: bool,
        challenger_version: str | None = None,
        on_swap: Callable[[LoadedModel], None],
        record_promotion: Callable[[], bool] = lambda: True,
    ) -> None:
        """`challenger_version`: the model to try instead of the holder of the alias. `record_promotion` makes sure
        that the ledger knows the champion, and returns whether it does; it may block."""
        self._loader, self._models, self._metrics = loader, models, metrics
        self._interval = interval
        self._with_challenger, self._challenger_version = with_challenger, challenger_version
        self._is_absence_logged = False
        self._on_swap, self._record_promotion = on_swap, record_promotion
        self._is_recorded = False
        self._poll_lock, self._load_lock = asyncio.Lock(), asyncio.Lock()
        self._load_tasks: dict[ModelReference, asyncio.Task[LoadedModel]] = {}
        self._refused: tuple[ModelReference, Problem] | None = None  # with the reason
        self.problem: Problem | None = None

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(self._interval)

    async def poll(self) -> None:
        """Ask once, and swap the model if another one is the champion now."""
        async with self._poll_lock:
            try:
                await self._follow_champion()
                if self._with_challenger:
                    await self._follow_challenger()
                if not self._is_recorded:
                    self._is_recorded = await asyncio.to_thread(self._record_promotion)
            except NewsdeskError as error:
                self.problem = problem_from_error(error)
                logger.warning("%s", error)
            except Exception as defect:  # following must go on, and serving all the more
                message = f"Looking for the champion failed ({type(defect).__name__})"
                self.problem = Problem("follower_failed", message)
                logger.exception("Looking for the champion failed")

    async def _follow_champion(self) -> None:
        reference = await asyncio.to_thread(self._loader.champion)
        if reference is None or _matches(reference, self._models.champion):
            self._refused = self.problem = None
            return
        if _matches(reference, self._models.reverted):
            message = f"Version {reference.version} failed too often and was taken back; promote another"
            self.problem = Problem("model_reverted", message)
            return
        if self._refused and reference == self._refused[0]:
            self.problem = self._refused[1]
            return
        try:
            model = await self.model(reference)
        except BundleError as error:
            reason = f"Version {reference.version} does not take over: {error}"
            self._refused = reference, Problem("model_refused", reason)
            self._metrics.swaps.labels("refused").inc()
            raise BundleError(reason) from error
        except RegistryError:
            self._metrics.swaps.labels("failed").inc()
            raise
        self._models.promote(model)
        self._refused, self.problem = None, None
        self._is_recorded = False
        self._metrics.swaps.labels("swapped").inc()
        logger.info("Version %s (%s) is in charge", model.version, model.digest)
        self._on_swap(model)
        await asyncio.to_thread(self._loader.write_pointer, model)

    async def _follow_challenger(self) -> None:
        version = self._challenger_version
        find = partial(self._loader.version, version) if version else partial(self._loader.holder, "challenger")
        reference = await asyncio.to_thread(find)
        if reference is None or _matches(reference, self._models.champion):
            self._models.challenger = None
            if not self._is_absence_logged:
                reason = (
                    f"version {version} is not there, or is the champion" if version else "nobody is the challenger"
                )
                logger.warning("There is no experiment: %s. The champion answers everybody.", reason)
        elif not _matches(reference, self._models.challenger):
            self._models.challenger = await self.model(reference)
        self._is_absence_logged = self._models.challenger is None

    async def model(self, reference: ModelReference) -> LoadedModel:
        """A model, from memory or loaded: once for all who ask for it meanwhile, and one model at a time.

        Raises `BundleError`, `RegistryError`.
        """
        model = self._models.get(reference.version, reference.digest)
        if model is None:
            task = self._load_tasks.get(reference)
            if task is None:
                task = self._load_tasks[reference] = asyncio.create_task(self._load(reference))
                task.add_done_callback(partial(self._on_loaded, reference))
            model = await asyncio.shield(task)  # it ends, whoever waits
        self._models.add(model)
        return model

    async def _load(self, reference: ModelReference) -> LoadedModel:
        async with self._load_lock:
            return await asyncio.to_thread(self._loader.load, reference)

    def _on_loaded(self, reference: ModelReference, task: asyncio.Task[LoadedModel]) -> None:
        del self._load_tasks[reference]
        if not task.cancelled():
            task.exception()  # retrieved here, since nobody may be waiting any more


def _matches(reference: ModelReference, model: LoadedModel | None) -> bool:
    return model is not None and (reference.version, reference.digest) == (model.version, model.digest)
