"""Run the real `newsdesk run` in a folder of its own."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def run_main_job(home: Path, *arguments: str) -> tuple[dict[str, Any], int, float]:
    """The outcome as JSON, the exit code, and the seconds it took."""
    environment = os.environ | {"NEWSDESK_HOME": str(home)}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "newsdesk", "run", "--no-serve", "--json", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout), done.returncode, time.perf_counter() - begun
