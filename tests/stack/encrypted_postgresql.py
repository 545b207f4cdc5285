"""A PostgreSQL as production runs it: the certificates of setup_env.sh, the settings of start.sh, its pg_hba.conf."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from tests.stack.servers import Postgresql, stoppable_postgresql

ROOT = Path(__file__).parents[2]
PASSWORD = "not-to-be-shown"


def setup_env(folder: Path, option: str, **variables: str) -> Path:
    """Run the script that makes secrets, as for a deployment; the folder that they are in."""
    environment = {"PATH": os.environ["PATH"], "NEWSDESK_SECRETS": str(folder), **variables}
    subprocess.run([ROOT / "scripts" / "setup_env.sh", option], env=environment, check=True, timeout=60)
    return folder


def renew(folder: Path, **variables: str) -> None:
    setup_env(folder, "--renew-database-certificate", **variables)


@dataclass(frozen=True)
class EncryptedPostgresql:
    server: Postgresql
    secrets: Path

    @property
    def authority(self) -> Path:
        """The certificate of the authority that clients trust."""
        return self.secrets / "database_ca"

    @property
    def verified(self) -> str:
        """An address that verifies the server."""
        return f"{self.server.address}?sslmode=verify-full&sslrootcert={self.authority}"

    def lay_down(self, rules: str | None = None) -> None:
        """Give the server the certificate of today, and these rules of who may connect, or those of production."""
        for name in ("database_certificate", "database_key"):
            self._write(name, (self.secrets / name).read_text(encoding="utf-8"))
        production = ROOT / "deploy" / "postgres" / "pg_hba.conf"
        self._write("pg_hba.conf", rules or production.read_text(encoding="utf-8"))

    def reload(self, rules: str | None = None) -> None:
        self.lay_down(rules)
        subprocess.run([*self.server.control, "reload"], check=True, timeout=60, cwd=self.server.folder)

    def _write(self, name: str, content: str) -> None:
        file = self.server.folder / name
        file.write_text(content, encoding="utf-8")
        file.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(file, "postgres")


@contextmanager
def encrypted_postgresql(programs: Path, folder: Path) -> Iterator[EncryptedPostgresql]:
    """One with certificates made in `folder`; its user has the password that is in its address."""
    secrets = setup_env(folder / "secrets", "--production")
    with stoppable_postgresql(programs) as server:
        with psycopg.connect(server.address) as connection:
            connection.execute(f"ALTER ROLE newsdesk PASSWORD '{PASSWORD}'".encode())
        server.stop()
        encrypted = EncryptedPostgresql(replace(server, options=f"{server.options} {_options(server.folder)}"), secrets)
        encrypted.lay_down()
        encrypted.server.start()
        yield encrypted


def _options(folder: Path) -> str:
    """What start.sh tells PostgreSQL, with the files in this folder."""
    told = (ROOT / "deploy" / "postgres" / "start.sh").read_text(encoding="utf-8")
    options = re.findall(r"-c (\S+=\S+)", told)
    assert {option.partition("=")[0] for option in options} >= {"ssl", "ssl_cert_file", "ssl_key_file", "hba_file"}
    return " ".join(f"-c {re.sub(r'=/.*/', f'={folder}/', option)}" for option in options)
