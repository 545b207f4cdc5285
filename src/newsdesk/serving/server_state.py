"""All that a server process holds, put together in one place and started and stopped as one."""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.secrets import secrets_of
from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, NewsdeskError
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.redaction import redact
from newsdesk.registry.version import Alias
from newsdesk.serving.alias_watcher import AliasWatcher
from newsdesk.serving.cache import PredictionCache, RedisCache
from newsdesk.serving.errors import ApiError
from newsdesk.serving.experiment import Experiment
from newsdesk.serving.external_promotions import record_external_promotion_once
from newsdesk.serving.model_errors import no_model_loaded
from newsdesk.serving.model_loader import LoadedModel, ModelLoader, ModelReference
from newsdesk.serving.model_pool import ModelPool
from newsdesk.serving.monitor_page import MonitorPage
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.serving.prediction_service import PredictionService
from newsdesk.serving.problems import Problem, ProblemCode
from newsdesk.serving.promotion_service import PromotionService
from newsdesk.serving.security.access_errors import RateLimited
from newsdesk.serving.security.authentication import Authenticator
from newsdesk.serving.security.key_ring import KeyRing
from newsdesk.serving.security.rate_limiter import RateLimiter
from newsdesk.serving.security.signing_secret import signing_secret
from newsdesk.serving.security.tokens import TokenIssuer
from newsdesk.serving.server_metrics import EmbeddedExporter, server_samples
from newsdesk.serving.supervisor import shutdown_timeouts
from newsdesk.serving.worker_threads import WorkerThreads
from newsdesk.store.records import Arm

logger = logging.getLogger("newsdesk.server")

_LOSS_IS_NEWS = 600.0  # seconds in which /health tells of predictions that could not be logged
_NO_CHALLENGER = (
    "EXPERIMENT_MODE asks for an experiment, and nobody is the challenger: the champion answers everybody. Train a "
    "model that is kept, or name a version other than the champion's by EXPERIMENT_VERSION"
)
_WORTH_WAITING = 2  # seconds, for the next window of a limit
_SWITCH_INTERVAL = 30e-6  # seconds: less than a request takes


def freeze_garbage_collector() -> None:
    """Take what is there, the vocabulary above all, out of the garbage collector's sight: it stays, and looking through
    it took 30 ms each time."""
    gc.freeze()


