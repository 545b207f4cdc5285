"""What pods are told is what Newsdesk understands."""

from pathlib import Path

import pytest

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.settings import Settings, load_settings
from newsdesk.serving.security.limit_parsing import require_rate_limit
from newsdesk.serving.security.signing_secret import require_strong_secret
from newsdesk.serving.security.trusted_proxies import trusted_proxies
from tests.stack.kubernetes.manifests import OF_LIBPQ, Object, named, settings_of, workload, workloads

pytestmark = pytest.mark.stack


def test_every_variable_that_is_set_is_a_setting(objects: tuple[Object, ...]) -> None:
    known = {field.alias for field in Settings.model_fields.values()} | OF_LIBPQ
    assert settings_of(objects).keys() <= known
    for one in workloads(objects):
        for container in one.containers():
            assert {variable["name"] for variable in container.get("env", [])} <= known


def test_a_server_would_start_with_what_production_sets(
    production: tuple[Object, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in settings_of(production).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("API_SECRET_KEY", "Zp4-unlike-any-example-" + "k7" * 16)
    settings = load_settings()
    assert settings.environment == "production"
    assert settings.auth_required
    require_strong_secret(settings)
    assert trusted_proxies(settings)
    assert settings.api_rate_limit
    require_rate_limit(settings.api_rate_limit)


def test_the_configuration_in_the_cluster_is_that_of_the_folder_configs(
    objects: tuple[Object, ...], tmp_path: Path
) -> None:
    files = named(objects, "ConfigMap", "newsdesk-configs")["data"]
    assert files.keys() == {"logging_config.yaml", "model_config.yaml", "pipeline_config.yaml"}
    (tmp_path / "pipeline_config.yaml").write_text(files["pipeline_config.yaml"], encoding="utf-8")
    schedule = load_pipeline_config(tmp_path).monitoring.schedule_interval
    assert named(objects, "CronJob", "newsdesk-monitor")["spec"]["schedule"] == schedule


def test_every_pod_finds_configuration_and_home_where_its_settings_say(objects: tuple[Object, ...]) -> None:
    settings = settings_of(objects)
    for one in workloads(objects):
        for container in one.containers():
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            assert mounts.keys() >= {settings["NEWSDESK_HOME"], settings["NEWSDESK_CONFIG_DIR"], "/tmp"}
            assert mounts[settings["NEWSDESK_CONFIG_DIR"]]["readOnly"] is True


def test_the_backup_finds_its_volume_and_its_passphrase_where_it_is_told(objects: tuple[Object, ...]) -> None:
    backup = workload(objects, "newsdesk-backup")
    (container,) = backup.pod["containers"]
    told = {variable["name"]: variable.get("value") for variable in container["env"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in backup.pod["volumes"]}
    assert "persistentVolumeClaim" in volumes[mounts[told["NEWSDESK_BACKUPS"]]]
    folder, _, name = told["BACKUP_PASSPHRASE_FILE"].rpartition("/")
    assert name in {item["path"] for item in volumes[mounts[folder]]["secret"]["items"]}


def test_in_production_every_container_verifies_postgresql(production: tuple[Object, ...]) -> None:
    told = settings_of(production)
    assert told["PGSSLMODE"] == "verify-full"
    folder, _, file = told["PGSSLROOTCERT"].rpartition("/")
    for one in workloads(production):
        volumes = {volume["name"]: volume for volume in one.pod["volumes"]}
        for container in one.containers():
            (mount,) = (mount for mount in container["volumeMounts"] if mount["mountPath"] == folder)
            secret = volumes[mount["name"]]["secret"]
            assert (mount["readOnly"], secret["secretName"]) == (True, "newsdesk-database"), container["name"]
            assert file in {item["path"] for item in secret["items"]}
