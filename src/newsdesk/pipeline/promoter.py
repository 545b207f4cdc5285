"""Who is in charge: promotion by hand or after the gate's verdict, and the way back.

Order of every change: first the ledger says what was decided and why; then the alias `champion` moves, then the
pointer, which servers without a registry follow, and `previous` last: where it is right, the change is at its end. Once
the ledger has it, a change is not taken back: whoever was killed, the next command finishes it by what ledger and
aliases say, or strikes it out where its version cannot serve any more. Callers hold `only_promoter`; it binds one
machine only, so that another one may still promote at the same time: a champion that changed since the decision is
left alone.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError, RegistryError
from newsdesk.pipeline.external_promotions import record_external_promotion
from newsdesk.pipeline.unfinished_promotion import before_champion, holder, rollback_target, unfinished_promotion
from newsdesk.registry.champion_pointer import ChampionPointer, read_champion_pointer, write_champion_pointer
from newsdesk.registry.interfaces import RegisteredVersion
from newsdesk.registry.reader import RegistryWriter, fetch_bundle
from newsdesk.registry.version import Version
from newsdesk.stopping import defer_stop, finish_without_stopping
from newsdesk.store.ledger import STRUCK_OUT, Action, LedgerEntry, append, entries, last_change, waiting_version

_NO_PREVIOUS = "There is no earlier champion to roll back to. `newsdesk models list` shows every version."


class _DeletedVersion(NamedTuple):
    """A version that the registry does not have any more, as the ledger knows it."""

    version: str
    digest: str


class Promoter:
    """Moves the champion of one registry, with one ledger. Each move is one person's or one program's: the `actor`."""

    def __init__(self, settings: Settings, registry: RegistryWriter, store: Engine, actor: str) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._actor = actor

    def promote(self, number: str, reason: str) -> Version:
        """Put a registered version in charge by hand. Raises `RegistryError` where there is none of that number.

        Of the champion it says that it is to stay: whoever waits for a yes has a no."""
        version = self._registry.version(number)
        self.finish_interrupted()
        champion = self._registry.holder("champion")
        if champion is not None and champion.version == number:
            if waiting_version(self._store):
                self.record("promote", "kept", champion, None, champion.digest, reason, {})
            self.repair_pointer()
            return champion
        self.move_champion("promote", champion, version, reason, {})
        return version

    def rollback(self, reason: str) -> tuple[RegisteredVersion, Version]:
        """Put the version that was in charge before back in charge; returns (from, to). Raises `RegistryError`.

        Where a rollback was interrupted, it is finished, and this is it: asked again, nobody wants to go back twice.
        """
        finished = self.finish_interrupted()
        versions = self._registry.versions()
        champion = _find_version(holder("champion", versions), versions)
        if finished and finished.action == "rollback" and champion:
            return _find_version(finished.from_version, versions) or champion, champion
        if champion is None:
            return self._rollback_from_deleted(versions, reason)
        previous = _find_version(holder("previous", versions), versions)
        if previous is None or previous.version == champion.version:
            raise RegistryError(_NO_PREVIOUS)
        self.move_champion("rollback", champion, previous, reason, {})
        return champion, previous

    def _rollback_from_deleted(self, versions: list[Version], reason: str) -> tuple[RegisteredVersion, Version]:
        """Go back from a champion that was deleted in the registry, or whose alias was: servers still answer by it."""
        history = entries(self._store)
        change, target = last_change(history), _find_version(rollback_target(history, versions), versions)
        if change is None or change.to_version is None or target is None:
            raise RegistryError(_NO_PREVIOUS)
        self._registry.set_alias("previous", target.version)  # until its end, by this a rollback is known to have none
        self.move_champion("rollback", None, target, reason, {}, replaced=change.to_version)
        return _DeletedVersion(change.to_version, change.digest or ""), target

    def finish_interrupted(self) -> LedgerEntry | None:
        """Finish an interrupted change, record external moves in the ledger, update `previous` and the pointer.

        Returns the change that was finished, if any. Raises `RegistryError`.
        """
        record_external_promotion(self._store, self._registry)
        history, versions = entries(self._store), self._registry.versions()
        change = unfinished_promotion(history, versions)
        if change is not None:
            return self._finish(change, versions)
        last = last_change(history)
        if last is not None and last.to_version == holder("champion", versions):
            before = before_champion(history, versions)
            if before != holder("previous", versions):
                self._registry.set_alias("previous", before)
        with suppress(NewsdeskError):  # a champion whose bundle is lost can be replaced all the same
            if not self._pointer_matches(versions):
                self.repair_pointer()
        return None

    def repair_pointer(self) -> None:
        """Make the pointer follow the alias, where a killed command or an external change left them different."""
        champion = self._registry.holder("champion")
        if champion is None:
            return
        _, folder = fetch_bundle(self._registry, champion, self._settings.bundles)
        expected = ChampionPointer(version=champion.version, digest=champion.digest, bundle=folder.name)
        try:
            pointer = read_champion_pointer(self._settings.bundles)
        except RegistryError:
            pointer = None
        if pointer != expected:
            write_champion_pointer(self._settings.bundles, expected)

    def move_champion(
        self,
        action: Action,
        champion: Version | None,
        version: Version,
        reason: str,
        evidence: dict[str, Any],
        replaced: str | None = None,
    ) -> None:
        """Put `version` in the place of `champion`. Raises `RegistryError` where that is no longer who is in charge.

        Where there is no champion any more, `replaced` is the number of the version that was.
        """
        # A version whose bundle is damaged never gets as far as the ledger.
        fetch_bundle(self._registry, version, self._settings.bundles)
        self._check_still_in_charge(champion)
        decision = "rolled back" if action == "rollback" else "promoted"
        finish_without_stopping()
        with defer_stop():
            self.record(action, decision, champion, version, version.digest, reason, evidence, replaced)
            try:
                self._move_aliases(version)
            except NewsdeskError as error:
                raise RegistryError(
                    f"{error} The ledger has put version {version.version} in charge already: run the same command "
                    "again, and it finishes what was begun."
                ) from error

    def _move_aliases(self, version: Version) -> None:
        """Make aliases and pointer match the ledger. This is idempotent, even if two processes do it at once."""
        self._registry.set_alias("champion", version.version)
        versions = self._registry.versions()
        if holder("challenger", versions) == version.version:
            self._registry.set_alias("challenger", None)
        self.repair_pointer()
        self._registry.set_alias("previous", before_champion(entries(self._store), versions))

    def _finish(self, change: LedgerEntry, versions: list[Version]) -> LedgerEntry | None:
        """Finish an interrupted change; None where it is struck out."""
        champion, version = holder("champion", versions), _find_version(change.to_version, versions)
        try:
            if version is None:
                raise RegistryError(f"Version {change.to_version} is not registered any more.")
            if champion != version.version:
                fetch_bundle(self._registry, version, self._settings.bundles)
        except NewsdeskError as error:
            self._strike_out(change, _find_version(champion, versions), str(error))
            return None
        with defer_stop():
            self._move_aliases(version)
        return change

    def _strike_out(self, change: LedgerEntry, champion: Version | None, cause: str) -> None:
        entry = LedgerEntry(
            at=datetime.now(UTC),
            actor=self._actor,
            action="rollback",
            decision=STRUCK_OUT,
            from_version=change.to_version,
            to_version=champion.version if champion else None,
            digest=champion.digest if champion else None,
            reason=f"the change before was interrupted and cannot be finished: {cause}",
            evidence={},
        )
        append(self._store, entry)

    def _pointer_matches(self, versions: list[Version]) -> bool:
        """Whether the pointer agrees with the alias."""
        champion = _find_version(holder("champion", versions), versions)
        try:
            pointer = read_champion_pointer(self._settings.bundles)
        except RegistryError:
            return False
        return champion is None or (pointer is not None and pointer.digest == champion.digest)

    def record(
        self,
        action: Action,
        decision: str,
        champion: Version | None,
        version: Version | None,
        digest: str,
        reason: str,
        evidence: dict[str, Any],
        replaced: str | None = None,
    ) -> None:
        """Add a decision to the ledger, of which nothing else need follow. `version` is None: nothing registered.

        What was decided of a plan is written once: who is run again after it was killed comes here again.
        """
        newest = next(reversed(entries(self._store)), None)
        key = (evidence.get("plan"), decision, digest)
        if newest and key[0] and (newest.evidence.get("plan"), newest.decision, newest.digest) == key:
            return
        append(
            self._store,
            LedgerEntry(
                at=datetime.now(UTC),
                actor=self._actor,
                action=action,
                decision=decision,
                from_version=champion.version if champion else replaced,
                to_version=version.version if version else None,
                digest=digest,
                reason=reason,
                evidence=evidence,
            ),
        )

    def _check_still_in_charge(self, champion: Version | None) -> None:
        current = self._registry.holder("champion")
        if _name(current) != _name(champion):
            raise RegistryError(
                f"Somebody else changed the champion meanwhile, from {_name(champion)} to {_name(current)}. Nothing "
                "was done. Look at `newsdesk models list` and decide again."
            )


def _name(version: Version | None) -> str:
    return f"version {version.version}" if version else "nobody"


def _find_version(number: str | None, versions: list[Version]) -> Version | None:
    return next((version for version in versions if version.version == number), None)
