"""What nginx costs: the latency of a prediction with and without it."""

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.serving.contenders import NEWSDESK, Contender, newsdesk
from benchmarks.serving.load import Load, Measured, Target, measure, write_texts
from benchmarks.serving.model import SavedModel, fit_and_save
from benchmarks.serving.process import running
from benchmarks.tables import markdown
from deploy.local.ports import HOST, free_port, free_ports
from deploy.local.programs import program
from deploy.local.proxy import write_proxy
from deploy.local.stack import Passwords, Stack
from newsdesk.text.cleaning import join_title_and_text

_ROUNDS, _SECONDS = 9, 2
_CONNECTIONS = (1, 4)

Round = tuple[Measured, Measured]  # without nginx, and with it


def report(data: Path) -> str:
    rows = list(_rows(data))
    return (
        "## Load balancer (`python -m benchmarks balancer`)\n\n"
        "`POST /predict` with headlines, a new text with every request, straight to one server and through nginx with "
        f"`deploy/nginx/locations.conf` to the same: milliseconds, medians of {_ROUNDS} rounds. In each both are "
        f"asked for {_SECONDS} s in turns; the cost is the median of what a round says. The load average of "
        f"the machine, these requests included, was {os.getloadavg()[1]:.0f}.\n\n"
        + markdown(("connections", "percentile", "direct", "through nginx", "cost"), rows)
    )


def _rows(data: Path) -> Iterator[tuple[str, ...]]:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)  # nginx's workers pass through
        articles = [join_title_and_text(row["title"], row["text"]) for row in rows]
        model = fit_and_save(folder, articles, [row["category"] for row in rows])
        texts = write_texts(folder / "headlines.txt", [row["title"] for row in rows])
        with _both(folder, model) as (direct, through):
            for connections in _CONNECTIONS:
                load = Load(texts, connections, _SECONDS)
                rounds = [(measure(direct, load), measure(through, load)) for _ in range(_ROUNDS)]
                _require_answers(rounds)
                for percentile in ("p50", "p95"):
                    yield str(connections), percentile, *_figures(rounds, percentile)


@contextmanager
def _both(folder: Path, model: SavedModel) -> Iterator[tuple[Target, Target]]:
    """Where to ask the server itself, and where nginx."""
    contender, port, nginx = newsdesk(NEWSDESK), free_port(), program("nginx")
    if nginx is None:
        sys.exit("nginx is not on this machine: make system-deps")
    stack = Stack(home=folder, ports=free_ports(), replicas=(port,), with_airflow=False, passwords=Passwords.new())
    write_proxy(stack)
    body = contender.body("Shares rise as the bank lifts its forecast")
    path, variables = contender.path, contender.variables(model, Path(sys.executable).parent)
    balancing = [nginx, "-p", f"{folder / 'nginx'}/", "-c", "nginx.conf", "-e", "stderr"]
    with (
        running(contender.command(port, model, folder), variables, folder, port, path, body),
        running(balancing, {}, folder / "nginx", stack.ports.api, path, body),
    ):
        yield _target(contender, port), _target(contender, stack.ports.api)


def _target(contender: Contender, port: int) -> Target:
    return Target(f"http://{HOST}:{port}{contender.path}", contender.before, contender.behind)


def _require_answers(rounds: list[Round]) -> None:
    errors = sum(measured.errors for both in rounds for measured in both)
    if errors:
        sys.exit(f"{errors} requests failed: the figures would say nothing.")


def _figures(rounds: list[Round], percentile: str) -> tuple[str, ...]:
    pairs = [(getattr(direct, percentile), getattr(through, percentile)) for direct, through in rounds]
    direct, through = (median(pair[which] for pair in pairs) for which in (0, 1))
    return f"{direct:.2f}", f"{through:.2f}", f"{median(b - a for a, b in pairs):.2f}"
