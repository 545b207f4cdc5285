"""Settings from the environment or from `.env`: where things are, and how the server works."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from newsdesk.config.cors import normalise_origins
from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.errors import ConfigError
from newsdesk.redaction import redact, redact_address, secrets_in

# One of few words, in capitals or not.
Word = BeforeValidator(lambda word: word.strip().lower() if isinstance(word, str) else word)


class Settings(BaseSettings):
    """One field an environment variable; the original's names are kept, our own begin with NEWSDESK_."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)

    home: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        default=Path("var"), alias="NEWSDESK_HOME", validate_default=True
    )
    config_dir: Path = Field(default=Path("configs"), alias="NEWSDESK_CONFIG_DIR")
    inbox: str | None = Field(default=None, alias="NEWSDESK_INBOX")
    storage: str | None = Field(default=None, alias="NEWSDESK_STORAGE")
    secrets_dir: Path | None = Field(default=None, alias="NEWSDESK_SECRETS_DIR")
    database_url: str | None = Field(default=None, alias="NEWSDESK_DATABASE_URL")
    mlflow_tracking_uri: str | None = Field(default=None, alias="MLFLOW_TRACKING_URI")
    mlflow_artifact_root: str | None = Field(default=None, alias="MLFLOW_ARTIFACT_ROOT")
    mlflow_tracking_username: str | None = Field(default=None, alias="MLFLOW_TRACKING_USERNAME")
    mlflow_tracking_password: SecretStr | None = Field(default=None, alias="MLFLOW_TRACKING_PASSWORD")
    environment: Annotated[Literal["development", "production"], Word] = Field(
        default="development", alias="NEWSDESK_ENVIRONMENT"
    )
    api_host: str = Field(default="127.0.0.1", alias="API_HOST")
    api_port: int = Field(default=8000, alias="API_PORT", ge=1, le=65535)
    api_log_level: Annotated[Literal["critical", "error", "warning", "info", "debug"], Word] = Field(
        default="info", alias="API_LOG_LEVEL"
    )
    api_workers: int = Field(default=1, alias="API_WORKERS", ge=1, le=64)
    api_url: str | None = Field(default=None, alias="NEWSDESK_API_URL")
    api_key: SecretStr | None = Field(default=None, alias="NEWSDESK_API_KEY")
    api_timeout: float = Field(default=30, alias="API_TIMEOUT", gt=0)
    api_auth: bool | None = Field(default=None, alias="API_AUTH")
    api_secret_key: SecretStr | None = Field(default=None, alias="API_SECRET_KEY")
    api_token_lifetime: int = Field(default=3600, alias="API_TOKEN_LIFETIME", ge=1)
    api_keys_file: Path | None = Field(default=None, alias="API_KEYS_FILE")
    api_rate_limit: str | None = Field(default=None, alias="API_RATE_LIMIT")
    api_trusted_proxies: str | None = Field(default=None, alias="API_TRUSTED_PROXIES")
    api_country_header: str | None = Field(default=None, alias="API_COUNTRY_HEADER", pattern=r"^[A-Za-z0-9-]+$")
    api_cors_origins: Annotated[str, AfterValidator(normalise_origins)] | None = Field(
        default=None, alias="API_CORS_ORIGINS"
    )
    model_refresh_interval: float = Field(default=10, alias="MODEL_REFRESH_INTERVAL", gt=0)
    model_cache_size: int = Field(default=5, alias="MODEL_CACHE_SIZE", ge=1)
    prediction_cache_size: int = Field(default=10_000, alias="PREDICTION_CACHE_SIZE", ge=0)
    prediction_batch_size: int = Field(default=100, alias="PREDICTION_BATCH_SIZE", ge=1)
    prediction_log: bool = Field(default=True, alias="PREDICTION_LOG")
    newsroom_name: str | None = Field(default=None, alias="NEWSROOM_NAME", max_length=100)
    store_text: bool = Field(default=False, alias="STORE_TEXT")
    store_feedback_text: bool = Field(default=True, alias="STORE_FEEDBACK_TEXT")
    redis_url: SecretStr | None = Field(default=None, alias="REDIS_URL")
    experiment_mode: Annotated[Literal["off", "shadow", "ab"], Word] = Field(default="off", alias="EXPERIMENT_MODE")
    experiment_share: float = Field(default=0.1, alias="EXPERIMENT_SHARE", ge=0, le=1)
    experiment_unit: Annotated[Literal["text", "caller"], Word] = Field(default="text", alias="EXPERIMENT_UNIT")
    experiment_version: str | None = Field(default=None, alias="EXPERIMENT_VERSION", pattern=r"^[1-9][0-9]{0,8}$")
    exporter_interval: float = Field(default=15, alias="EXPORTER_INTERVAL", gt=0)
    airflow_api_url: str | None = Field(default=None, alias="AIRFLOW_API_URL")
    airflow_api_username: str | None = Field(default=None, alias="AIRFLOW_API_USERNAME")
    airflow_api_password: SecretStr | None = Field(default=None, alias="AIRFLOW_API_PASSWORD")

    backups_folder: Path | None = Field(default=None, alias="NEWSDESK_BACKUPS")
    backup_databases: SecretStr | None = Field(default=None, alias="BACKUP_DATABASES")
    backup_passphrase_file: Path | None = Field(default=None, alias="BACKUP_PASSPHRASE_FILE")
    backup_retention_days: int = Field(default=7, alias="BACKUP_RETENTION_DAYS", ge=0)
    tls_cert_file: Path | None = Field(default=None, alias="TLS_CERT_FILE")

    def environment_variables(self) -> dict[str, str]:
        """What was set, as another process of ours reads it from its environment. Holds secrets: show it to nobody."""
        fields = type(self).model_fields
        return {str(fields[name].alias): _as_text(getattr(self, name)) for name in sorted(self.model_fields_set)}

    @property
    def inbox_address(self) -> str:
        """Where publishers put tables of articles: a folder, or an address that fsspec understands."""
        return self.inbox or str(self.home / "inbox")

    @property
    def articles(self) -> Path:
        """What was ingested, a folder a table."""
        return self.home / "articles"

    @property
    def plans(self) -> Path:
        """Trainings that go on step by step."""
        return self.home / "plans"

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def bundles(self) -> Path:
        return self.home / "bundles"

    @property
    def backups(self) -> Path:
        """Where archives are kept."""
        return self.backups_folder or self.home / "backups"

    @property
    def spool(self) -> Path:
        """Where what the store could not take waits for it."""
        return self.home / "spool"

    @property
    def keys_file(self) -> Path:
        """Where API keys are kept, as hashes."""
        return self.api_keys_file or self.home / "api_keys.json"

    @property
    def auth_required(self) -> bool:
        """Whether a caller must show a token or a key: always in production, elsewhere on request."""
        return self.environment == "production" or bool(self.api_auth)

    @property
    def embedded_database(self) -> Path:
        """The SQLite file of the store where no other is named."""
        return self.home / "newsdesk.db"

    @property
    def database(self) -> str:
        """SQLAlchemy address of the store; embedded, a SQLite file."""
        return self.database_url or sqlite_address(self.embedded_database)

    @property
    def embedded_mlflow(self) -> Path:
        """The SQLite file of MLflow where no server is named."""
        return self.home / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        """Address of the MLflow server; embedded, a SQLite file."""
        return self.mlflow_tracking_uri or sqlite_address(self.embedded_mlflow)

    @property
    def artifact_root(self) -> str | None:
        """Where a new MLflow experiment keeps its artifacts; None leaves it to the MLflow server."""
        if self.mlflow_artifact_root or self.mlflow_tracking_uri:
            return self.mlflow_artifact_root
        return (self.home / "artifacts").as_uri()


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


def _with_secrets(settings: Settings) -> Settings:
    folder = settings.secrets_dir
    if folder is None:
        return settings
    if not folder.is_dir():
        raise ConfigError(f"NEWSDESK_SECRETS_DIR names {folder}, which is no folder. Make it, or unset the variable.")
    return Settings(_secrets_dir=folder)


def load_settings() -> Settings:
    """The settings in force. Raises `ConfigError` naming the variable."""
    try:
        return _with_secrets(Settings())
    except UnicodeDecodeError as error:
        raise ConfigError("The file .env is not UTF-8. Save it as UTF-8, or remove it.") from error
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        input_text = str(mistake["input"])
        message = redact(mistake["msg"], secrets_in(input_text))
        raise ConfigError(
            f"Environment variable {mistake['loc'][0]}: {message}. It is {redact_address(input_text)!r} now."
        ) from error
