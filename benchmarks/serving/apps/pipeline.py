"""The model as every peer of newsdesk serves it: cleaned as in training, then through scikit-learn."""

import os
import pickle
from pathlib import Path
from typing import Any

from newsdesk.config.model_config import TextCleaning
from newsdesk.text.cleaning import Cleaner


class CleanedPipeline:
    """A pickled scikit-learn pipeline behind the cleaner it was fitted with."""

    def __init__(self, file: str | None = None) -> None:
        self._pipeline: Any = pickle.loads(Path(file or os.environ["PIPELINE"]).read_bytes())  # noqa: S301 - written by this run
        self._clean = Cleaner(TextCleaning()).clean

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """For every text `prediction` and `probabilities`, as newsdesk names them."""
        rows = self._pipeline.predict_proba([self._clean(text) for text in texts])
        classes = self._pipeline.classes_.tolist()
        return [
            {"prediction": classes[row.argmax()], "probabilities": dict(zip(classes, row.tolist(), strict=True))}
            for row in rows
        ]
