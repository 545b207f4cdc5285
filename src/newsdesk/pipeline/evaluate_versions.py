"""Measure registered versions on one test set, the champion's or a table, with the metrics of `run`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, NamedTuple

from newsdesk.articles.category import Spellings
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.dataset import Examples, read_examples, read_stories
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.table_report import TableReport
from newsdesk.config.config_files import load_model_config, load_pipeline_config
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.significance import Proportion, proportion
from newsdesk.pipeline.learnt_stories import count_learnt_stories
from newsdesk.pipeline.progress import Progress
from newsdesk.pipeline.storage import find_dataset_if_reachable
from newsdesk.pipeline.table_check import ArticleSource, check_table
from newsdesk.registry.champion import Champion, find_champion, find_version
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.training.candidate import predict_categories
from newsdesk.training.evaluation import Evaluation, evaluate
from newsdesk.training.paired_comparison import PairedComparison, compare_paired


class EvaluationSet(NamedTuple):
    """Articles to measure on, each story once; `stories` are their keys. `set_aside` rows of the table are unusable."""

    name: str
    examples: Examples
    stories: frozenset[str]
    set_aside: int = 0
    table_report: TableReport | None = None


@dataclass(frozen=True)
class EvaluatedVersion:
    """How well a version does. `learnt` of the test articles were among those it was trained from, which flatters it;
    None where its dataset is gone. `unknown` are categories of the test set that it cannot answer."""

    version: str
    digest: str
    evaluation: Evaluation
    learnt: int | None
    unknown: tuple[str, ...]
    predictions: Sequence[str]

    @property
    def accuracy(self) -> Proportion:
        """The accuracy with its 95 % interval."""
        share = proportion(int(self.evaluation.confusion.trace()), self.evaluation.articles)
        assert share is not None  # no test set is empty
        return share

    def as_dict(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        test = self.evaluation
        return {
            "version": self.version,
            "digest": self.digest,
            "articles": test.articles,
            "accuracy": asdict(self.accuracy),
            "baseline": test.baseline._asdict(),
            "metrics": test.metrics(),
            "per_category": {name: asdict(scores) for name, scores in test.per_class.items()},
            "dead_categories": test.dead_categories,
            "unknown_categories": list(self.unknown),
            "learnt": self.learnt,
        }


@dataclass(frozen=True)
class ComparedVersions:
    """Versions on one test set. `pairs`: of each two the difference, of the second (`challenger`) to the first."""

    test_set: EvaluationSet
    versions: tuple[EvaluatedVersion, ...]

    @property
    def pairs(self) -> list[tuple[EvaluatedVersion, EvaluatedVersion, PairedComparison]]:
        truth = self.test_set.examples.categories
        return [(a, b, compare_paired(truth, b.predictions, a.predictions)) for a, b in combinations(self.versions, 2)]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        pairs = [
            {"first": a.version, "second": b.version, "conclusion": conclusion(a, b, comparison)}
            | {
                "gain": comparison.gain,
                "low": comparison.low,
                "high": comparison.high,
                "discordant": comparison.discordant,
            }
            for a, b, comparison in self.pairs
        ]
        test_set, table_report = self.test_set, self.test_set.table_report
        return {
            "test_set": {"name": test_set.name, "articles": len(test_set.examples), "set_aside": test_set.set_aside},
            "reading": table_report.model_dump(mode="json") if table_report else None,
            "versions": [version.as_dict() for version in self.versions],
            "pairs": pairs,
        }


def conclusion(first: EvaluatedVersion, second: EvaluatedVersion, comparison: PairedComparison) -> str:
    """The conclusion about two versions, in one sentence."""
    figures = f"difference {comparison.gain:+.3f}, 95 % interval {comparison.low:+.3f} to {comparison.high:+.3f}"
    if comparison.surely_better:
        return f"Version {second.version} is better than version {first.version} ({figures})."
    if comparison.surely_worse:
        return f"Version {first.version} is better than version {second.version} ({figures})."
    articles = f"{comparison.articles:,} articles cannot tell it from chance"
    return f"No difference shown between versions {first.version} and {second.version}: {articles} ({figures})."


def evaluate_versions(
    numbers: Sequence[str], source: ArticleSource, settings: Settings, progress: Progress
) -> ComparedVersions:
    """Measure registered versions (none named: the champion), all on `source`, or where that names no table on the test
    set of the champion's dataset. Raises `NewsdeskError`."""
    models = [_load_version(settings, number) for number in numbers] or [find_champion(settings)]
    test_set = _load_test_set(source, settings, progress)
    # What differs from a category of the models by case and blanks alone is that category, as in feedback.
    known = Spellings(name for _, bundle in models for name in bundle.manifest.classes)
    truth = [known.of(category) for category in test_set.examples.categories]
    test_set = test_set._replace(examples=Examples(test_set.examples.texts, truth))
    evaluated = []
    for version, bundle in models:
        progress.step(f"Asking version {version}")
        predictions = predict_categories(Predictor(bundle), test_set.examples.texts)
        learnt = count_learnt_stories(settings, bundle.manifest.dataset_version, test_set.stories)
        unknown = tuple(sorted({*truth} - {*bundle.manifest.classes}))
        evaluated.append(
            EvaluatedVersion(version, bundle.digest, evaluate(truth, predictions), learnt, unknown, predictions)
        )
    return ComparedVersions(test_set, tuple(evaluated))


def _load_version(settings: Settings, number: str) -> Champion:
    version, bundle = find_version(settings, number)
    return Champion(version.version, bundle)


def _load_test_set(source: ArticleSource, settings: Settings, progress: Progress) -> EvaluationSet:
    if source.data is None:
        champion = find_champion(settings)
        dataset = find_dataset_if_reachable(settings, champion.bundle.manifest.dataset_version)
        if dataset is None:
            raise DataError(
                f"The dataset of champion version {champion.version} is gone from {settings.datasets}. "
                "Give the articles to measure on: --data FILE."
            )
        name = f"the test set of the champion's dataset {dataset.version}"
        return EvaluationSet(name, read_examples(dataset, "test"), frozenset(read_stories(dataset, "test")))
    pipeline, models = load_pipeline_config(settings.config_dir), load_model_config(settings.config_dir)
    source = replace(source, date_order=source.date_order or pipeline.data_pipeline.date_order)
    rules = CategoryRules(pipeline.data_pipeline.categories)
    checked = check_table(source, models.preprocessing.text_cleaning, progress, rules)
    stories, repeats = separate_duplicates(checked.accepted)
    if not stories:
        raise DataError(f"{source} has no article with a text and a category to measure on. Look at its columns.")
    articles = [item.article for item in stories.values()]
    examples = Examples(
        [join_title_and_text(article.title, article.text) for article in articles],
        [article.category for article in articles],
    )
    return EvaluationSet(
        checked.source, examples, frozenset(stories), len(checked.quarantined) + len(repeats), checked.table_report
    )
