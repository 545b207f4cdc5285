"""The predictions of two models for the same articles."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from newsdesk.articles.dataset import Examples
from newsdesk.config.gate_config import GateMetric
from newsdesk.model.predictor import Predictor
from newsdesk.training.candidate import predict_categories
from newsdesk.training.paired_comparison import PairedComparison, compare_paired


@dataclass(frozen=True)
class PairedPredictions:
    """`truth[i]` is the category of an article, `challenger[i]` and `champion[i]` what the two say of it."""

    truth: Sequence[str]
    challenger: Sequence[str]
    champion: Sequence[str]

    def about(self, categories: Container[str]) -> "PairedPredictions":
        """The predictions for articles of these categories."""
        rows = [row for row in zip(self.truth, self.challenger, self.champion, strict=True) if row[0] in categories]
        truth, challenger, champion = zip(*rows, strict=True) if rows else ((), (), ())
        return PairedPredictions(truth, challenger, champion)

    def compare(self, metric: GateMetric = "accuracy") -> PairedComparison:
        """Compare the two by a metric, with a confidence interval."""
        return compare_paired(self.truth, self.challenger, self.champion, metric)


def predict_both(challenger: Predictor, champion: Predictor, articles: Examples) -> PairedPredictions:
    """The predictions of both for these articles."""
    texts = articles.texts
    return PairedPredictions(
        articles.categories, predict_categories(challenger, texts), predict_categories(champion, texts)
    )
