"""The compose files are what Compose accepts, and keep what they promise: no open door, no default secret."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
STACKS = {
    "development": ["compose.yaml"],
    "scaled development": ["compose.yaml", "compose.scale.yaml"],
    "production": ["compose.prod.yaml"],
    "scaled production": ["compose.prod.yaml", "compose.scale.yaml"],
}
FILES = [*sorted(ROOT.glob("compose*.yaml")), *sorted((ROOT / "deploy" / "compose").glob("*.yaml"))]
ONE_SHOT = {"migrate", "airflow-init", "demo", "train", "maintenance"}
WITHOUT_A_SHELL = {"node-exporter", "postgres-exporter", "nginx-exporter", "blackbox-exporter"}


def stack(name: str, env_file: str | Path = os.devnull) -> dict[str, Any]:
    """The stack as Compose understands it, with no variable set but those of `env_file`."""
    command = [str(BIN / "docker-compose"), "--profile", "*", "--env-file", str(env_file)]
    for file in STACKS[name]:
        command += ["-f", file]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "Compose warns of a variable that has no default"
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("name", STACKS)
def test_compose_reads_the_files_without_a_variable_and_without_a_warning(name: str) -> None:
    assert stack(name)["services"]


def test_every_file_is_valid_by_the_schema_of_the_compose_specification() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_the_dockerfiles_have_no_finding() -> None:
    files = [str(path) for folder in ("deploy", "tests") for path in (ROOT / folder).rglob("*Dockerfile")]
    done = subprocess.run([str(BIN / "hadolint"), *files], capture_output=True, text=True, timeout=60, check=False)
    assert files
    assert done.returncode == 0, done.stdout


def test_in_development_every_port_is_open_to_this_machine_alone() -> None:
    ports = [port for service in stack("development")["services"].values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert {port["published"] for port in ports} == {"8000", "8080", "5001", "9090", "9093", "3000"}


def test_in_production_only_nginx_has_ports_and_a_network_to_the_outside() -> None:
    services, networks = stack("production")["services"], stack("production")["networks"]
    assert [name for name, service in services.items() if service.get("ports")] == ["nginx"]
    assert [name for name, service in services.items() if "edge" in service["networks"]] == ["nginx"]
    assert networks["inside"]["internal"] is True


@pytest.mark.parametrize("name", ["production", "scaled production"])
def test_in_production_every_service_is_hardened(name: str) -> None:
    for service, told in stack(name)["services"].items():
        assert told["read_only"] is True, service
        assert told["cap_drop"] == ["ALL"], service
        assert told["security_opt"] == ["no-new-privileges:true"], service
        assert not told.get("privileged"), service
        assert "cap_add" not in told, service
        assert set(told["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, service


def test_in_production_no_variable_holds_a_secret() -> None:
    for service, told in stack("production")["services"].items():
        for name, value in (told.get("environment") or {}).items():
            is_secret = re.search(r"PASSWORD|SECRET|FERNET|TOKEN|_KEY|CONN$|PASS$", name)
            if is_secret and not re.search(r"_FILE$|_CMD$|_DIR$|USERS?NAME$", name):
                pytest.fail(f"{service} gets {name}={value} by its environment")
            assert "@" not in str(value), f"{service}: {name} is an address with a password"


def test_in_production_there_is_no_default_secret_in_any_file() -> None:
    text = (ROOT / "compose.prod.yaml").read_text(encoding="utf-8")
    assert not re.search(r"\$\{[A-Z_]*(PASSWORD|SECRET_KEY|TOKEN|FERNET)[A-Z_]*:-[^}]", text)
    for name, told in stack("production")["secrets"].items():
        assert told["file"] == str(ROOT / "secrets" / name)


def test_the_scripts_that_make_the_secrets_make_each_that_production_names() -> None:
    script = (ROOT / "scripts" / "setup_env.sh").read_text(encoding="utf-8")
    assert [name for name in stack("production")["secrets"] if not re.search(rf"\b{name}\b", script)] == []


@pytest.mark.parametrize("name", ["development", "production"])
def test_what_others_wait_for_has_a_health_check_or_an_end(name: str) -> None:
    services = stack(name)["services"]
    for service, told in services.items():
        for needed, condition in told.get("depends_on", {}).items():
            if condition["condition"] == "service_completed_successfully":
                assert needed in ONE_SHOT
                continue
            by_image = services[needed]["image"].startswith("newsdesk")
            assert by_image or services[needed].get("healthcheck"), f"{service} waits for {needed}"


@pytest.mark.parametrize("name", ["development", "production"])
def test_every_service_that_has_a_shell_tells_of_its_health(name: str) -> None:
    for service, told in stack(name)["services"].items():
        if service not in ONE_SHOT | WITHOUT_A_SHELL and not told["image"].startswith("newsdesk"):
            assert told["healthcheck"]["test"], service


def test_more_than_one_api_runs_when_scaled() -> None:
    assert stack("scaled development")["services"]["api"]["deploy"]["replicas"] == 3
    assert stack("scaled production")["services"]["api"]["deploy"]["resources"]["limits"]
