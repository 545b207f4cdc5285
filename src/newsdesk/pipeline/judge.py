"""The gate at work: what becomes of a newly trained model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsdesk.articles.dataset import GUARD, Dataset, read_examples
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.promote import Promotions
from newsdesk.pipeline.train import Trained
from newsdesk.registry.reader import fetch_bundle
from newsdesk.registry.version import Version
from newsdesk.training.comparison import most_probable
from newsdesk.training.gate import Verdict, decide
from newsdesk.training.paired_comparison import PairedComparison, compare_paired

if TYPE_CHECKING:
    from newsdesk.registry.versions import Registry


@dataclass(frozen=True)
class Judged:
    """The gate's verdict, the version that the winner was registered as, and the champion now in charge."""

    verdict: Verdict
    version: str | None
    champion: Version | None


class Gate:
    """Judges newly trained models, registers those worth keeping, and promotes the better ones."""

    def __init__(self, settings: Settings, registry: "Registry", promotions: Promotions) -> None:
        self._settings = settings
        self._registry = registry
        self._promotions = promotions

    def judge(
        self, trained: Trained, dataset: Dataset, thresholds: TrainingPipeline, occasion: Mapping[str, Any]
    ) -> Judged:
        """Let the gate decide about a newly trained model, and do what it decided. Raises `RegistryError`.

        `occasion`: what the ledger is to tell of why the model was trained.
        """
        self._promotions.settle()
        champion = self._registry.holder("champion")
        rival, verdict = self.look(trained, dataset, thresholds, champion)
        digest = trained.bundle.digest
        evidence = {
            "dataset_version": dataset.version,
            "source": dataset.manifest.source,
            "test_articles": dataset.manifest.counts["test"],
            "accuracy": trained.test.accuracy,
            "champion_accuracy": rival,
            "auto_deploy_threshold": thresholds.auto_deploy_threshold,
            "model_comparison_threshold": thresholds.model_comparison_threshold,
            "guard": verdict.evidence["guard"],
            "gate": verdict.evidence,
            "run_id": trained.run_id,
            **occasion,
        }
        if verdict.decision in ("refused", "unchanged"):
            self._promotions.write_down("promote", verdict.decision, champion, None, digest, verdict.reason, evidence)
            self._promotions.mend_pointer()
            return Judged(verdict, None, champion)
        version = self._registered(trained)
        if verdict.decision == "kept":
            self._promotions.write_down("promote", "kept", champion, version, digest, verdict.reason, evidence)
            self._registry.set_alias("challenger", version.version)
            self._promotions.mend_pointer()
            return Judged(verdict, version.version, champion)
        self._promotions.take_over("promote", champion, version, verdict.reason, evidence)
        return Judged(verdict, version.version, version)

    def look(
        self, trained: Trained, dataset: Dataset, thresholds: TrainingPipeline, champion: Version | None
    ) -> tuple[float | None, Verdict]:
        """The champion's accuracy on the dataset's test set, and what the gate says; nothing is done."""
        rival = comparison = guard = None
        if champion is not None:
            bundle, _ = fetch_bundle(self._registry, champion, self._settings.bundles)
            challenger, incumbent = Predictor(trained.bundle), Predictor(bundle)
            testing, metric = read_examples(dataset, "test"), thresholds.gate.metric
            said, champion_said = (most_probable(model, testing.texts) for model in (challenger, incumbent))
            comparison = compare_paired(testing.categories, said, champion_said, metric)
            rival = compare_paired(testing.categories, said, champion_said).champion
            guard = _on_guard(challenger, incumbent, dataset)
        verdict = decide(
            test=trained.test,
            comparison=comparison,
            same_as_champion=champion is not None and champion.digest == trained.bundle.digest,
            thresholds=thresholds,
            guard=guard,
        )
        return rival, verdict

    def _registered(self, trained: Trained) -> Version:
        """The version of the winner's bundle: an earlier one with the same digest, or a new one."""
        for version in self._registry.versions():
            if version.digest == trained.bundle.digest:
                return version
        return self._registry.register(trained.bundle, trained.winner.pipeline, trained.run_id)


def _on_guard(challenger: Predictor, champion: Predictor, dataset: Dataset) -> PairedComparison | None:
    """Compare on articles of the champion's own test set, as they were labelled before anybody's feedback.

    What has only feedback to thank for its accuracy shows there.
    """
    if GUARD not in dataset.manifest.files:
        return None
    guard = read_examples(dataset, "guard")
    said = most_probable(challenger, guard.texts), most_probable(champion, guard.texts)
    return compare_paired(guard.categories, *said)
