"""Several processes that do the same to one store at the same moment."""

import subprocess
import sys

_OPEN = """
import newsdesk.store.feedback, newsdesk.store.ledger
from newsdesk.store.database import open_store as act
"""
_MIGRATE = """
from newsdesk.store.migration import run_migration
def act(address):
    print(*run_migration(address).steps)
"""
_AT_A_WORD = """
import sys
print("ready", flush=True)
sys.stdin.readline()
act(sys.argv[1])
"""


def open_at_once(address: str, count: int) -> None:
    """Have `count` processes open the store at `address`, each of which must succeed."""
    _at_once(_OPEN, address, count)


def migrate_at_once(address: str, count: int) -> list[str]:
    """Have `count` processes migrate the store at `address`, each of which must succeed; the steps that each took."""
    return _at_once(_MIGRATE, address, count)


def _at_once(script: str, address: str, count: int) -> list[str]:
    command = [sys.executable, "-c", script + _AT_A_WORD, address]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * count
    return said
