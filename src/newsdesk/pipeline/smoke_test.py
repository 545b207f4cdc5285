"""Ask running servers whether they serve the champion, and answer as the champion was measured."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from newsdesk.config.settings import Settings
from newsdesk.errors import UsageError
from newsdesk.pipeline.api_client import ApiClient, ApiUnavailable, ApiUnreachable, SmokeTestFailed
from newsdesk.pipeline.progress import Progress
from newsdesk.redaction import redact_address
from newsdesk.registry.champion import Champion, find_champion

SUCCESSES = 20  # in a row: two workers that share evenly are both asked, but for twice in a million times
_AT_ONCE = 4  # requests: one after another, the same idle worker could answer them all
_TOLERANCE = 1e-6  # the API rounds nothing, JSON may
_PAUSE = 0.5  # seconds between two looks


@dataclass(frozen=True)
class SmokeTestResult:
    """What the servers serve, and the seconds until all did. `unreachable` are those that did not answer at all."""

    version: str
    digest: str
    category: str
    seconds: float
    servers: list[str]
    unreachable: list[str] = field(default_factory=list)


class _NotYet(Exception):  # noqa: N818 - no error: servers follow the champion one after another
    """Another model answered; the message completes "the server …"."""


def parse_addresses(listed: Iterable[str]) -> list[str]:
    """Addresses of servers; each may be several, with commas between them. Raises `UsageError`."""
    urls = [url.strip().rstrip("/") for item in listed for url in item.split(",") if url.strip()]
    for url in urls or [""]:
        if not url.startswith(("http://", "https://")):
            raise UsageError(
                f"'{redact_address(url)}' is no address of a server. Give --url http://HOST:PORT, or set "
                "NEWSDESK_API_URL."
            )
    return list(dict.fromkeys(urls))


def smoke_test(
    urls: Sequence[str], settings: Settings, patience: float, progress: Progress, successes: int = SUCCESSES
) -> SmokeTestResult:
    """Wait until every server that answers names the champion `successes` times in a row, and gives to its golden
    examples the answers that it was measured with. An address may stand for several workers, or servers.

    Raises `SmokeTestFailed` where one does not within `patience` seconds, answers otherwise or takes no request of
    ours, and where no server answers.
    """
    servers = [ApiClient(url, settings.api_key) for url in parse_addresses(urls)]
    progress.step(f"Asking {', '.join(server.address for server in servers)}")
    champion, started, category = find_champion(settings), time.monotonic(), ""
    waiting: dict[ApiClient, Exception] = {}
    pending = servers
    while True:
        waiting = {}
        for server in pending:
            try:
                category = _check_server(server, champion, successes)
            except (_NotYet, ApiUnavailable) as reason:
                waiting[server] = reason
        pending, seconds = list(waiting), time.monotonic() - started
        if not pending or seconds > patience:
            break
        time.sleep(_PAUSE)
    unreachable = [server for server, reason in waiting.items() if isinstance(reason, ApiUnreachable)]
    if len(unreachable) == len(servers) or len(unreachable) < len(waiting):
        raise _failure(waiting, champion, patience)
    passed = [server.address for server in servers if server not in waiting]
    shown = [server.address for server in unreachable]
    return SmokeTestResult(champion.version, champion.bundle.digest, category, seconds, passed, shown)


def _check_server(server: ApiClient, champion: Champion, successes: int) -> str:
    """The last category that was answered. Raises `_NotYet`, `ApiUnavailable`, `SmokeTestFailed`."""
    digest = champion.bundle.digest
    if (first := server.digest()) != digest:
        raise _NotYet(f"serves {first}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for other in pool.map(lambda _: server.digest(), range(1, successes)):
            _require_same(digest, other)
    manifest, category = champion.bundle.manifest, ""
    for golden in manifest.golden:
        if len(golden.text) < manifest.text_cleaning.min_text_length:  # the API takes no text so short
            continue
        answer = server.predict(golden.text)
        _require_same(digest, answer.digest)
        expected = dict(zip(manifest.classes, golden.probabilities, strict=True))
        probabilities = answer.probabilities
        if probabilities.keys() != expected.keys() or any(
            abs(probabilities[name] - expected[name]) > _TOLERANCE for name in expected
        ):
            raise SmokeTestFailed(
                f"The server at {server.address} answers otherwise than version {champion.version} was measured."
            )
        category = answer.prediction
    return category


def _require_same(digest: str, other: str) -> None:
    """Another worker, or server, may answer the next request."""
    if other != digest:
        raise _NotYet(f"serves now {digest}, now {other}")


def _failure(waiting: dict[ApiClient, Exception], champion: Champion, patience: float) -> SmokeTestFailed:
    reasons = "; ".join(f"the server at {server.address} {reason}" for server, reason in waiting.items())
    return SmokeTestFailed(
        f"After {patience:g} s {reasons}. Champion is version {champion.version} ({champion.bundle.digest}). Look at "
        "the server's log and GET /ready, or give it more time: --patience."
    )
