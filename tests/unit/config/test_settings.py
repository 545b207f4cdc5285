from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from newsdesk.config.settings import Settings, load_settings
from newsdesk.errors import ConfigError
from tests.builders import settings_in


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of the checkout is read."""
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_everything_lies_in_var_and_is_for_this_machine_alone(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.home == tmp_path / "var"
    assert settings.config_dir == Path("configs")
    assert (settings.api_host, settings.api_port, settings.api_log_level) == ("127.0.0.1", 8000, "info")


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("NEWSDESK_HOME", "/srv/newsdesk", "home", Path("/srv/newsdesk")),
        ("NEWSDESK_CONFIG_DIR", "/etc/newsdesk", "config_dir", Path("/etc/newsdesk")),
        ("NEWSDESK_DATABASE_URL", "postgresql://db/news", "database_url", "postgresql://db/news"),
        ("MLFLOW_TRACKING_URI", "http://mlflow:5001", "mlflow_tracking_uri", "http://mlflow:5001"),
        ("MLFLOW_ARTIFACT_ROOT", "s3://bucket/x", "mlflow_artifact_root", "s3://bucket/x"),
        ("API_HOST", "0.0.0.0", "api_host", "0.0.0.0"),
        ("API_PORT", "80", "api_port", 80),
        ("API_LOG_LEVEL", "debug", "api_log_level", "debug"),
    ],
)
def test_each_variable_sets_its_field_and_no_other(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, read: Any
) -> None:
    defaults = load_settings().model_dump()

    monkeypatch.setenv(variable, value)

    assert load_settings().model_dump() == defaults | {field: read}


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("API_LOG_LEVEL", "INFO", "api_log_level", "info"),
        ("API_LOG_LEVEL", " Warning ", "api_log_level", "warning"),
        ("NEWSDESK_ENVIRONMENT", "Production", "environment", "production"),
        ("EXPERIMENT_MODE", "AB", "experiment_mode", "ab"),
    ],
)
def test_a_word_may_be_written_in_capitals(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, read: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), field) == read


@pytest.mark.parametrize(
    "name", ["HOME", "CONFIG_DIR", "DATABASE_URL", "HOST", "PORT", "LOG_LEVEL", "NEWSDESK_API_PORT"]
)
def test_variables_that_belong_to_others_are_not_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    defaults = load_settings()

    monkeypatch.setenv(name, "/somewhere")

    assert load_settings() == defaults


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("API_PORT", "eighty"),
        ("API_PORT", "0"),
        ("API_PORT", "65536"),
        ("API_PORT", "80.5"),
        ("API_LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_variable_and_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError, match=rf"^Environment variable {variable}: .* It is '{value}' now\.$"):
        load_settings()


@pytest.mark.parametrize("variable", ["NEWSDESK_HOME", "NEWSDESK_CONFIG_DIR", "API_HOST", "API_PORT", "API_LOG_LEVEL"])
def test_an_empty_variable_counts_as_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    defaults = load_settings()

    monkeypatch.setenv(variable, "")

    assert load_settings() == defaults


def test_a_relative_home_stays_where_it_was_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSDESK_HOME", "state")
    settings = load_settings()
    (tmp_path / "elsewhere").mkdir()

    monkeypatch.chdir(tmp_path / "elsewhere")

    assert settings.datasets == tmp_path / "state" / "datasets"


def test_dot_env_is_read_and_the_environment_overrides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("API_PORT=9000\nAPI_HOST=::1\nOTHER_PROGRAM=1\n")
    monkeypatch.setenv("API_HOST", "0.0.0.0")

    settings = load_settings()

    assert (settings.api_port, settings.api_host) == (9000, "0.0.0.0")


def test_a_dot_env_that_is_not_utf_8_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=9000\n", encoding="utf-16")

    with pytest.raises(ConfigError, match=r"\.env"):
        load_settings()


def test_embedded_everything_is_a_file_under_home(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    assert settings.datasets == tmp_path / "var/datasets"
    assert settings.bundles == tmp_path / "var/bundles"
    assert settings.database == f"sqlite:///{tmp_path}/var/newsdesk.db"
    assert settings.tracking_uri == f"sqlite:///{tmp_path}/var/mlflow.db"
    assert settings.artifact_root == f"file://{tmp_path}/var/artifacts"


def test_addresses_of_servers_replace_the_embedded_files(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, NEWSDESK_DATABASE_URL="postgresql://db/news", MLFLOW_TRACKING_URI="http://mlflow")

    assert settings.database == "postgresql://db/news"
    assert settings.tracking_uri == "http://mlflow"
    assert settings.artifact_root is None  # the MLflow server decides


@pytest.mark.parametrize("server", [{}, {"MLFLOW_TRACKING_URI": "http://mlflow"}])
def test_an_artifact_root_that_was_named_is_used_with_and_without_a_server(
    tmp_path: Path, server: dict[str, str]
) -> None:
    assert settings_in(tmp_path, MLFLOW_ARTIFACT_ROOT="s3://bucket", **server).artifact_root == "s3://bucket"


def test_settings_cannot_be_changed_once_read(tmp_path: Path) -> None:
    settings: Settings = settings_in(tmp_path)

    with pytest.raises(ValidationError, match="frozen"):
        settings.api_port = 1  # type: ignore[misc]


def test_secrets_are_read_from_files_named_like_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "api_secret_key").write_text("from a file", encoding="utf-8")
    (tmp_path / "newsdesk_database_url").write_text("postgresql://db/from-a-file", encoding="utf-8")
    monkeypatch.setenv("NEWSDESK_SECRETS_DIR", str(tmp_path))

    settings = load_settings()

    assert settings.database == "postgresql://db/from-a-file"
    assert settings.api_secret_key
    assert settings.api_secret_key.get_secret_value() == "from a file"


def test_the_environment_comes_before_a_file_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "api_port").write_text("1", encoding="utf-8")
    monkeypatch.setenv("NEWSDESK_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("API_PORT", "2")

    assert load_settings().api_port == 2


def test_a_folder_of_secrets_that_is_not_there_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSDESK_SECRETS_DIR", str(tmp_path / "nowhere"))

    with pytest.raises(ConfigError, match="nowhere, which is no folder"):
        load_settings()
