"""The columns that are added to a scored file."""

from collections.abc import Sequence
from typing import Any

from newsdesk.bulk.text_scorer import Answer, Unscored
from newsdesk.errors import UsageError

NAMES = (
    "predicted_category",
    "confidence",
    "runner_up",
    "runner_up_confidence",
    "model_version",
    "model_digest",
    "score_error",
)


class ScoreColumns:
    """The names, each with the prefix that was asked for, and the cells of a row under them."""

    def __init__(self, prefix: str, existing: Sequence[str], version: str, digest: str) -> None:
        """Raises `UsageError` where a file has a column of such a name already."""
        self.names = [prefix + name for name in NAMES]
        self._version, self._digest = version, digest
        repeated = [name for name in self.names if name in existing]
        if repeated:
            raise UsageError(
                f"The input already has a column '{repeated[0]}', which would be lost. Give --prefix, for example "
                "--prefix newsdesk_, which the names of all new columns then begin with."
            )

    def cells(self, answer: Answer) -> dict[str, Any]:
        """Cells by name. A row that could not be scored has its reason, and nothing else."""
        if isinstance(answer, Unscored):
            values: tuple[Any, ...] = (None,) * (len(NAMES) - 1) + (answer.reason,)
        else:
            values = (*answer, self._version, self._digest, None)
        return dict(zip(self.names, values, strict=True))
