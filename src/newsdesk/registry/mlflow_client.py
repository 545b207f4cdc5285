"""Reach MLflow. Importing this imports MLflow, which takes seconds: import it only where a command needs it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.http_client import bypass_proxies
from newsdesk.private_files import keep_private
from newsdesk.redaction import redact, redact_address, secrets_in
from newsdesk.stopping import defer_stop

EXPERIMENT = "newsdesk"

logger = logging.getLogger("newsdesk.registry")


def connect(settings: Settings) -> MlflowClient:
    """A client of the MLflow that the settings name; embedded, a SQLite file that is made on first use."""
    keep_private(settings.home)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.mlflow_tracking_username and settings.mlflow_tracking_password:  # MLflow reads them from here alone
        os.environ["MLFLOW_TRACKING_USERNAME"] = settings.mlflow_tracking_username
        os.environ["MLFLOW_TRACKING_PASSWORD"] = settings.mlflow_tracking_password.get_secret_value()
    with mlflow_errors(settings.tracking_uri):
        bypass_proxies(settings.tracking_uri)
        if not settings.mlflow_tracking_uri and not settings.embedded_mlflow.exists():
            # Made by the client, MLflow's own experiment would keep its artifacts in the folder we happen to be in.
            with defer_stop():  # what is set up by half cannot be set up again
                SqlAlchemyStore(settings.tracking_uri, settings.artifact_root)  # type: ignore[no-untyped-call]
        return MlflowClient(tracking_uri=settings.tracking_uri, registry_uri=settings.tracking_uri)


def experiment_id(client: MlflowClient, settings: Settings) -> str:
    """The experiment that all our runs belong to: made on first use, and restored where it was deleted.

    MLflow keeps a deleted experiment, and with it the name, until `mlflow gc` removes it for good.
    """
    with mlflow_errors(settings.tracking_uri):
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            if experiment.lifecycle_stage == LifecycleStage.DELETED:
                logger.warning("MLflow's experiment %s was deleted: it is restored, with its runs", EXPERIMENT)
                client.restore_experiment(experiment.experiment_id)
            return str(experiment.experiment_id)
        return str(client.create_experiment(EXPERIMENT, artifact_location=settings.artifact_root))


@contextmanager
def mlflow_errors(address: str) -> Iterator[None]:
    """Turn errors of MLflow or its database into one sentence."""
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        if isinstance(error.__cause__ or error.__context__, RequestException):
            raise RegistryError(
                f"MLflow at {redact_address(address)} does not answer. Start it, or correct MLFLOW_TRACKING_URI."
            ) from error
        message = redact(str(error), secrets_in(address))
        first_line = (message.splitlines() or [type(error).__name__])[0]
        raise RegistryError(f"MLflow at {redact_address(address)} cannot do this: {first_line[:300]}") from error
