"""Apply the gate to a newly trained model: register it, promote it, or neither."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from newsdesk.articles.dataset import GUARD, Dataset, read_examples
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.gate_options import NOTHING_SAID, GateOptions
from newsdesk.pipeline.lock import only_promoter
from newsdesk.pipeline.promoter import Promoter
from newsdesk.pipeline.sample_rule import replaces_sample
from newsdesk.pipeline.train import TrainingResult
from newsdesk.registry.champion import Champion
from newsdesk.registry.reader import fetch_bundle
from newsdesk.registry.version import Version
from newsdesk.stopping import finish_without_stopping
from newsdesk.store.ledger import REGISTERED
from newsdesk.training.category_change import CategoryChange, compare_categories
from newsdesk.training.category_gate import decide_across_categories, judge_beside_sample, judge_change
from newsdesk.training.gate import Verdict, decide
from newsdesk.training.paired_comparison import PairedComparison
from newsdesk.training.paired_predictions import predict_both

if TYPE_CHECKING:
    from newsdesk.registry.mlflow_registry import MlflowRegistry


@dataclass(frozen=True)
class GateResult:
    """The gate's verdict, the version that the winner was registered as, and the champion now in charge. `is_done`: the
    verdict was acted upon."""

    verdict: Verdict
    version: str | None
    champion: Version | None
    is_done: bool = True


class GateAssessment(NamedTuple):
    """What the gate says of a model by its figures, its `verdict` once the categories are looked at, too, and the
    champion's accuracy on the same test set."""

    by_figures: Verdict
    verdict: Verdict
    champion_accuracy: float | None

    @property
    def may_serve(self) -> bool:
        """Whether it is worth registering, for somebody may want it in charge."""
        return self.by_figures.decision not in ("refused", "unchanged")


