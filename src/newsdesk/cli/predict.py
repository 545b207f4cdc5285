"""`newsdesk predict`: the category of a text or a few."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsdesk.cli.score import VersionOption

if TYPE_CHECKING:
    from newsdesk.bulk.text_scorer import Scorer, Unscored
    from newsdesk.model.predictor import Prediction

_SHOWN = 50  # characters of a text


def predict(
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT... | -", help="Texts, or - to read one a line from standard input.")
    ],
    version: VersionOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each answer as JSON, one a line.")] = False,
) -> None:
    """Tell the category of texts, as /predict would. Nothing is remembered of it."""
    from newsdesk.bulk.text_scorer import Unscored, open_scorer
    from newsdesk.config.settings import load_settings

    scorer = open_scorer(load_settings(), version)
    answers = ((text, scorer.prediction(text)) for text in (_lines() if texts == ["-"] else texts))
    failed = False
    if as_json:
        for index, (_, answer) in enumerate(answers):
            print(json.dumps(_as_dict(index, answer, scorer), ensure_ascii=False), flush=True)
            failed |= isinstance(answer, Unscored)
    else:
        failed = _print(list(answers))
    if failed:
        raise typer.Exit(1)


def _lines() -> Iterator[str]:
    """Of standard input, without blank ones. Raises `DataError`."""
    import sys

    from newsdesk.errors import DataError

    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(f"Line {number} of standard input is not UTF-8. Write it as UTF-8.") from error
        if text.strip():
            yield text


def _as_dict(index: int, answer: "Prediction | Unscored", scorer: "Scorer") -> dict[str, Any]:
    from newsdesk.bulk.text_scorer import Unscored, best_two

    if isinstance(answer, Unscored):
        return {"index": index, "error": answer.reason}
    best = best_two(answer)
    return {
        "index": index,
        "prediction": best.category,
        "confidence": best.confidence,
        "runner_up": best.runner_up,
        "runner_up_confidence": best.runner_up_confidence,
        "probabilities": answer.probabilities,
        "model_version": scorer.version,
        "digest": scorer.digest,
    }


def _print(answers: list[tuple[str, "Prediction | Unscored"]]) -> bool:
    """A row a text; whether one of them could not be answered."""
    from newsdesk.bulk.text_scorer import Unscored, best_two
    from newsdesk.cli.tables import table_of, wide_console

    table = table_of("text", "category")
    table.add_column("confidence", justify="right")
    table.add_column("runner-up")
    table.add_column("", justify="right")
    for text, answer in answers:
        shown = " ".join(text[: 4 * _SHOWN].split())
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        if isinstance(answer, Unscored):
            table.add_row(shown, f"none: {answer.reason}", "", "", "")
            continue
        best = best_two(answer)
        second = "" if best.runner_up_confidence is None else f"{best.runner_up_confidence:.3f}"
        table.add_row(shown, best.category, f"{best.confidence:.3f}", best.runner_up or "", second)
    wide_console().print(table)
    return any(isinstance(answer, Unscored) for _, answer in answers)
