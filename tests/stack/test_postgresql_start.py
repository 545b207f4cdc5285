"""The production database as its container starts it, in a sandbox with a network of its own: mounts, entrypoint and
variables of compose.prod.yaml. The official image's entrypoint has its stand-in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.encrypted_postgresql import ROOT, setup_env
from tests.stack.kubernetes.pod import require_sandbox
from tests.unit.deploy.test_compose_files import stack

pytestmark = pytest.mark.stack

# In the sandbox; every answer is a line. The first argument is what the container starts.
SCRIPT = r"""
"$@" > /tmp/log 2>&1 &
for _ in $(seq 300); do pg_isready -q -h 127.0.0.1 -U airflow -d airflow && break; sleep 0.1; done
export PGPASSWORD=$(cat /run/secrets/newsdesk_db_password)
ask() { psql -XAtq "host=postgres hostaddr=127.0.0.1 user=newsdesk dbname=newsdesk $1" -c "$2" 2>&1 | tail -1; }
verified="sslmode=verify-full sslrootcert=/run/secrets/database_ca"
ask "$verified" "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
ask "sslmode=disable" "SELECT 1"
ask "$verified" "SHOW max_connections"
stat -c %a /tmp/tls/database_key
sh /etc/newsdesk-postgres/start.sh reload
ask "$verified" "SELECT 'reloaded'"
kill %1 && wait
"""


def test_the_container_of_production_takes_verified_connections_and_no_others(
    programs: Path, tmp_path: Path, missing: Callable[[str], None]
) -> None:
    require_sandbox(missing)
    secrets = setup_env(tmp_path / "secrets", "--production")
    told = stack("production")["services"]["postgres"]
    (tmp_path / "passwd").write_text("postgres:x:999:999::/tmp:/bin/sh\n", encoding="utf-8")
    program = tmp_path / "bin" / "docker-entrypoint.sh"
    program.parent.mkdir()
    program.write_text(
        (ROOT / "tests" / "engine" / "stand_ins" / program.name).read_text(encoding="utf-8"), encoding="utf-8"
    )
    program.chmod(0o755)
    mounts = {
        secrets: "/run/secrets",
        program.parent: "/opt/bin",
        tmp_path / "passwd": "/etc/passwd",
        **{
            Path(volume["source"]): volume["target"]
            for volume in told["volumes"]
            if volume["type"] == "bind" and volume["read_only"]
        },
    }
    variables = told["environment"] | {"PATH": f"/opt/bin:{programs}:/usr/bin:/bin", "PGDATA": "/data"}
    command = [
        *("bwrap", "--die-with-parent", "--unshare-all", "--uid", "999", "--gid", "999", "--cap-drop", "ALL"),
        *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
        *(
            "--symlink",
            "usr/lib64",
            "/lib64",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
            "--tmpfs",
            "/data",
        ),
        *("--dir", "/run/postgresql", "--symlink", "/run", "/var/run"),
        *(word for source, target in mounts.items() for word in ("--ro-bind", str(source), target)),
        *("--chdir", "/", "--clearenv"),
        *(word for pair in variables.items() for word in ("--setenv", *pair)),
        *("bash", "-c", SCRIPT, "-", *told["entrypoint"], *told["command"]),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done
    assert [lines[0], *lines[2:4], lines[-1]] == ["TLSv1.3", "250", "600", "reloaded"]
    assert "no encryption" in lines[1]
