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
from newsdesk.training.evaluation import evaluate
from newsdesk.training.gate import Verdict, decide
from newsdesk.training.guard import GuardResult, compare_on_guard

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
        rival, guard, verdict = self.look(trained, dataset, thresholds, champion)
        digest = trained.bundle.digest
        evidence = {
            "dataset_version": dataset.version,
            "source": dataset.manifest.source,
            "test_articles": dataset.manifest.counts["test"],
            "accuracy": trained.test.accuracy,
            "champion_accuracy": rival,
            "auto_deploy_threshold": thresholds.auto_deploy_threshold,
            "model_comparison_threshold": thresholds.model_comparison_threshold,
            "guard": guard and guard.as_dict() | {"max_loss": thresholds.max_loss},
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
    ) -> tuple[float | None, GuardResult | None, Verdict]:
        """The champion's accuracy on the dataset's test set, what the guard shows, and what the gate says; nothing is
        done."""
        rival = guard = None
        if champion is not None:
            bundle, _ = fetch_bundle(self._registry, champion, self._settings.bundles)
            incumbent, testing = Predictor(bundle), read_examples(dataset, "test")
            rival = evaluate(testing.categories, most_probable(incumbent, testing.texts)).accuracy
            guard = _on_guard(Predictor(trained.bundle), incumbent, dataset)
        verdict = decide(
            accuracy=trained.test.accuracy,
            champion_accuracy=rival,
            same_as_champion=champion is not None and champion.digest == trained.bundle.digest,
            thresholds=thresholds,
            guard=guard,
        )
        return rival, guard, verdict

    def _registered(self, trained: Trained) -> Version:
        """The version of the winner's bundle: an earlier one with the same digest, or a new one."""
        for version in self._registry.versions():
            if version.digest == trained.bundle.digest:
                return version
        return self._registry.register(trained.bundle, trained.winner.pipeline, trained.run_id)


def _on_guard(challenger: Predictor, champion: Predictor, dataset: Dataset) -> GuardResult | None:
    if GUARD not in dataset.manifest.files:
        return None
    guard = read_examples(dataset, "guard")
    said = most_probable(challenger, guard.texts), most_probable(champion, guard.texts)
    return compare_on_guard(guard.categories, *said)
