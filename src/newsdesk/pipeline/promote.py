"""Who is in charge: promotion by hand or after the gate's verdict, and the way back.

Order of every change: first the ledger says what was decided and why; then the aliases move; last the pointer, which
servers without a registry follow. Killed in between, the next command finds them at odds and mends `previous` and the
pointer; the champion's alias moves first, by which a killed command is told from other hands. Callers hold
`only_writer`; it binds one machine only, so that another one may still promote at the same time: a champion that
changed since the decision is left alone.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.pipeline.outside_moves import settle
from newsdesk.registry.pointer import Champion, read_champion, write_champion
from newsdesk.registry.reader import RegistryWriter, fetch_bundle
from newsdesk.registry.version import Version
from newsdesk.store.ledger import Action, Entry, append, entries, predecessor


class Promotions:
    """Moves the champion of one registry, with one ledger. Each move is one person's or one program's: the `actor`."""

    def __init__(self, settings: Settings, registry: RegistryWriter, store: Engine, actor: str) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._actor = actor

    def promote(self, number: str, reason: str) -> Version:
        """Put a registered version in charge by hand. Raises `RegistryError` where there is none of that number."""
        version = self._registry.version(number)
        self.settle()
        champion = self._registry.holder("champion")
        if champion is not None and champion.version == number:
            self.mend_pointer()
            return champion
        self.take_over("promote", champion, version, reason, {})
        return version

    def rollback(self, reason: str) -> tuple[Version, Version]:
        """Put the version that was in charge before back in charge; returns (from, to). Raises `RegistryError`."""
        self.settle()
        champion, previous = self._registry.holder("champion"), self._registry.holder("previous")
        if champion is None or previous is None or previous.version == champion.version:
            raise RegistryError(
                "There is no earlier champion to roll back to. `newsdesk models list` shows every version."
            )
        self.take_over("rollback", champion, previous, reason, {})
        return champion, previous

    def settle(self) -> None:
        """Tell the ledger of moves by other hands, and let `previous` follow from it. Raises `RegistryError`."""
        settle(self._store, self._registry)

    def mend_pointer(self) -> None:
        """Make the pointer say what the alias says, where a killed command or other hands left them at odds."""
        champion = self._registry.holder("champion")
        if champion is None:
            return
        _, folder = fetch_bundle(self._registry, champion, self._settings.bundles)
        right = Champion(version=champion.version, digest=champion.digest, bundle=folder.name)
        try:
            pointer = read_champion(self._settings.bundles)
        except RegistryError:
            pointer = None
        if pointer != right:
            write_champion(self._settings.bundles, right)

    def take_over(
        self, action: Action, champion: Version | None, version: Version, reason: str, evidence: dict[str, Any]
    ) -> None:
        """Put `version` in the place of `champion`. Raises `RegistryError` where that is no longer who is in charge."""
        # A version whose bundle is damaged never gets as far as the ledger.
        fetch_bundle(self._registry, version, self._settings.bundles)
        self._check_still_in_charge(champion)
        is_rollback = action == "rollback"
        replaced = champion.version if champion else None
        before = predecessor(entries(self._store), version.version) if is_rollback else replaced
        decision = "rolled back" if is_rollback else "promoted"
        self.write_down(action, decision, champion, version, version.digest, reason, evidence)
        self._registry.set_alias("champion", version.version)
        self._registry.set_alias("previous", before)
        if "challenger" in version.aliases:
            self._registry.set_alias("challenger", None)
        self.mend_pointer()

    def write_down(
        self,
        action: Action,
        decision: str,
        champion: Version | None,
        version: Version | None,
        digest: str,
        reason: str,
        evidence: dict[str, Any],
    ) -> None:
        """Add a decision to the ledger, of which nothing else need follow. `version` is None: nothing registered.

        What was decided of a plan is written once: who is run again after it was killed comes here again.
        """
        newest = next(reversed(entries(self._store)), None)
        this = (evidence.get("plan"), decision, digest)
        if newest and this[0] and (newest.evidence.get("plan"), newest.decision, newest.digest) == this:
            return
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

    def _check_still_in_charge(self, champion: Version | None) -> None:
        now = self._registry.holder("champion")
        if _name_of(now) != _name_of(champion):
            raise RegistryError(
                f"Somebody else changed the champion meanwhile, from {_name_of(champion)} to {_name_of(now)}. Nothing "
                "was done. Look at `newsdesk models list` and decide again."
            )


def _name_of(version: Version | None) -> str:
    return f"version {version.version}" if version else "nobody"
