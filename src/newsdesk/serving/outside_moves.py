"""Tell the promotion ledger of a champion that was put in charge in MLflow itself, as soon as a server sees it."""

import logging

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError
from newsdesk.registry.reader import open_reader

logger = logging.getLogger("newsdesk.model")


def note_move(settings: Settings) -> bool:
    """Whether the ledger knows now who is in charge; whatever fails may be tried again. Blocks."""
    if not settings.prediction_log:
        return True  # this server has no store
    from sqlalchemy.exc import SQLAlchemyError  # a server's start does not wait for these

    from newsdesk.pipeline.outside_moves import note_outside_move
    from newsdesk.store.database import open_store

    try:
        reader = open_reader(settings)
        if reader is None:
            return True  # only our commands move the pointer
        store = open_store(settings.database)
        try:
            return note_outside_move(store, reader)
        finally:
            store.dispose()
    except (NewsdeskError, SQLAlchemyError) as error:
        logger.debug("The ledger could not be told who is in charge (%s)", type(error).__name__)
        return False
