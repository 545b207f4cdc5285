"""The command `newsdesk` for tests, from a process in which the large libraries are loaded already.

Every test that runs the command is served by a process of its own, with the arguments, folder, environment and files
that it gives; but a fork of one that has scikit-learn and MLflow in it, which take seconds to load. What is about the
start itself, about terminals, groups of processes or other builds runs `python -m newsdesk`.
"""

import atexit
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.waiting import eventually

_HERE = Path(__file__).parent


@cache
def warm_newsdesk() -> str:
    """A program that does what `newsdesk` does. What it needs is started once in each process of the test run."""
    folder = Path(mkdtemp(prefix="warm-"))  # which the server removes in the end
    address, program = folder / "socket", folder / "newsdesk"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm.server", str(address)],
        cwd=_HERE.parents[1],
        stdin=subprocess.PIPE,  # closed with this process, however that ends: the server ends then
        start_new_session=True,
    )
    client = (_HERE / "client.py").read_text(encoding="utf-8")
    program.write_text(f"#!{sys.executable} -ISE\nADDRESS = {str(address)!r}\n{client}", encoding="utf-8")
    program.chmod(0o755)
    atexit.register(_stop, server)
    eventually(address.exists, "the warm process has loaded its libraries", seconds=120)
    return str(program)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait(timeout=30)
