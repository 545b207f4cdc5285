"""Answer texts on all cores, in their order."""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import connection, get_context, parent_process, resource_tracker
from threading import Thread

from newsdesk.bulk.text_scorer import Answer, Scorer, Unscored
from newsdesk.errors import NewsdeskError
from newsdesk.model.bundle import Bundle
from newsdesk.stopping import defer_stop

Texts = Sequence[str | Unscored]

_ALONE = 8  # chunks, which one process has answered before others have begun
_AHEAD = 4  # chunks for each process, that wait for it or for those before them

_scorer: Scorer | None = None  # of a worker process


class WorkerDied(NewsdeskError):  # noqa: N818 - it says what happened
    """A worker process was ended by somebody else."""

    may_pass = True


def score_chunks(chunks: Iterable[Texts], scorer: Scorer, processes: int | None = None) -> Iterator[list[Answer]]:
    """The answers to each chunk of texts, in order; what is not scored is passed on. Raises `WorkerDied`."""
    processes = processes or len(os.sched_getaffinity(0))
    remaining = iter(chunks)
    first = list(islice(remaining, _ALONE + 1))
    if processes == 1 or len(first) <= _ALONE:
        for texts in chain(first, remaining):
            yield _score_texts(scorer, texts)
        return
    # Started anew, not forked: threads of ours and of libraries do not outlive a fork.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, (scorer.version, scorer.bundle))
    resource_tracker.ensure_running()  # its start would end our deafness
    futures: deque[Future[list[Answer]]] = deque()
    try:
        for texts in chain(first, remaining):
            with defer_stop(), _block_ctrl_c():  # so are the processes that this starts
                futures.append(pool.submit(_score_in_worker, texts))
            if len(futures) >= processes * _AHEAD:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "A process that scores was killed, most likely for want of memory. Run the command again: it goes on where "
            "it was."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _block_ctrl_c() -> Iterator[None]:
    """Processes that are started in the `with` block never get it, as they inherit what is blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _score_texts(scorer: Scorer, texts: Texts) -> list[Answer]:
    return [text if isinstance(text, Unscored) else scorer.score(text) for text in texts]


def _start_worker(version: str, bundle: Bundle) -> None:
    """Ctrl+C is for the process that started this one, whose end is also the end of this one, however it comes."""
    global _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _scorer = Scorer(version, bundle)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _score_in_worker(texts: Texts) -> list[Answer]:
    assert _scorer is not None
    return _score_texts(_scorer, texts)