class PromotionGate:
    """Judges newly trained models, registers those worth keeping, and promotes the better ones."""

    def __init__(
        self, settings: Settings, registry: "MlflowRegistry", promotions: Promoter, options: GateOptions = NOTHING_SAID
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._promotions = promotions
        self._options = options

    def judge(
        self, trained: TrainingResult, dataset: Dataset, thresholds: TrainingPipeline, context: Mapping[str, Any]
    ) -> GateResult:
        """Let the gate decide about a newly trained model, and carry out its decision as far as the options allow.
        Raises `RegistryError`, `BusyError`.

        `context`: why the model was trained, for the ledger.
        """
        with only_promoter(self._settings.home):  # the champion may be another than when the training began
            return self._judge(trained, dataset, thresholds, context)

    def _judge(
        self, trained: TrainingResult, dataset: Dataset, thresholds: TrainingPipeline, context: Mapping[str, Any]
    ) -> GateResult:
        if self._options.effect == "promote":
            self._promotions.finish_interrupted()
        champion = self._registry.holder("champion")
        assessment = self.look(trained, dataset, thresholds, champion)
        if self._options.effect == "nothing":
            return GateResult(assessment.verdict, None, champion, is_done=False)
        finish_without_stopping()
        version = self._register(trained) if assessment.may_serve else None
        verdict = replace(
            assessment.verdict, reason=assessment.verdict.reason + _next_command(assessment, version, context)
        )
        evidence = {
            "dataset_version": dataset.version,
            "source": dataset.manifest.source,
            "test_articles": dataset.manifest.counts["test"],
            "accuracy": trained.test.accuracy,
            "champion_accuracy": assessment.champion_accuracy,
            "auto_deploy_threshold": thresholds.auto_deploy_threshold,
            "model_comparison_threshold": thresholds.model_comparison_threshold,
            "guard": verdict.evidence["guard"],
            "gate": verdict.evidence,
            "run_id": trained.run_id,
            **context,
        }
        if self._options.effect == "register":
            return self._register_only(verdict, version, champion, trained.bundle.digest, evidence)
        if verdict.decision == "promoted" and version:
            self._promotions.move_champion("promote", champion, version, verdict.reason, evidence)
            return GateResult(verdict, version.version, version)
        self._promotions.record(
            "promote", verdict.decision, champion, version, trained.bundle.digest, verdict.reason, evidence
        )
        if verdict.decision == "kept" and version:
            self._registry.set_alias("challenger", version.version)
        self._promotions.repair_pointer()
        return GateResult(verdict, _version_number(version), champion)

    def _register_only(
        self, verdict: Verdict, version: Version | None, champion: Version | None, digest: str, evidence: dict[str, Any]
    ) -> GateResult:
        """Tell the ledger; no alias is moved, for the challenger is asked by servers, too."""
        reason = f"nobody is put in charge, as asked; the gate says {verdict.decision}: {verdict.reason}"
        decision = REGISTERED if version else verdict.decision
        self._promotions.record("promote", decision, champion, version, digest, reason, evidence)
        return GateResult(verdict, _version_number(version), champion, is_done=False)

    def look(
        self, trained: TrainingResult, dataset: Dataset, thresholds: TrainingPipeline, champion: Version | None
    ) -> GateAssessment:
        """The gate's verdict and its evidence; nothing is changed."""

        def decide_with(comparison: PairedComparison | None, guard: PairedComparison | None = None) -> Verdict:
            is_same = champion is not None and champion.digest == trained.bundle.digest
            return decide(
                test=trained.test,
                comparison=comparison,
                same_as_champion=is_same,
                thresholds=thresholds,
                guard=guard,
                unvouched=dataset.manifest.unvouched or 0,
            )

        if champion is None:
            first = decide_with(None)
            return GateAssessment(first, first, None)
        bundle, _ = fetch_bundle(self._registry, champion, self._settings.bundles)
        models = Predictor(trained.bundle), Predictor(bundle)
        change = compare_categories(models[1].classes, models[0].classes)
        predictions = predict_both(*models, read_examples(dataset, "test"))
        guard = _compare_on_guard(*models, change, dataset)
        decide_guarded = partial(decide_with, guard=guard)
        if change and replaces_sample(dataset.manifest.source, Champion(champion.version, bundle), self._settings):
            by_figures = decide_guarded(predictions.compare(thresholds.gate.metric))
            verdict = judge_beside_sample(by_figures, change)
        else:
            by_figures = decide_across_categories(predictions, change, thresholds.gate, decide_guarded)
            verdict = judge_change(by_figures, change, self._options.applied(thresholds).on_category_change)
        return GateAssessment(by_figures, verdict, predictions.compare().champion)

    def _register(self, trained: TrainingResult) -> Version:
        """The version of the winner's bundle: an earlier one with the same digest, or a new one."""
        for version in self._registry.versions():
            if version.digest == trained.bundle.digest:
                return version
        return self._registry.register(trained.bundle, trained.winner.pipeline, trained.run_id)


def _version_number(version: Version | None) -> str | None:
    return version.version if version else None


def _compare_on_guard(
    challenger: Predictor, champion: Predictor, change: CategoryChange, dataset: Dataset
) -> PairedComparison | None:
    """Compare on articles of the champion's own test set, as they were labelled before anybody's feedback.

    What has only feedback to thank for its accuracy shows there.
    """
    if GUARD not in dataset.manifest.files:
        return None
    predictions = predict_both(challenger, champion, read_examples(dataset, "guard"))
    return (predictions.about(frozenset(change.shared)) if change.shared else predictions).compare()


def _next_command(assessment: GateAssessment, version: Version | None, context: Mapping[str, Any]) -> str:
    """The command that promotes a model which its categories hold back."""
    if version is None or assessment.verdict.decision not in ("waiting", "refused"):
        return ""
    if assessment.verdict.decision == "refused":
        return f", or put it in charge all the same: newsdesk models promote {version.version}"
    yes = f"promote --yes {context['plan']}" if "plan" in context else f"models promote {version.version}"
    return f". To say yes: newsdesk {yes}"