def shorten_switch_interval() -> None:
    """Let a thread that waits for the interpreter have it soon. The event loop lets go of it, and takes it back, with
    every request: a thread that waits for 5 ms, as by default, is woken each time in vain, twice a request.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL)


class ServerState:
    """The parts behind the endpoints. `champion` answers from the start; None waits for one to be promoted.

    Raises `ConfigError` for rules about categories that cannot be.
    """

    def __init__(
        self,
        settings: Settings,
        champion: LoadedModel | None,
        pipeline: PipelineConfig,
        loader: ModelLoader | None = None,
    ) -> None:
        self.settings = settings
        self._secrets = secrets_of(settings)
        self.category_rules = CategoryRules(pipeline.data_pipeline.categories)
        self.metrics = ApiMetrics()
        self.loader = loader or ModelLoader(settings)
        thresholds = pipeline.monitoring.alert_thresholds
        self.models = ModelPool(champion, settings.model_cache_size, thresholds.error_rate)
        self.prediction_log = PredictionLog(settings.database, settings.spool, on_event=self._count_log_event)
        log = self.prediction_log if settings.prediction_log else None
        mode = settings.experiment_mode
        self.experiment = Experiment(
            mode, settings.experiment_share, self.models, log, self.metrics, settings.experiment_unit
        )
        self.text_workers, self.explanation_workers = (
            WorkerThreads("long-texts", threads=2),
            WorkerThreads("explain", threads=1),
        )
        self.predictions = PredictionService(
            self.models,
            self.experiment,
            self.metrics,
            log,
            PredictionCache(settings.prediction_cache_size if mode == "off" else 0),  # it would flatter the champion
            RedisCache(settings.redis_url.get_secret_value()) if settings.redis_url and mode == "off" else None,
            self.text_workers,
            store_text=settings.store_text,
            batch_size=settings.prediction_batch_size,
        )
        self.alias_watcher = AliasWatcher(
            self.loader,
            self.models,
            self.metrics,
            interval=settings.model_refresh_interval,
            with_challenger=mode != "off",
            challenger_version=settings.experiment_version,
            on_swap=lambda _: freeze_garbage_collector(),
            record_promotion=lambda: record_external_promotion_once(settings, self.prediction_log.store),
        )
        self.promotions = PromotionService(settings, self.loader, self.models, self.alias_watcher)
        self.monitor_page = MonitorPage(settings)
        self.monitor_page_with_examples = MonitorPage(settings, with_examples=True)
        self.authenticator = Authenticator(
            settings,
            KeyRing(settings.keys_file),
            TokenIssuer(signing_secret(settings), settings.api_token_lifetime),
        )
        self.rate_limiter = RateLimiter(settings)
        self._started = time.monotonic()
        self._lost_at: float | None = None
        self._watch_task: asyncio.Task[None] | None = None
        self._exporter = EmbeddedExporter(settings, pipeline)

    async def start(self) -> None:
        """Begin to follow the champion and to write the prediction log."""
        self.prediction_log.start()
        self.experiment.start()
        self._watch_task = asyncio.create_task(self.alias_watcher.run())
        freeze_garbage_collector()
        shorten_switch_interval()

    async def stop(self) -> None:
        """End it all; what is queued for the log is written first."""
        if self._watch_task:
            self._watch_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch_task
        await self.monitor_page.close()
        await self.monitor_page_with_examples.close()
        self.experiment.stop()
        await self.rate_limiter.close()
        await self.predictions.close()
        self.text_workers.close()
        self.explanation_workers.close()
        await asyncio.to_thread(self.prediction_log.stop, shutdown_timeouts(self.settings.api_timeout).log)
        self.metrics.batch.flush()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def samples(self) -> list[MetricSample]:
        """What is read when /metrics asks for it. May block: call it in a thread."""
        return [*server_samples(self.models.champion, self.prediction_log), *self._exporter.read()]

    def problems(self) -> list[Problem]:
        """What is wrong; empty where all is well."""
        problems = [] if self.models.champion else [Problem("no_model", "No model is loaded: promote one")]
        if self.alias_watcher.problem:
            problems.append(self.alias_watcher.problem)
        if self.models.reverted:
            message = f"Version {self.models.reverted.version} failed too often and was taken back"
            problems.append(Problem("model_reverted", message))
        if self.experiment.is_without_challenger:
            problems.append(Problem("no_challenger", _NO_CHALLENGER))
        if self.prediction_log.store_problem:
            code: ProblemCode = "store_outdated" if self.prediction_log.store.is_outdated else "store_unreachable"
            problems.append(
                Problem(code, f"{self.prediction_log.store_problem}. Predictions and feedback wait on disk")
            )
        if self._lost_at is not None and time.monotonic() - self._lost_at < _LOSS_IS_NEWS:
            problems.append(
                Problem("predictions_lost", f"{self.prediction_log.dropped} predictions could not be logged")
            )
        return problems

    def problems_for_administrators(self, *, in_words: bool) -> list[str]:
        """The code of each kind of problem; `in_words` each problem with what a person should know, and no secret."""
        problems = self.problems()
        if not in_words:
            return list(dict.fromkeys(problem.code for problem in problems))
        messages = [redact(f"{problem.code}: {problem.message}", self._secrets) for problem in problems]
        return [text.replace(str(self.settings.home), "NEWSDESK_HOME") for text in messages]

    async def admit_again(self, scope: MutableMapping[str, Any], *, is_counted: bool) -> None:
        """Whether the request of an ASGI scope may go on: its credentials are checked as at its beginning, and unless
        it `is_counted` already it counts as one more request. What may pass within seconds is waited for. Raises
        `AccessDenied` or `RateLimited`.
        """
        caller = self.authenticator.admit(scope)
        while not is_counted:
            try:
                await self.rate_limiter.check(caller)
            except RateLimited as refusal:
                if refusal.retry_after > _WORTH_WAITING:
                    raise
                await asyncio.sleep(refusal.retry_after)
            else:
                return

    async def choose_model(self, name: str | None, caller: str) -> tuple[LoadedModel, Arm | None]:
        """The model of that name; without one, the model that this caller gets. Raises `ApiError`."""
        requested = await self.model_named(name) if name else None
        return self.predictions.choose_model(requested, caller)

    async def model_named(self, name: str) -> LoadedModel:
        """The model that a request asks for: champion, challenger, or a version. Raises `ApiError`."""
        champion = self.models.champion
        if champion and name in ("champion", champion.version):
            return champion
        if name == "champion":
            raise no_model_loaded()
        try:
            reference = await asyncio.to_thread(self._find_reference, name)
            if reference is None:
                message = "There is no such model; GET /model/versions lists those there are"
                raise ApiError(HTTPStatus.NOT_FOUND, "Not Found", message, "unknown_model")
            return await self.alias_watcher.model(reference)
        except BundleError:
            message = "That model's bundle is damaged; another version may answer"
            raise ApiError(HTTPStatus.CONFLICT, "Conflict", message, "damaged_model") from None
        except NewsdeskError:
            message = "The registry cannot be asked for that model now; the champion answers"
            status = HTTPStatus.SERVICE_UNAVAILABLE
            raise ApiError(status, status.phrase, message, "registry_unavailable") from None

    def _find_reference(self, name: str) -> ModelReference | None:
        alias: Alias = "challenger"
        return self.loader.holder(alias) if name == alias else self.loader.version(name)

    def _count_log_event(self, event: str, count: int) -> None:
        if event == "dropped":
            self._lost_at = time.monotonic()
        self.metrics.log_records.labels(event).inc(count)
