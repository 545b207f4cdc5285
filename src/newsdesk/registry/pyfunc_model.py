"""The registered model as MLflow loads it, `mlflow.pyfunc`: raw texts in, the bundle's answers out.

What this module imports travels in the artifact (`pyfunc_code.py`): it runs where Newsdesk is not installed.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
from mlflow.exceptions import MlflowException

from newsdesk.articles.column_mapping import KNOWN_NAMES
from newsdesk.articles.text_fault import find_text_fault
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import join_title_and_text

Output = Literal["prediction", "category"]
OUTPUT = "output"  # the parameter that chooses
UNNAMED = 0  # how pandas, and so MLflow, calls the column of a plain list of texts


class NewsClassifier:
    """Answers from a bundle, as `POST /predict` does. Holds no state that a prediction changes."""

    def __init__(self, predictor: Predictor, output: str) -> None:
        self._predictor = predictor
        self._output = _check_output(output)

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame | pd.Series:
        """One row per text: `category`, `confidence`, and `probabilities` by category, highest first.

        With the parameter `output` = "category", the categories alone. A text that `/predict` refuses, as one that is
        missing or too short, has no answer: None. Raises `MlflowException` where no column holds texts.
        """
        texts = texts_of(model_input)
        output = _check_output((params or {}).get(OUTPUT) or self._output)
        shortest = self._predictor.bundle.manifest.text_cleaning.min_text_length
        valid = [row for row, text in enumerate(texts) if find_text_fault(text, shortest) is None]
        answers: list[Any] = [None] * len(texts)
        for row, answer in zip(valid, self._predictor.predict_many([texts[i] for i in valid]), strict=True):
            answers[row] = answer
        index = model_input.index if len(model_input) == len(texts) else None
        categories = pd.Series([answer and answer.category for answer in answers], index, object, "category")
        if output == "category":
            return categories
        is_complete = len(valid) == len(texts)
        return pd.DataFrame(
            {
                "category": categories,
                # JSON knows no NaN: where an answer is missing, None stands among the numbers
                "confidence": pd.Series(
                    [answer and answer.confidence for answer in answers], index, float if is_complete else object
                ),
                "probabilities": pd.Series([answer and answer.probabilities for answer in answers], index, object),
            }
        )


def texts_of(table: pd.DataFrame) -> list[str]:
    """The texts of a table, title and text joined as in training; empty where a row has none.

    Columns are known by the names that tables for training may have. Raises `MlflowException`.
    """
    unnamed, text, title = (_column(table, names) for names in ((UNNAMED,), KNOWN_NAMES["text"], KNOWN_NAMES["title"]))
    if unnamed is not None and (text is not None or title is not None):
        raise _invalid_input("Some texts have a column's name and some have none. Name the columns 'text' and 'title'.")
    if unnamed is None and text is None and title is None:
        raise _invalid_input(
            "No column holds texts. Give a list of texts, or a column 'text', with 'title' beside it where there are "
            f"titles; also known: {', '.join(chain(KNOWN_NAMES['text'][1:], KNOWN_NAMES['title'][1:]))}."
        )
    texts = next(column for column in (unnamed, text, title) if column is not None)
    if text is None or title is None:
        return texts
    return [join_title_and_text(heading, body) if heading else body for heading, body in zip(title, texts, strict=True)]


def _column(table: pd.DataFrame, names: Sequence[Any]) -> list[str] | None:
    """The first of these columns that is there and not all missing; else the first that is there."""
    present = [name for name in names if name in table.columns]
    name = next((name for name in present if table[name].notna().any()), None)
    if name is None:
        return [""] * len(table) if present and len(present) == len(table.columns) else None
    cells = table[name].tolist()
    if len(cells) == 1 and isinstance(cells[0], list):
        cells = cells[0]  # MLflow makes one row of {"text": [...]}
    return [_text(cell, name) for cell in cells]


def _text(cell: Any, column: Any) -> str:
    if isinstance(cell, str):
        return cell
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return ""
    raise _invalid_input(f"Column '{column}' holds a {type(cell).__name__} where text belongs.")


def _check_output(output: str) -> str:
    if output not in get_args(Output):
        raise _invalid_input(f"The parameter {OUTPUT} is one of {', '.join(get_args(Output))}, not '{output}'.")
    return output


def _invalid_input(sentence: str) -> MlflowException:
    refusal: MlflowException = MlflowException.invalid_parameter_value(sentence)
    return refusal


def _load_pyfunc(data_path: str, model_config: Mapping[str, Any] | None = None) -> NewsClassifier:
    """What MLflow calls, with the folder of the bundle. Raises `BundleError`."""
    return NewsClassifier(Predictor(load_bundle(Path(data_path))), (model_config or {}).get(OUTPUT) or "prediction")
