"""Who is in charge: promotion through the gate or by hand, and the way back.

Order of every change: first the ledger says what was decided and why; then the aliases move; last the pointer, which is
what servers follow. Killed in between, the next command finds the alias and the pointer at odds and mends the pointer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from newsdesk.articles.dataset import Dataset, read_examples
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.train import Trained
from newsdesk.registry.pointer import Champion, read_champion, write_champion
from newsdesk.registry.versions import Registry, Version
from newsdesk.store.ledger import Action, Entry, append, entries, predecessor
from newsdesk.training.comparison import most_probable
from newsdesk.training.evaluation import evaluate
from newsdesk.training.gate import Verdict, decide


@dataclass(frozen=True)
class Judged:
    """The gate's verdict, the version that the winner was registered as, and the champion now in charge."""

    verdict: Verdict
    version: str | None
    champion: Version | None


class Promotions:
    """Moves the champion of one registry, with one ledger. Each move is one person's or one program's: the `actor`."""

    def __init__(self, settings: Settings, registry: Registry, store: Engine, actor: str) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._actor = actor

    def judge(self, trained: Trained, dataset: Dataset, thresholds: TrainingPipeline) -> Judged:
        """Let the gate decide about a newly trained model, and do what it decided."""
        champion = self._registry.holder("champion")
        rival = None if champion is None else self._accuracy_of(champion, dataset)
        digest = trained.bundle.digest
        verdict = decide(
            accuracy=trained.test.accuracy,
            champion_accuracy=rival,
            same_as_champion=champion is not None and champion.digest == digest,
            thresholds=thresholds,
        )
        evidence = {
            "dataset_version": dataset.version,
            "test_articles": dataset.manifest.counts["test"],
            "accuracy": trained.test.accuracy,
            "champion_accuracy": rival,
            "auto_deploy_threshold": thresholds.auto_deploy_threshold,
            "model_comparison_threshold": thresholds.model_comparison_threshold,
            "run_id": trained.run_id,
        }
        if verdict.decision in ("refused", "unchanged"):
            self._write_down("promote", verdict.decision, champion, None, digest, verdict.reason, evidence)
            self.mend_pointer()
            return Judged(verdict, None, champion)
        version = self._registered(trained)
        if verdict.decision == "kept":
            self._write_down("promote", "kept", champion, version, digest, verdict.reason, evidence)
            self._registry.set_alias("challenger", version.version)
            self.mend_pointer()
            return Judged(verdict, version.version, champion)
        self._take_over("promote", champion, version, verdict.reason, evidence)
        return Judged(verdict, version.version, version)

    def promote(self, number: str, reason: str) -> Version:
        """Put a registered version in charge by hand. Raises `RegistryError` where there is none of that number."""
        version = self._registry.version(number)
        champion = self._registry.holder("champion")
        if champion is not None and champion.version == number:
            self.mend_pointer()
            return champion
        self._take_over("promote", champion, version, reason, {})
        return version

    def rollback(self, reason: str) -> tuple[Version, Version]:
        """Put the version that was in charge before back in charge; returns (from, to). Raises `RegistryError`."""
        champion, previous = self._registry.holder("champion"), self._registry.holder("previous")
        if champion is None or previous is None:
            raise RegistryError(
                "There is no earlier champion to roll back to. `newsdesk models list` shows every version."
            )
        self._take_over("rollback", champion, previous, reason, {})
        return champion, previous

    def mend_pointer(self) -> None:
        """Make the pointer say what the alias says, where a killed command or other hands left them at odds."""
        champion = self._registry.holder("champion")
        try:
            pointer = read_champion(self._settings.bundles)
        except RegistryError:
            pointer = None
        if champion is not None and (pointer is None or pointer.version != champion.version):
            self._point_at(champion)

    def _registered(self, trained: Trained) -> Version:
        """The version of the winner's bundle: an earlier one with the same digest, or a new one."""
        for version in self._registry.versions():
            if version.digest == trained.bundle.digest:
                return version
        return self._registry.register(trained.bundle, trained.winner.pipeline, trained.run_id)

    def _take_over(
        self, action: Action, champion: Version | None, version: Version, reason: str, evidence: dict[str, Any]
    ) -> None:
        self._registry.fetch(version)  # a version whose bundle is damaged never gets as far as the ledger
        is_rollback = action == "rollback"
        replaced = champion.version if champion else None
        before = predecessor(entries(self._store), version.version) if is_rollback else replaced
        decision = "rolled back" if is_rollback else "promoted"
        self._write_down(action, decision, champion, version, version.digest, reason, evidence)
        self._registry.set_alias("previous", before)
        self._registry.set_alias("champion", version.version)
        if "challenger" in version.aliases:
            self._registry.set_alias("challenger", None)
        self._point_at(version)

    def _point_at(self, version: Version) -> None:
        _, folder = self._registry.fetch(version)
        write_champion(
            self._settings.bundles, Champion(version=version.version, digest=version.digest, bundle=folder.name)
        )

    def _accuracy_of(self, champion: Version, dataset: Dataset) -> float:
        bundle, _ = self._registry.fetch(champion)
        testing = read_examples(dataset, "test")
        return evaluate(testing.categories, most_probable(Predictor(bundle), testing.texts)).accuracy

    def _write_down(
        self,
        action: Action,
        decision: str,
        champion: Version | None,
        version: Version | None,
        digest: str,
        reason: str,
        evidence: dict[str, Any],
    ) -> None:
        append(
            self._store,
            Entry(
                at=datetime.now(UTC),
                actor=self._actor,
                action=action,
                decision=decision,
                from_version=champion.version if champion else None,
                to_version=version.version if version else None,
                digest=digest,
                reason=reason,
                evidence=evidence,
            ),
        )
