"""`newsdesk models`: the registered versions, and which of them is in charge."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.options import AsJson
from newsdesk.cli.table_options import CategoryColumn, EncodingOption, SheetOption, TextColumn, TitleColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsdesk.config.settings import Settings
    from newsdesk.pipeline.promoter import Promoter
    from newsdesk.registry.version import Version

app = typer.Typer(
    help="List registered models, put one in charge, go back to the one before.",
    no_args_is_help=True,
    epilog="Example: newsdesk models list",
)

Reason = Annotated[str, typer.Option(help="Why, for the promotion ledger.")]
Actor = Annotated[str | None, typer.Option(help="Who, for the promotion ledger. Default: your user name.")]


@app.command("list", epilog="Example: newsdesk models list")
def list_versions(as_json: AsJson = False) -> None:
    """Show every registered version, newest first, those that were measured on the same test set together."""
    from newsdesk.config.settings import load_settings
    from newsdesk.registry.reader import open_reader, open_registry
    from newsdesk.registry.version import MODEL

    settings = load_settings()
    versions = (open_reader(settings) or open_registry(settings)).versions()
    waiting = _find_waiting(settings) if versions else None
    if as_json:
        print(json.dumps([_as_dict(version) | {"waits": version.version == waiting} for version in versions], indent=2))
        return
    from newsdesk.cli.tables import print_table, table_of, wide_console

    if not versions:
        print("No model is registered yet. Train one: newsdesk run.")
        return
    table, sets = table_of(), _test_sets(versions)
    for heading in ("version", "in charge", "model", "test set", "accuracy", "dataset", "registered (UTC)", "digest"):
        table.add_column(heading, justify="right" if heading == "accuracy" else "left")
    for dataset, mark in sets.items():
        for version in (version for version in versions if version.dataset_version == dataset):
            when = f"{version.registered_at:%Y-%m-%d %H:%M}"
            figures = (version.model_type, mark, f"{version.accuracy:.4f}", dataset, when, version.digest[7:19])
            roles = [*version.aliases, *(["waits for a yes"] if version.version == waiting else [])]
            table.add_row(version.version, ", ".join(roles), *figures)
        table.add_section()
    print_table(wide_console(), MODEL, table)
    if waiting:
        print(
            f"Version {waiting} waits for a person's yes: newsdesk models promote {waiting}. "
            f"A no: {_decline_command(versions)}"
        )
    if len(sets) > 1:
        print(
            "Accuracies on different test sets cannot be compared. On the same articles: newsdesk models compare "
            f"{versions[-1].version} {versions[0].version}"
        )


def _find_waiting(settings: "Settings") -> str | None:
    """The version that waits for a yes. The list is shown, too, where the store does not answer."""
    from contextlib import suppress

    from newsdesk.errors import NewsdeskError
    from newsdesk.store.database import open_store
    from newsdesk.store.ledger import waiting_version

    with suppress(NewsdeskError):
        return waiting_version(open_store(settings.database))
    return None


def _decline_command(versions: "Sequence[Version]") -> str:
    """How to say that the champion is to stay."""
    champion = next((version.version for version in versions if "champion" in version.aliases), "VERSION")
    return f"newsdesk models promote {champion}, the champion."


def _test_sets(versions: "Sequence[Version]") -> dict[str, str]:
    """A mark for the test set of each dataset: that of the newest version is A."""
    datasets = dict.fromkeys(version.dataset_version for version in versions)
    return {dataset: _letter(number) for number, dataset in enumerate(datasets)}


def _letter(number: int) -> str:
    """A, B … Z, AA, AB …"""
    before, letter = divmod(number, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + letter)


@app.command("promote", epilog="Example: newsdesk models promote 3 --reason 'better on local politics'")
def promote(
    version: Annotated[str, typer.Argument(help="Number of the version.")],
    reason: Reason = "by hand",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Put a registered version in charge, past the gate."""
    with _promotions(actor) as promotions:
        promoted = promotions.promote(version, reason)
    _print_result(
        {"champion": promoted.version, "digest": promoted.digest}, f"Version {promoted.version} is in charge.", as_json
    )


