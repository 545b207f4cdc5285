"""All groups of checks."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path

from newsdesk.config.config_files import load_model_config, load_pipeline_config
from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.operations.backup.entries import artifact_folder
from newsdesk.operations.doctor.airflow import check_airflow
from newsdesk.operations.doctor.backups import check_backups
from newsdesk.operations.doctor.certificate import check_certificate
from newsdesk.operations.doctor.clock import check_clock
from newsdesk.operations.doctor.database import check_store
from newsdesk.operations.doctor.finding import Finding, fine, from_error
from newsdesk.operations.doctor.ports import check_port
from newsdesk.operations.doctor.promotion import check_promotion
from newsdesk.operations.doctor.registry import check_champion, check_registry
from newsdesk.operations.doctor.resources import (
    available_memory,
    available_processors,
    check_disk,
    check_memory,
    check_processors,
)
from newsdesk.operations.doctor.secrets import check_secrets
from newsdesk.operations.doctor.state import check_home, check_lock, check_restore, check_spool
from newsdesk.operations.doctor.versions import check_text_data, check_versions

LOCKS = Path("requirements")

Group = Callable[[], Iterator[Finding]]


def groups(settings: Settings, require_safe_secret: Callable[[Settings], None], now: datetime) -> Mapping[str, Group]:
    """Every group of checks by its name, in the order in which they are told."""
    return {
        "configuration": lambda: _configuration(settings.config_dir),
        "versions": lambda: chain(check_versions(LOCKS), check_text_data()),
        "permissions": lambda: check_home(settings.home, _written_folders(settings), (settings.backups,)),
        "ports": lambda: check_port(settings.api_host, settings.api_port, settings.bundles),
        "secrets": lambda: check_secrets(settings, require_safe_secret),
        "certificate": lambda: check_certificate(settings.tls_cert_file, now),
        "database": lambda: check_store(settings.database, in_production=settings.environment == "production"),
        "registry": lambda: chain(check_registry(settings), check_clock("MLflow", settings.tracking_uri, now)),
        "champion": lambda: chain(check_champion(settings.bundles), check_promotion(settings)),
        "state": lambda: chain(
            check_restore(settings.home), check_lock(settings.home), check_spool(settings.spool, now)
        ),
        "backups": lambda: check_backups(settings, now),
        "airflow": lambda: check_airflow(settings),
        "disk": lambda: check_disk(settings.home, settings.backups),
        "memory": lambda: check_memory(settings.api_workers, available_memory()),
        "processors": lambda: check_processors(settings.api_workers, available_processors()),
    }


def _written_folders(settings: Settings) -> tuple[Path, ...]:
    artifacts = artifact_folder(settings)
    return (settings.bundles, settings.datasets, settings.spool, settings.backups, *([artifacts] if artifacts else []))


def _configuration(folder: Path) -> Iterator[Finding]:
    try:
        load_model_config(folder)
        load_pipeline_config(folder)
    except ConfigError as error:
        yield from_error("configuration", error)
    else:
        yield fine("configuration", f"The files in {folder} are valid.")
