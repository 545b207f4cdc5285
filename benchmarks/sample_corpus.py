"""What the sample corpus is worth: the default model, trained on it alone, on BBC news that it never saw."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.main_job import run_main_job
from benchmarks.tables import markdown
from newsdesk.config.settings import Settings
from newsdesk.serving.model_loader import ModelLoader
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.training.candidate import predict_categories
from newsdesk.training.evaluation import evaluate

OUR_NAME = {"sport": "sports", "tech": "technology"}


def report(data: Path) -> str:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = [OUR_NAME.get(row["category"], row["category"]) for row in rows]
    with TemporaryDirectory() as home:
        outcome, _, _ = run_main_job(Path(home))
        predictor = ModelLoader(Settings.model_validate({"NEWSDESK_HOME": home})).load_at_start().predictor
        predicted = predict_categories(predictor, [join_title_and_text(row["title"], row["text"]) for row in rows])
    evaluation = evaluate(truth, predicted)
    confusion = [
        (name, *counts) for name, counts in zip(evaluation.classes, evaluation.confusion.tolist(), strict=True)
    ]
    return (
        "## The sample corpus against real news (`python -m benchmarks sample_corpus`)\n\n"
        f"The default model ({outcome['winner']['name']}), trained by `newsdesk run` on the sample corpus alone "
        f"(test accuracy inside it {outcome['winner']['test']['accuracy']:.4f}), sorts the {len(rows):,} BBC articles "
        f"with an accuracy of **{evaluation.accuracy:.4f}**. Rows are the true categories:\n\n"
        + markdown(("", *evaluation.classes), confusion)
    )
