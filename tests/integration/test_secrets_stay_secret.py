"""Secrets of addresses through the doors people use: commands, their errors and tracebacks, and what a server tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsdesk.config.provenance import effective_settings
from newsdesk.config.settings import Settings
from newsdesk.serving.security.caller import parse_scopes
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.keys import new_key
from tests.builders import settings_in
from tests.integration.api.builders import Api, running
from tests.restoring import Newsroom

SECRET, MORE = "Zx9q7Lmv", "kT4wRb8n"  # a password `Zx9q7Lmv@kT4wRb8n` is cut by whoever looks for the host
UNREACHABLE = {
    "NEWSDESK_DATABASE_URL": f"postgresql://newsdesk:{SECRET}@{MORE}@127.0.0.1:1/newsdesk?sslpassword={SECRET}",
    "MLFLOW_TRACKING_URI": f"http://newsdesk:{SECRET}@127.0.0.1:1/?token={MORE}",
    "AIRFLOW_API_URL": f"http://127.0.0.1:1/?token={SECRET}",
    "AIRFLOW_API_USERNAME": "viewer",
    "AIRFLOW_API_PASSWORD": SECRET,
}
MISTYPED = {
    "NEWSDESK_DATABASE_URL": f"postgresql//newsdesk:{SECRET}@db.example/newsdesk",
    "MLFLOW_TRACKING_URI": f"http:/newsdesk:{SECRET}@[bad/",
    "NEWSDESK_STORAGE": f"s3//key:{SECRET}@bucket",
    "NEWSDESK_INBOX": f"https://bucket.example/inbox?X-Amz-Signature={SECRET}",
    "NEWSDESK_API_URL": f"newsdesk:{SECRET}@api.example",
    "NEWSDESK_BACKUPS": f"sftp://newsdesk:{SECRET}@backups.example/",
    "AIRFLOW_API_URL": f"http://viewer:{SECRET}@127.0.0.1:1",
    "AIRFLOW_API_USERNAME": "viewer",
    "AIRFLOW_API_PASSWORD": SECRET,
}
COMMANDS = {
    "the doctor": (
        [UNREACHABLE, MISTYPED],
        ["doctor", "--json", "--only=database", "--only=registry", "--only=secrets", "--only=airflow"],
    ),
    "a traceback": ([UNREACHABLE], ["--debug", "models", "ledger"]),
    "a table elsewhere": (
        [UNREACHABLE],
        ["ingest", f"--data=https://u:{SECRET}@127.0.0.1:1/a.csv?token={MORE}", "--json"],
    ),
    "a server": ([MISTYPED], ["smoke-test"]),
    "a table of settings": ([MISTYPED], ["config", "show"]),
}


def told(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """All that a command writes."""
    newsroom = Newsroom(folder, {"NEWSDESK_HOME": str(folder / "var"), **environment}, {})
    process = newsroom.start(*arguments)
    said = "".join(process.communicate(timeout=120))
    assert said
    return said


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_tells_a_secret_of_an_address(tmp_path: Path, command: str) -> None:
    environments, arguments = COMMANDS[command]
    for environment in environments:
        said = told(tmp_path, environment, *arguments)
        assert SECRET not in said, said
        assert MORE not in said, said


@pytest.mark.parametrize("environment", [UNREACHABLE, MISTYPED], ids=["unreachable", "mistyped"])
def test_the_configuration_is_shown_without_a_secret(environment: dict[str, str]) -> None:
    shown = {one.name: str(one.value) for one in effective_settings(Settings.model_validate(environment))}
    assert SECRET not in "".join(shown.values())
    assert shown["NEWSDESK_DATABASE_URL"].partition(":***")[0] in ("postgresql://newsdesk", "postgresql//newsdesk")
    assert "127.0.0.1" in shown["AIRFLOW_API_URL"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder, and keys that a server there knows, by their scope."""
    folder, found = tmp_path_factory.mktemp("server"), {}
    for scope in ("predict", "feedback", "monitor", "admin"):
        key, found[scope] = new_key(scope, parse_scopes(scope))
        add_key(settings_in(folder).keys_file, key)
    return folder, found


@pytest.fixture(scope="module")
def away(keys: tuple[Path, dict[str, str]]) -> Iterator[Api]:
    """A server whose MLflow and store do not answer."""
    environment = {**UNREACHABLE, "API_AUTH": "true", "API_SECRET_KEY": "s" * 48}
    with running(keys[0], **environment) as api:
        api.runner.run(api.service.alias_watcher.poll())
        api.service._count_log_event("dropped", 3)
        yield api


def problems(api: Api, **headers: str) -> list[str]:
    response = api.get("/health", headers={name.replace("_", "-"): value for name, value in headers.items()})
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "degraded")
    assert list(body) == ["status", "model_type", "model_version", "uptime", "last_prediction", "problems"]
    assert SECRET not in response.text
    assert MORE not in response.text
    return [told for told in body["problems"] if "store" not in told]  # which may have been asked already, or not


def test_everybody_hears_codes_and_nothing_of_addresses_and_files(away: Api, keys: tuple[Path, dict[str, str]]) -> None:
    codes = problems(away)
    assert codes == ["registry_unreachable", "predictions_lost"]
    _, known = keys
    for header in ({"X_API_Key": known["predict"]}, {"Authorization": f"Bearer {known['feedback']}"}):
        assert problems(away, **header) == codes
    for wrong in ("nd_wrong_key", "no key at all", known["monitor"][:-1]):
        assert problems(away, X_API_Key=wrong) == codes
    assert problems(away, X_API_Key=known["monitor"], Authorization=f"Bearer {known['monitor']}") == codes


def test_who_may_monitor_hears_words_after_each_code(away: Api, keys: tuple[Path, dict[str, str]]) -> None:
    token = away.post("/auth/token", json={"api_key": keys[1]["monitor"]}).json()["access_token"]
    for credential in (keys[1]["monitor"], keys[1]["admin"], token):
        registry, lost = problems(away, Authorization=f"Bearer {credential}")
        assert registry.startswith("registry_unreachable: MLflow at http://newsdesk:***@127.0.0.1:1/")
        assert lost == "predictions_lost: 0 predictions could not be logged"


def test_wrong_credentials_are_counted_here_as_elsewhere(away: Api, keys: tuple[Path, dict[str, str]]) -> None:
    for _ in range(25):
        problems(away, X_API_Key="nd_guessed_key")
    answer = away.get("/metrics", headers={"X-API-Key": "nd_guessed_key"})
    assert answer.status_code == 429
    assert len(problems(away, X_API_Key=keys[1]["monitor"])) == 2


def test_without_authentication_whoever_may_do_everything_hears_words_too(tmp_path: Path) -> None:
    with running(tmp_path, **UNREACHABLE) as api:
        api.runner.run(api.service.alias_watcher.poll())
        (registry,) = problems(api)
        assert "does not answer" in registry


def test_no_path_below_home_is_told_to_anybody(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with running(tmp_path) as api:
        api.settings.embedded_mlflow.write_bytes(b"no database" * 1000)
        api.runner.run(api.service.alias_watcher.poll())
        (registry,) = problems(api)
        assert "cannot be read" in registry
        assert str(tmp_path) not in registry
        for path in ("/ready", "/v2/health/ready", "/v2", "/openapi.json"):
            assert str(tmp_path) not in api.get(path).text
