"""Entry points of the registry for other packages: open what the settings name, read it, fetch from it."""

from pathlib import Path

from newsdesk.config.settings import Settings
from newsdesk.registry.bundle_fetch import fetch_bundle
from newsdesk.registry.interfaces import RegistryReader, RegistryWriter
from newsdesk.registry.rest_registry import RestRegistry
from newsdesk.registry.sqlite_reader import SqliteReader

__all__ = ["RegistryReader", "RegistryWriter", "fetch_bundle", "open_reader", "open_registry"]


def open_reader(settings: Settings) -> RegistryReader | None:
    """What reads the registry without MLflow; None where only MLflow can, as in PostgreSQL: follow the pointer then."""
    if _is_server(settings):
        return RestRegistry(settings)
    if settings.mlflow_tracking_uri is None:
        return SqliteReader(settings.embedded_mlflow)
    from sqlalchemy import make_url  # it takes a fifth of a server's start, and few need it for this
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(settings.tracking_uri)
    except (ArgumentError, ValueError):
        return None
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    return SqliteReader(Path(address.database))


def open_registry(settings: Settings) -> RegistryWriter:
    """What also moves aliases. Without an MLflow server this imports MLflow, which takes seconds."""
    if _is_server(settings):
        return RestRegistry(settings)
    from newsdesk.registry.mlflow_registry import MlflowRegistry

    return MlflowRegistry(settings)


def _is_server(settings: Settings) -> bool:
    return settings.tracking_uri.lower().startswith(("http://", "https://"))
