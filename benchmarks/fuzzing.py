"""Every endpoint of the real server, fuzzed by schemathesis from the server's own description, and those of the Open
Inference Protocol from its official one.
"""

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from benchmarks.tables import markdown
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.registry.mlflow_client import connect
from newsdesk.registry.version import MODEL
from tests.builders import fitted_bundle, settings_in
from tests.integration.test_serve_command import free_port, newsdesk, serving
from tests.unit.registry.shelf import open_shelf

ROOT = Path(__file__).parents[1]
CHANGES = "^/model/(promote|rollback)$"  # each request starts a command that needs three seconds
OFFICIAL = ROOT.parent / "shared" / "spec" / "open_inference_rest.yaml"
MOST = 350  # examples for an operation, in each phase
MOST_SECONDS = 1_800

_COLUMNS = ("authentication", "endpoints", "requests", "operations", "cut short", "failures", "longest answer")
_CUT_SHORT = "Failed Health Check"  # schemathesis's words

Authentication = Literal["off", "on"]


@dataclass(frozen=True)
class Fuzzed:
    """What came of it: `requests` as the server counted them, `longest` in milliseconds as it measured them, and
    `answers` as its access log names them (method, endpoint and status). `cut_short`: operations for which Hypothesis,
    before it had made all inputs, met one larger than it can make."""

    requests: int
    operations: int
    failures: list[str]
    longest: float
    answers: Counter[str]
    cut_short: int = 0


def report(_: Path) -> str:
    """Both modes, with a registry of two versions. Takes about a quarter of an hour."""
    rows = []
    for authentication in ("off", "on"):
        for endpoints, specification, options in (
            ("all but promote and rollback", None, ["--exclude-path-regex", CHANGES, "--max-examples", str(MOST)]),
            ("promote and rollback", None, ["--include-path-regex", CHANGES, "--max-examples", "3"]),
            ("`/v2`, by the protocol's own specification", OFFICIAL, ["--max-examples", str(MOST)]),
        ):
            with TemporaryDirectory() as folder:
                fill_registry(Path(folder))
                found = fuzz(Path(folder), authentication, options, specification)
            sys.stderr.writelines(f"{failure}\n" for failure in found.failures)
            numbers = (f"{found.requests:,}", found.operations, found.cut_short, len(found.failures))
            rows.append((authentication, endpoints, *numbers, f"{found.longest:.0f} ms"))
    return (
        "## Fuzzing (`python -m benchmarks fuzzing`)\n\n"
        "Schemathesis, all phases and all checks, against `newsdesk serve` in a process of its own. Cut short: "
        "operations for which Hypothesis met an input larger than it can make before it had made all.\n\n"
        + markdown(_COLUMNS, rows)
    )


def fuzz(
    folder: Path, authentication: Authentication, options: Sequence[str], specification: Path | None = None
) -> Fuzzed:
    """Serve the champion of the state under `folder`, and let schemathesis loose on it: by the server's own
    description, or by a `specification`, that of the Open Inference Protocol."""
    port, result = free_port(), folder / "schemathesis.json"
    more = {"API_TRUSTED_PROXIES": "127.0.0.1"}  # see schemathesis_hooks.py
    headers = []
    if authentication == "on":
        more |= {"NEWSDESK_ENVIRONMENT": "production", "API_SECRET_KEY": secrets.token_urlsafe(48)}
        key = newsdesk(folder, "keys", "create", "fuzzing", "--scope", "admin").stdout.strip()
        headers = ["--header", f"Authorization: Bearer {key}"]
    with serving(folder, "--port", str(port), port=port, **more) as server:
        described = (
            [str(specification), "--url", server.address] if specification else [f"{server.address}/openapi.json"]
        )
        reports = ["--report", "json", "--report-json-path", str(result)]
        hooks = "open_inference_hooks" if specification else "schemathesis_hooks"
        told = _schemathesis(folder, hooks, [*described, *headers, *options, *reports])
        entries = [json.loads(line) for line in server.log.splitlines()]
    if not result.exists():
        return Fuzzed(0, 0, [told], 0, Counter())
    found = json.loads(result.read_text(encoding="utf-8"))
    wrong = [f"{failure['title']}: {', '.join(failure['operations'])}" for failure in found["failures"]]
    wrong += [f"Error: {error}" for error in found["errors"] if error["title"] != _CUT_SHORT]
    cut_short = sum(error["count"] for error in found["errors"] if error["title"] == _CUT_SHORT)
    if found["errors"] or found["failures"]:
        sys.stderr.write(told[told.find("= ERRORS =" if found["errors"] else "= FAILURES =") :])
    wrong += [] if found["complete"] else [f"Not finished: {found['stop_reason']}"]
    wrong += [f"Logged: {entry['message']}" for entry in entries if entry["level"] == "ERROR"]
    requests = [entry for entry in entries if entry["logger"] == "newsdesk.access"]
    longest = max(float(entry["duration_ms"]) for entry in requests)
    answers = Counter(str(entry["message"]) for entry in requests)
    return Fuzzed(len(requests), found["operations"]["tested"], wrong, longest, answers, cut_short)


def fill_registry(folder: Path) -> None:
    """Two registered versions under `folder`, the first of them in charge and the second its challenger."""
    empty = settings_in(folder / "empty")
    empty.home.mkdir(parents=True)
    connect(empty).search_registered_models()
    shelf = open_shelf(folder, empty.home / "mlflow.db")
    for alias, bundle in (("champion", fitted_bundle(LogisticRegression())), ("challenger", _other_bundle())):
        number = shelf.put(bundle)
        shelf.client.set_registered_model_alias(MODEL, alias, number)
        name = bundle_folder_name(bundle.digest)
        save_bundle(bundle, shelf.settings.bundles / name)
        if alias == "champion":
            write_champion_pointer(
                shelf.settings.bundles, ChampionPointer(version=number, digest=bundle.digest, bundle=name)
            )


def _other_bundle() -> Bundle:
    return fitted_bundle(MultinomialNB(), per_category=10)


def _schemathesis(folder: Path, hooks: str, options: Sequence[str]) -> str:
    """What it printed. What it remembers stays in `folder`."""
    program = Path(sys.executable).with_name("schemathesis")
    config = ["--config-file", str(ROOT / "schemathesis.toml")]
    strict = ["--checks", "all", "--continue-on-failure", "--generation-database", "none", "--no-color"]
    strict += [
        "--suppress-health-check",
        "large_base_example,too_slow,filter_too_much,data_too_large",
    ]  # how fast inputs are made says nothing of the server
    done = subprocess.run(
        [str(program), *config, "run", *strict, *options],
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": f"benchmarks.{hooks}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr
