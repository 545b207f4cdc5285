"""Back up a PostgreSQL database by pg_dump, and restore it in one transaction.

No password is on a command line, where every user of the machine could read it: what the programs need to know is in
their environment and in a service file that its owner alone may read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Literal

from sqlalchemy.engine import URL

from newsdesk.operations.backup.error import BackupError
from newsdesk.redaction import redact, redact_address, secrets_in
from newsdesk.store.store_copy import CLEAR_POSTGRESQL
from newsdesk.store.tls import tls_fix

_SERVICE = "newsdesk"
_TABLES = """
    SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""
_CLEAR = f"SET lock_timeout = '60s';{CLEAR_POSTGRESQL}"


@dataclass(frozen=True)
class PostgresqlDatabase:
    """A PostgreSQL database, by its address."""

    url: URL
    kind: Literal["postgresql"] = "postgresql"

    def exists(self) -> bool:
        return True

    def is_empty(self) -> bool:
        return self._run("psql", "-XAtq", "-c", _TABLES).strip() == "0"

    def rows(self, table: str) -> int:
        if self._run("psql", "-XAtq", "-c", f"SELECT to_regclass('{table}') IS NULL").strip() == "t":
            return 0
        return int(self._run("psql", "-XAtq", "-c", f'SELECT count(*) FROM "{table}"'))  # noqa: S608 - a name of ours

    def dump(self, target: Path) -> None:
        self._run("pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--file", str(target))

    def check(self, dump: Path) -> None:
        """Read all of it without writing anything."""
        with self._environment() as environment:
            result = subprocess.run(  # noqa: S603
                [_program("pg_restore"), "--file=/dev/null", str(dump)],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        if result.returncode:
            message = next((line for line in result.stderr.splitlines() if line.strip()), "it does not say why")
            raise BackupError(
                f"The archive's database {dump.stem} is damaged: {message[:300]}. Nothing was changed. Take another "
                "archive."
            )

    def tables(self, dump: Path) -> set[str]:
        listing = self._run("pg_restore", "--list", str(dump))
        return set(re.findall(r"^\d+; \d+ \d+ TABLE \S+ (\S+) \S+$", listing, re.MULTILINE))

    @contextmanager
    def data(self, dump: Path, *options: str) -> Iterator[Iterator[str]]:
        """The rows of a dump, line by line, as statements COPY and what belongs to each; no server is asked."""
        command = [_program("pg_restore"), "--data-only", *options, "--file=-", str(dump)]
        with TemporaryFile() as stderr_file, Popen(command, stdout=PIPE, stderr=stderr_file) as process:  # noqa: S603
            assert process.stdout
            with TextIOWrapper(process.stdout, encoding="utf-8", newline="\n") as script:
                yield (line.removesuffix("\n") for line in script)
            if process.wait():
                stderr_file.seek(0)
                raise self._failure("pg_restore", stderr_file.read().decode(errors="replace"))

    def restore(self, dump: Path) -> None:
        """The dump as one script in one transaction. Who restores must own the database.

        The commit is the last thing that psql is told: where this process is killed, psql finds the end of its input
        before, and what it did is undone. (Its own --single-transaction would commit the half.)
        """
        with self._environment() as environment, TemporaryFile() as stderr_file:
            convert = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
            load = [_program("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
            with (
                Popen(load, stdin=PIPE, stdout=DEVNULL, stderr=stderr_file, env=environment) as loading,  # noqa: S603
                Popen(convert, stdout=PIPE, stderr=stderr_file, env=environment) as converting,  # noqa: S603
            ):
                assert converting.stdout
                assert loading.stdin
                _copy(converting, loading.stdin)
            if converting.returncode or loading.returncode:
                stderr_file.seek(0)
                raise self._failure("pg_restore", stderr_file.read().decode(errors="replace"))

    def _run(self, program: str, *arguments: str) -> str:
        with self._environment() as environment:
            result = subprocess.run(  # noqa: S603
                [_program(program), *arguments], env=environment, capture_output=True, text=True, check=False
            )
        if result.returncode:
            raise self._failure(program, result.stderr)
        return result.stdout

    def _failure(self, program: str, stderr: str) -> BackupError:
        address = self.url.render_as_string(hide_password=False)
        lines = redact(stderr, secrets_in(address)).splitlines()
        first = next((line for line in lines if line.strip()), "it does not say why")
        fix = tls_fix(stderr) or "Start the database, or correct its address."
        return BackupError(f"{program} on {redact_address(address)}: {first[:300]}. {fix}")

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        url = self.url
        parameters = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "dbname": url.database,
            "connect_timeout": 10,
        }
        parameters |= {name: value for name, value in url.query.items() if isinstance(value, str)}
        with TemporaryDirectory(prefix="newsdesk-") as folder:
            service = Path(folder) / "pg_service.conf"
            lines = [f"{name}={value}" for name, value in parameters.items() if value not in (None, "")]
            service.write_text("\n".join([f"[{_SERVICE}]", *lines, ""]), encoding="utf-8")
            environment = os.environ | {"PGSERVICEFILE": str(service), "PGSERVICE": _SERVICE}
            if url.password is not None:
                environment["PGPASSWORD"] = str(url.password)
            yield environment


def _copy(converting: Popen[bytes], load: IO[bytes]) -> None:
    assert converting.stdout
    with suppress(BrokenPipeError):  # psql has ended, and said why
        load.write(f"BEGIN;\n{_CLEAR}".encode())
        while part := converting.stdout.read(1024 * 1024):
            load.write(part)
        if converting.wait() == 0:
            load.write(b"\nCOMMIT;\n")
        load.flush()
    with suppress(BrokenPipeError):
        load.close()


def _program(name: str) -> str:
    """The newest installed version: an older pg_dump refuses a newer server."""
    paths = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(paths[-1]) if paths else shutil.which(name)
    if path is None:
        raise BackupError(
            f"{name} is not on this machine. Install PostgreSQL's client: apt-get install postgresql-client."
        )
    return path
