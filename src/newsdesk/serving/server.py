"""Run the server: one process, or a parent that keeps several at work."""

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from logging import getLogger, setLogRecordFactory
from logging.config import dictConfig
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from newsdesk.config.logging_config import FILE, read_logging_config
from newsdesk.config.secrets import RedactedRecord, known_secrets
from newsdesk.config.settings import Settings, load_settings
from newsdesk.errors import ConfigError, NewsdeskError
from newsdesk.redaction import redact
from newsdesk.serving.hardened_http_protocol import HardenedHttpProtocol
from newsdesk.serving.security.signing_secret import development_secret, require_strong_secret
from newsdesk.serving.security.trusted_proxies import trusted_proxies
from newsdesk.serving.sighup import treat_sighup_as_sigterm
from newsdesk.serving.supervisor import Server, Supervisor, shutdown_timeouts
from newsdesk.serving.worker_slots import SHARED_FOLDER, make_shared_folder, shared_folder, take_slot

WAIT = "NEWSDESK_WAIT_FOR_MODEL"  # tells workers that they may start without a model
# Seconds without a sign of life until a worker is replaced: it may take as long to start on a busy machine.
_WORKER_TIMEOUT = 20

logger = getLogger("newsdesk.server")


@dataclass(frozen=True)
class ListenOptions:
    """Where a server listens, and whether it may start without a model."""

    host: str
    port: int
    may_wait: bool


def run(settings: Settings, listening: ListenOptions) -> int:
    """Serve until stopped; returns the exit code. Raises `NewsdeskError` where the server cannot start."""
    require_strong_secret(settings)
    logging_config = _logging_config(settings)
    if settings.api_workers == 1:
        app = create_app(settings, may_wait=listening.may_wait)
        _log_startup(settings, listening)
        treat_sighup_as_sigterm()
        with suppress(KeyboardInterrupt):  # the server has ended in peace, and tells again by which signal
            config = _uvicorn_config(app, settings, listening, logging_config)
            Server(config, shutdown_timeouts(settings.api_timeout).all).run()
        return 0
    _log_startup(settings, listening)
    return _run_workers(settings, listening, logging_config)


def create_app(settings: Settings, *, may_wait: bool) -> FastAPI:
    """The application of one process, with the champion loaded. Raises `NewsdeskError`."""
    # prometheus_client looks at its environment when it is imported: only now is it set.
    from newsdesk.config.config_files import load_pipeline_config
    from newsdesk.serving.app import create_app as build_app
    from newsdesk.serving.model_loader import ModelLoader
    from newsdesk.serving.server_state import ServerState
    from newsdesk.serving.tracing import with_tracing

    loader = ModelLoader(settings)
    try:
        champion = loader.load_at_start()
    except NewsdeskError as error:
        if not may_wait:
            raise
        logger.warning("%s Until then every prediction is answered with 503.", error)
        champion = None
    pipeline = load_pipeline_config(settings.config_dir)
    return with_tracing(build_app(ServerState(settings, champion, pipeline, loader)))


def create_app_of_worker() -> FastAPI:
    """The application of one process among several, whose parent put all it needs into the environment."""
    setLogRecordFactory(RedactedRecord)
    treat_sighup_as_sigterm()
    if folder := shared_folder():
        take_slot(folder)
    try:
        return create_app(load_settings(), may_wait=bool(os.environ.get(WAIT)))
    except NewsdeskError as error:
        print(f"newsdesk: {redact(str(error), known_secrets())}", file=sys.stderr)  # noqa: T201 - the parent is the command that was called
        sys.exit(STARTUP_FAILURE)


def _run_workers(settings: Settings, listening: ListenOptions, logging_config: dict[str, Any]) -> int:
    folder = make_shared_folder()
    os.environ |= settings.environment_variables() | {SHARED_FOLDER: str(folder)}
    if listening.may_wait:
        os.environ[WAIT] = "true"
    if settings.api_secret_key is None:
        os.environ["API_SECRET_KEY"] = development_secret()
    config = _uvicorn_config(f"{__name__}:{create_app_of_worker.__name__}", settings, listening, logging_config)
    try:
        supervisor = Supervisor(config, [config.bind_socket()], shutdown_timeouts(settings.api_timeout).all)
        supervisor.run()
        return int(any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _uvicorn_config(
    app: FastAPI | str, settings: Settings, listening: ListenOptions, logging_config: dict[str, Any]
) -> uvicorn.Config:
    proxies = trusted_proxies(settings)
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=listening.host,
        port=listening.port,
        workers=settings.api_workers,
        http=partial(HardenedHttpProtocol, head_timeout=settings.api_timeout),  # type: ignore[arg-type]  # called as a class is
        ws="none",
        lifespan="on",
        log_config=logging_config,
        access_log=False,  # ours names the request, and never the query
        server_header=False,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies,
        timeout_worker_healthcheck=_WORKER_TIMEOUT,
        timeout_graceful_shutdown=shutdown_timeouts(settings.api_timeout).requests,  # type: ignore[arg-type]  # it may be
    )


def _logging_config(settings: Settings) -> dict[str, Any]:
    config = read_logging_config(settings.config_dir)
    config = config | {"loggers": config.get("loggers", {}) | {"newsdesk": {"level": settings.api_log_level.upper()}}}
    try:
        dictConfig(config)
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise ConfigError(f"{settings.config_dir / FILE}: {error}. Correct it, or remove it.") from error
    return config


def _log_startup(settings: Settings, listening: ListenOptions) -> None:
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    logger.info("Serving on http://%s:%d, documented at /docs", host, listening.port)
    if not (settings.store_feedback_text or settings.store_text):
        logger.warning(
            "FEEDBACK TEACHES NOTHING NEW: the texts that come with it are not kept. "
            "Set STORE_FEEDBACK_TEXT=true, unless all that is corrected is in the articles one trains from."
        )
    elif not settings.store_text:
        logger.info(
            "Texts of predictions are not kept (STORE_TEXT=false): feedback on a prediction trains the next model only "
            "where it brings the text along."
        )
    if not settings.auth_required:
        logger.warning(
            "AUTHENTICATION IS OFF: whoever reaches this address may do everything, promote models included. "
            "Set API_AUTH=true, or NEWSDESK_ENVIRONMENT=production."
        )
