"""What `/health` says is wrong: a code for everybody, and words for those who may look after the server."""

import errno
from dataclasses import dataclass
from typing import Literal

from newsdesk.errors import BundleError, NewsdeskError

ProblemCode = Literal[
    "disk_full",
    "follower_failed",
    "model_refused",
    "model_reverted",
    "no_challenger",
    "no_model",
    "predictions_lost",
    "registry_unreachable",
    "store_outdated",
    "store_unreachable",
]

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Problem:
    """`message` may name addresses and files: it is not for everybody."""

    code: ProblemCode
    message: str


def problem_from_error(error: NewsdeskError) -> Problem:
    """Why following the champion failed."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return Problem("disk_full", str(error))
        cause = cause.__cause__
    return Problem("model_refused" if isinstance(error, BundleError) else "registry_unreachable", str(error))