@app.command("rollback", epilog="Example: newsdesk models rollback --reason 'misses cricket'")
def rollback(reason: Reason = "by hand", actor: Actor = None, as_json: AsJson = False) -> None:
    """Put the version that was in charge before back in charge."""
    with _promotions(actor) as promotions:
        before, now = promotions.rollback(reason)
    sentence = f"Rolled back from version {before.version}: version {now.version} ({now.digest}) is in charge."
    _print_result({"from": before.version, "champion": now.version, "digest": now.digest}, sentence, as_json)


@app.command("ledger", epilog="Example: newsdesk models ledger --json")
def ledger(as_json: AsJson = False) -> None:
    """Show who put which version in charge, when and why."""
    from contextlib import suppress

    from newsdesk.config.settings import load_settings
    from newsdesk.errors import RegistryError
    from newsdesk.pipeline.external_promotions import record_external_promotion
    from newsdesk.registry.reader import open_reader
    from newsdesk.store.database import open_store
    from newsdesk.store.ledger import entries

    settings = load_settings()
    store = open_store(settings.database)
    with suppress(RegistryError):  # the ledger can be read while the registry is away
        if reader := open_reader(settings):
            record_external_promotion(store, reader)
    history = entries(store)
    if as_json:
        print(json.dumps([vars(entry) | {"at": entry.at.isoformat()} for entry in history], indent=2))
        return
    from newsdesk.cli.tables import print_table, table_of, wide_console

    table = table_of()
    for heading in ("when (UTC)", "who", "action", "decision", "from", "to", "reason"):
        table.add_column(heading)
    for entry in history:
        versions = (entry.from_version or "", entry.to_version or "")
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.action, entry.decision, *versions, entry.reason
        )
    print_table(wide_console(), "Promotion ledger", table)


@app.command("compare", epilog="Example: newsdesk models compare 1 2")
def compare(
    versions: Annotated[
        list[str] | None, typer.Argument(metavar="VERSION VERSION...", help="Numbers of the versions to compare.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Compare by what was answered in production.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="A table of labelled articles. Default: the test set of the champion's dataset.")
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    category_column: CategoryColumn = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure versions on the same articles; with --live, show how the newest experiment went."""
    from newsdesk.errors import UsageError

    if live:
        if versions or data:
            raise UsageError(
                "--live compares what an experiment answered. Leave out --live, or the versions and --data."
            )
        _compare_live(as_json)
        return
    if versions is None or len(set(versions)) < len(versions) or len(versions) < 2:
        raise UsageError("Name two versions or more, each once: newsdesk models compare 1 2. Or add --live.")
    from newsdesk.cli import version_evaluation

    measured = version_evaluation.evaluate_on(
        versions, data, (text_column, title_column, category_column), encoding, sheet
    )
    (version_evaluation.print_json if as_json else version_evaluation.print_comparison)(measured)


def _compare_live(as_json: bool) -> None:
    from newsdesk.articles.category_rules import CategoryRules
    from newsdesk.config.config_files import load_pipeline_config
    from newsdesk.config.settings import load_settings
    from newsdesk.monitoring.arm_comparison import compare_live
    from newsdesk.store.database import open_store

    settings = load_settings()
    pipeline = load_pipeline_config(settings.config_dir)
    to_category = CategoryRules(pipeline.data_pipeline.categories).of
    comparison = compare_live(open_store(settings.database), pipeline.monitoring.feedback, to_category)
    if as_json:
        from dataclasses import asdict
        from datetime import datetime

        print(
            json.dumps(asdict(comparison) | {"conclusion": comparison.conclusion}, indent=2, default=datetime.isoformat)
        )
        return
    from newsdesk.cli.experiment_output import print_comparison

    print_comparison(comparison)


@contextmanager
def _promotions(actor: str | None) -> "Iterator[Promoter]":
    from newsdesk.cli.actor import user
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.lock import only_promoter
    from newsdesk.pipeline.promoter import Promoter
    from newsdesk.registry.reader import open_registry
    from newsdesk.store.database import open_store

    settings: Settings = load_settings()
    with only_promoter(settings.home):
        yield Promoter(settings, open_registry(settings), open_store(settings.database), actor or user())


def _print_result(result: dict[str, str], sentence: str, as_json: bool) -> None:
    print(json.dumps(result) if as_json else sentence)


def _as_dict(version: "Version") -> dict[str, object]:
    return vars(version) | {"registered_at": version.registered_at.isoformat()}
