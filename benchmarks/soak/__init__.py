"""Half an hour of all that may go wrong, on loopback: what was acknowledged is there, and nothing grows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.soak.outcome import Outcome, outcome_from_json
from benchmarks.soak.section import draw, section

MINUTES = 30.0
ROOT = Path(__file__).parents[2]
CHART = ROOT / "docs" / "images" / "soak.svg"


def report(_: Path, minutes: float = MINUTES) -> str:
    """Raises `SystemExit` where something acknowledged is lost, was answered as it should not be, or grows."""
    outcome = run(minutes)
    draw(outcome, CHART)
    text = section(outcome)
    if outcome.violations:
        print(text)
        sys.exit("\n".join(outcome.violations))
    return text


def run(minutes: float) -> Outcome:
    """One soak, in a mount namespace of its own: small disks need one, and go with it, however the soak ends."""
    command = [sys.executable, "-m", "benchmarks.soak.run", str(minutes)]
    done = subprocess.run([*_own_mounts(), *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return outcome_from_json(json.loads(done.stdout))


def _own_mounts() -> list[str]:
    """What a command is to be run by; nothing where this machine has no namespaces for us: no disk is full then."""
    for options in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        if unshare := shutil.which("unshare"):
            tried = subprocess.run([unshare, *options, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return [unshare, *options]
    return []
