"""Leave out a task, and with it those that need it, for a reason that people can read."""

from typing import NoReturn

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from newsdesk_dags import announce


def skip(reason: str) -> NoReturn:
    """Skip the running task. The reason stands in its log, and as XCom `reason`."""
    get_current_context()["ti"].xcom_push("reason", reason)
    raise AirflowSkipException(reason)


def refuse(reason: str) -> NoReturn:
    """Skip the running task for what the articles are like, and announce it."""
    instance = get_current_context()["ti"]
    announce.tell("DataRefused", "warning", "articles were refused", reason, instance.dag_id, instance.run_id)
    skip(reason)
