"""`newsdesk config show`: every value, where it came from, and no secret."""

import json
from pathlib import Path

from newsdesk.config.settings import Settings
from tests.restoring import Newsroom

SECRET = "not-to-be-shown"


def test_every_value_is_shown_with_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=8123\nAPI_WORKERS=2\nAPI_HOST=\n", encoding="utf-8")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "pipeline_config.yaml").write_text("monitoring: {window: 60}\n", encoding="utf-8")
    newsroom = Newsroom(tmp_path, {"NEWSDESK_HOME": str(tmp_path / "var"), "API_WORKERS": "3"}, {})
    told = {one["name"]: one for one in json.loads(newsroom.run("config", "show", "--json").stdout)}
    assert told.keys() >= {field.alias for field in Settings.model_fields.values()}
    assert told["API_PORT"] == {"name": "API_PORT", "value": 8123, "origin": ".env"}
    assert told["API_WORKERS"] == {"name": "API_WORKERS", "value": 3, "origin": "environment"}
    assert told["API_HOST"] == {"name": "API_HOST", "value": "127.0.0.1", "origin": "default"}
    assert told["monitoring.window"]["origin"] == "configs/pipeline_config.yaml"
    assert told["monitoring.look_back"] == {"name": "monitoring.look_back", "value": 48, "origin": "default"}
    assert "API_PORT" in newsroom.run("config", "show").stdout


def test_no_secret_is_shown_whatever_it_is_in(tmp_path: Path) -> None:
    passwords = {str(field.alias): SECRET for field in Settings.model_fields.values() if "Secret" in str(field)}
    assert {"API_SECRET_KEY", "BACKUP_DATABASES", "AIRFLOW_API_PASSWORD"} <= passwords.keys()
    addresses = {
        "NEWSDESK_DATABASE_URL": f"postgresql://newsdesk:{SECRET}@127.0.0.1/newsdesk",
        "MLFLOW_TRACKING_URI": f"http://newsdesk:{SECRET}@127.0.0.1:5001",
    }
    newsroom = Newsroom(tmp_path, {"NEWSDESK_HOME": str(tmp_path / "var"), **passwords, **addresses}, {})
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        said = newsroom.run(*arguments)
        assert SECRET not in said.stdout + said.stderr
        assert "127.0.0.1/newsdesk" in "".join(said.stdout.split())
