"""Tell the promotion ledger of a champion that was put in charge in MLflow itself, as soon as a server sees it."""

import logging
from typing import TYPE_CHECKING

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError, RegistryError
from newsdesk.registry.interfaces import RegistryReader
from newsdesk.registry.reader import open_reader
from newsdesk.store.connection import StoreConnection

if TYPE_CHECKING:
    from sqlalchemy import Engine

logger = logging.getLogger("newsdesk.model")


def record_external_promotion_once(settings: Settings, store: StoreConnection) -> bool:
    """Whether the ledger knows now who is in charge; whatever fails may be tried again. Blocks."""
    if not settings.prediction_log:
        return True  # this server has no store
    try:
        reader = open_reader(settings)
        if reader is None or not reader.versions():
            return True  # only our commands move the pointer; without a version there is nothing to tell
        is_recorded, problem = store.use(lambda engine: _record(engine, reader))
    except NewsdeskError as error:
        is_recorded, problem = False, error
    if problem is not None:
        logger.debug("The ledger could not be told who is in charge (%s)", type(problem).__name__)
    return is_recorded


def _record(engine: "Engine", reader: RegistryReader) -> tuple[bool, NewsdeskError | None]:
    """A registry that is away says nothing of the store."""
    from newsdesk.pipeline.external_promotions import record_external_promotion  # a server's start does not wait for it

    try:
        return record_external_promotion(engine, reader), None
    except RegistryError as error:
        return False, error
