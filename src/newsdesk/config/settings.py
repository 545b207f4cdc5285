"""Settings from the environment or from `.env`: where things are, and how the server listens."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from newsdesk.errors import ConfigError


class Settings(BaseSettings):
    """One field an environment variable; the original's names are kept, our own begin with NEWSDESK_."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)

    home: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        default=Path("var"), alias="NEWSDESK_HOME", validate_default=True
    )
    config_dir: Path = Field(default=Path("configs"), alias="NEWSDESK_CONFIG_DIR")
    database_url: str | None = Field(default=None, alias="NEWSDESK_DATABASE_URL")
    mlflow_tracking_uri: str | None = Field(default=None, alias="MLFLOW_TRACKING_URI")
    mlflow_artifact_root: str | None = Field(default=None, alias="MLFLOW_ARTIFACT_ROOT")
    api_host: str = Field(default="127.0.0.1", alias="API_HOST")
    api_port: int = Field(default=8000, alias="API_PORT", ge=1, le=65535)
    api_log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", alias="API_LOG_LEVEL"
    )

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def bundles(self) -> Path:
        return self.home / "bundles"

    @property
    def database(self) -> str:
        """SQLAlchemy address of the store; embedded, a SQLite file."""
        return self.database_url or f"sqlite:///{self.home / 'newsdesk.db'}"

    @property
    def tracking_uri(self) -> str:
        """Address of the MLflow server; embedded, a SQLite file."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def artifact_root(self) -> str | None:
        """Where a new MLflow experiment keeps its artifacts; None leaves it to the MLflow server."""
        if self.mlflow_artifact_root or self.mlflow_tracking_uri:
            return self.mlflow_artifact_root
        return (self.home / "artifacts").as_uri()


def load_settings() -> Settings:
    """The settings in force. Raises `ConfigError` naming the variable."""
    try:
        return Settings()
    except UnicodeDecodeError as error:
        raise ConfigError("The file .env is not UTF-8. Save it as UTF-8, or remove it.") from error
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        raise ConfigError(
            f"Environment variable {mistake['loc'][0]}: {mistake['msg']}. It is {mistake['input']!r} now."
        ) from error
