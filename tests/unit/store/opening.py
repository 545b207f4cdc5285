"""Several processes that open one store at the same moment."""

import subprocess
import sys

_OPEN = """
import sys
import newsdesk.store.feedback, newsdesk.store.ledger
from newsdesk.store.database import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).dispose()
"""


def open_at_once(address: str, count: int) -> None:
    """Have `count` processes open the store at `address`, each of which must succeed."""
    command = [sys.executable, "-c", _OPEN, address]
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
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
