"""`scripts/setup_env.sh` makes secrets, each once, and nobody else can read them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.unit.deploy.test_compose_files import ROOT

WITH_SECRETS = {
    "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__WEBSERVER__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "API_SECRET_KEY",
}  # fmt: skip
FILLED_LATER = {
    "newsdesk_api_key", "prometheus_api_key", "slack_webhook_url", "smtp_password", "pager_token",
    "dead_man_switch_token",
}  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def prepare(checkout: Path, *options: str, code: int = 0, **variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(
        ["scripts/setup_env.sh", *options], cwd=checkout, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_env_is_the_example_with_secrets_of_its_own(checkout: Path) -> None:
    prepare(checkout, "--no-venv")
    made, example = ((checkout / name).read_text(encoding="utf-8").splitlines() for name in (".env", ".env.example"))
    differing = [new.split("=")[0] for new, old in zip(made, example, strict=True) if new != old]
    assert set(differing) == WITH_SECRETS
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600


def test_an_env_that_is_there_stays(checkout: Path) -> None:
    (checkout / ".env").write_text("API_PORT=1\n", encoding="utf-8")
    assert "stays as it is" in prepare(checkout, "--no-venv")
    assert (checkout / ".env").read_text(encoding="utf-8") == "API_PORT=1\n"


def test_secrets_for_production_are_random_belong_together_and_are_never_made_anew(checkout: Path) -> None:
    prepare(checkout, "--production")
    made = contents(checkout / "secrets")
    assert {name for name, value in made.items() if not value} == FILLED_LATER
    assert all(len(value) >= 32 for name, value in made.items() if name not in FILLED_LATER)
    assert f":{made['newsdesk_db_password']}@" in made["newsdesk_database_url"]
    assert f":{made['mlflow_db_password']}@" in made["mlflow_backend_store_uri"]
    assert f":{made['postgres_password']}@" in made["airflow_database_url"]
    assert f":{made['redis_password']}@" in made["redis_url"]
    assert (checkout / "secrets").stat().st_mode & 0o777 == 0o700
    prepare(checkout, "--production")
    assert contents(checkout / "secrets") == made


def test_an_unknown_option_is_answered_with_what_there_is(checkout: Path) -> None:
    assert "--production" in prepare(checkout, "--help", code=2)


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_database_gets_a_certificate_by_an_authority_whose_key_lies_apart(checkout: Path) -> None:
    prepare(checkout, "--production")
    secrets, authority = checkout / "secrets", checkout / "secrets-ca"
    assert (authority.stat().st_mode & 0o777, (authority / "key").stat().st_mode & 0o777) == (0o700, 0o600)
    assert (authority / "key").read_text(encoding="utf-8") not in contents(secrets).values()
    openssl("verify", "-x509_strict", "-CAfile", secrets / "database_ca", secrets / "database_certificate")
    names = openssl("x509", "-noout", "-ext", "subjectAltName", "-in", secrets / "database_certificate")
    assert "DNS:postgres, DNS:localhost, IP Address:127.0.0.1" in names
    shutil.rmtree(authority)  # taken to another machine
    made = contents(secrets)
    prepare(checkout, "--production")
    assert contents(secrets) == made
    assert "key of the authority back" in prepare(checkout, "--renew-database-certificate", code=1)


def test_a_renewed_certificate_belongs_to_the_same_key_and_authority_and_stays_the_same_file(checkout: Path) -> None:
    """The same file, for a container sees what was in the one that it was started with."""
    prepare(checkout, "--production")
    before, file = contents(checkout / "secrets"), checkout / "secrets" / "database_certificate"
    number = file.stat().st_ino
    assert "start.sh reload" in prepare(checkout, "--renew-database-certificate", DATABASE_HOSTS="db.example,10.0.0.9")
    after = contents(checkout / "secrets")
    assert {name for name in after if after[name] != before[name]} == {"database_certificate"}
    assert (file.stat().st_ino, file.stat().st_mode & 0o777) == (number, 0o644)
    openssl("verify", "-x509_strict", "-CAfile", checkout / "secrets" / "database_ca", file)
    assert "DNS:db.example, IP Address:10.0.0.9" in openssl("x509", "-noout", "-ext", "subjectAltName", "-in", file)
    assert not list(checkout.glob("secrets-draft*"))


@pytest.fixture
def somebody() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder of a user who is not root, and what has a command be run as that user."""
    with TemporaryDirectory() as made:
        folder, nobody = Path(made), 65534
        if os.geteuid() != 0:
            yield folder, {}
            return
        folder.chmod(0o755)
        os.chown(folder, nobody, nobody)
        yield folder, {"user": nobody, "group": nobody, "extra_groups": []}


def renew(folder: Path, number: int, run_as: dict[str, Any]) -> None:
    """A certificate and its key come, and are put where nginx reads them by the line of the page."""
    (line,) = re.findall(r"^cp fullchain\.pem .*$", (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8"), re.M)
    for name in ("fullchain.pem", "privkey.pem"):
        (folder / name).write_text(f"{name} {number}", encoding="utf-8")
        (folder / name).chmod(0o644)  # whatever the umask, which our own code makes a strict one
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False, **run_as)
    assert done.returncode == 0, done.stderr


def test_a_certificate_is_renewed_by_the_same_line_without_being_root(somebody: tuple[Path, dict[str, Any]]) -> None:
    folder, run_as = somebody
    for command in (["mkdir", "secrets"], ["chmod", "700", "secrets"]):
        subprocess.run(command, cwd=folder, check=True, **run_as)
    renew(folder, 1, run_as)
    files = [folder / "secrets" / name for name in ("tls_certificate", "tls_key")]
    numbers = [file.stat().st_ino for file in files]
    renew(folder, 2, run_as)
    assert [file.read_text(encoding="utf-8") for file in files] == ["fullchain.pem 2", "privkey.pem 2"]
    assert [file.stat().st_ino for file in files] == numbers  # what a container sees


def test_every_secret_can_be_changed_by_its_owner_and_those_of_earlier_versions_are_mended(checkout: Path) -> None:
    prepare(checkout, "--production")
    secrets = checkout / "secrets"
    for name in ("tls_certificate", "tls_key"):
        (secrets / name).write_text(name, encoding="utf-8")
    made = contents(secrets)
    for file in secrets.iterdir():
        file.chmod(0o444)
    prepare(checkout, "--production")
    assert {oct(file.stat().st_mode & 0o777) for file in secrets.iterdir()} == {"0o644"}
    assert contents(secrets) == made


def test_what_was_begun_and_not_finished_is_finished(checkout: Path) -> None:
    prepare(checkout, "--production")
    secrets = checkout / "secrets"
    for left in ({"database_ca", "database_key"}, {"database_ca"}, set[str]()):
        for name in {"database_ca", "database_key", "database_certificate"} - left:
            (secrets / name).unlink()
        prepare(checkout, "--production")
        openssl("verify", "-x509_strict", "-CAfile", secrets / "database_ca", secrets / "database_certificate")
        keys = [
            openssl("x509", "-noout", "-pubkey", "-in", secrets / "database_certificate"),
            openssl("pkey", "-pubout", "-in", secrets / "database_key"),
        ]
        assert keys[0] == keys[1]
