"""A new model whose categories are not the champion's is promoted, asked about or refused, as was configured."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner, Result

from newsdesk.cli.app import app
from newsdesk.config.settings import Settings
from newsdesk.errors import BusyError, UsageError
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.lock import only_promoter, only_writer
from newsdesk.pipeline.plan.create import PlanRequest, plan_training
from newsdesk.pipeline.plan.steps import evaluate_plan, train_candidate
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.promoter import Promoter
from newsdesk.pipeline.run import RunResult, run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.reader import open_registry
from newsdesk.serving.alias_watcher import AliasWatcher
from newsdesk.serving.model_loader import LoadedModel, ModelLoader
from newsdesk.serving.model_pool import ModelPool
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, entries, waiting_version
from newsdesk.store.pipeline_runs import PipelineRun, newest_run
from tests.builders import sample_rows, settings_in, write_csv

ROWS = sample_rows(60)
OWN = [row for row in ROWS if row["category"] != "technology"]
Rows = list[dict[str, str]]


def renamed(rows: Rows, **names: str) -> Rows:
    """The same articles under other names of their categories."""
    return [row | {"category": names.get(row["category"], row["category"])} for row in rows]


@dataclass(frozen=True)
class Desk:
    """A home, and what the commands make of it."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    @property
    def ledger(self) -> list[LedgerEntry]:
        return entries(open_store(self.settings.database))

    @property
    def newest_run(self) -> PipelineRun | None:
        return newest_run(open_store(self.settings.database), "run")

    @property
    def served(self) -> str:
        """What a server that starts now, or follows, has in charge."""
        pointer = read_champion_pointer(self.settings.bundles)
        served = ModelLoader(self.settings).load_at_start()
        assert pointer is not None
        assert pointer.version == served.version
        return served.version

    def server(self) -> tuple[AliasWatcher, ModelPool]:
        """A server that runs: it looks who is in charge when it is told to."""
        source = ModelLoader(self.settings)
        models = ModelPool(source.load_at_start(), 5, 0.05)
        told: list[LoadedModel] = []
        follower = AliasWatcher(source, models, ApiMetrics(), interval=60, with_challenger=True, on_swap=told.append)
        return follower, models

    @property
    def promotions(self) -> Promoter:
        return Promoter(self.settings, open_registry(self.settings), open_store(self.settings.database), "an editor")

    @property
    def waits(self) -> bool:
        return waiting_version(open_store(self.settings.database)) is not None

    @property
    def registered(self) -> dict[str | None, tuple[str, ...]]:
        """Every version, with its aliases but `previous`."""
        versions = open_registry(self.settings).versions()
        return {one.version: tuple(alias for alias in one.aliases if alias != "previous") for one in versions}

    @property
    def traces(self) -> tuple[object, ...]:
        """What trainings leave behind, but for datasets."""
        runs = MlflowClient(self.settings.tracking_uri).search_runs(["1"])
        return len(self.ledger), self.newest_run, self.registered, len(runs)

    def table(self, rows: Rows) -> Path:
        return write_csv(self.folder / "articles.csv", rows)

    def run(self, rows: Rows) -> RunResult:
        return run(ArticleSource(self.table(rows)), self.settings, "a tester", NoProgress())

    def newsdesk(self, *arguments: str) -> Result:
        environment = {"NEWSDESK_HOME": str(self.settings.home), "NEWSDESK_CONFIG_DIR": str(self.settings.config_dir)}
        return CliRunner().invoke(app, arguments, env=environment)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Desk:
    """With a champion of four categories, version 1."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    (desk.folder / "configs").mkdir()
    (desk.folder / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.5}}", encoding="utf-8")
    desk.settings.home.mkdir()
    shutil.copy(empty_database, desk.settings.embedded_mlflow)
    assert desk.run(OWN).judged.verdict.decision == "promoted"
    return desk


@pytest.fixture
def desk(home: Desk) -> Desk:
    """The same for every test, with version 1 in charge and nothing that waits."""
    home.promotions.promote("1", "for the next test")
    assert home.served == "1"
    assert not home.waits
    return home


def test_ids_of_classes_in_place_of_names_are_refused_registered_and_not_followed(desk: Desk) -> None:
    """What other tables, and the sample, come to on a home with a champion of its own."""
    follower, models = desk.server()
    ids = dict(zip(("business", "entertainment", "politics", "sports"), "0123", strict=True))
    done = desk.newsdesk("run", "--no-serve", "--json", "--data", str(desk.table(renamed(OWN, **ids))))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["gate"]["decision"]) == (1, "refused")
    reason = told["gate"]["reason"]
    assert "none of the champion's categories (business, entertainment, politics, sports), but 0, 1, 2, 3" in reason
    assert "which look like ids of classes" in reason
    newest = desk.ledger[-1]
    assert f"newsdesk models promote {newest.to_version}" in reason
    assert (newest.decision, newest.from_version) == ("refused", "1")
    assert desk.registered[newest.to_version] == ()
    assert desk.served == told["champion"]["version"] == "1"
    asyncio.run(follower.poll())
    assert models.champion is not None
    assert (models.champion.version, models.challenger) == ("1", None)


def test_a_renamed_category_waits_for_a_yes_and_the_champion_serves_on(desk: Desk) -> None:
    table = str(desk.table(renamed(OWN, sports="sport")))
    done = desk.newsdesk("run", "--no-serve", "--data", table)
    assert done.exit_code == 3
    newest = desk.ledger[-1]
    said = " ".join(done.stdout.split())
    assert f"Waiting as version {newest.to_version}: it knows 1 category that the champion does not (sport)" in said
    assert "'sport' may be what was 'sports'" in said
    assert f"To say yes: newsdesk models promote {newest.to_version}" in said
    assert "to say no: newsdesk models promote 1" in said
    assert (newest.decision, newest.evidence["gate"]["categories"]["lost"]) == ("waiting", ["sports"])
    assert desk.newest_run is not None
    assert (desk.newest_run.status, desk.newest_run.detail["decision"]) == ("waiting", "waiting")
    assert desk.registered[newest.to_version] == ()  # nor is it asked as a challenger
    assert desk.served == "1"
    assert desk.waits
    listed = desk.newsdesk("models", "list").stdout
    assert "waits for a yes" in listed
    assert f"newsdesk models promote {newest.to_version}. A no: newsdesk models promote 1, the champion." in listed
    told = json.loads(desk.newsdesk("models", "list", "--json").stdout)
    assert [version["version"] for version in told if version["waits"]] == [newest.to_version]

    assert desk.newsdesk("models", "promote", "1", "--reason", "the table is wrong").exit_code == 0
    assert not desk.waits
    assert "waits" not in desk.newsdesk("models", "list").stdout
    assert (desk.ledger[-1].decision, desk.ledger[-1].reason) == ("kept", "the table is wrong")

    assert desk.newsdesk("models", "promote", str(newest.to_version)).exit_code == 0
    assert desk.served == newest.to_version


def test_who_goes_back_waits_for_no_training_and_no_other_promotion_is_crossed(desk: Desk) -> None:
    assert desk.run(renamed(OWN, sports="sport")).judged.verdict.decision == "waiting"
    newest = str(desk.ledger[-1].to_version)
    with only_writer(desk.settings.home):  # as a training does until its end
        assert desk.newsdesk("models", "promote", newest).exit_code == 0
        assert desk.served == newest
        done = desk.newsdesk("models", "rollback", "--reason", "misses cricket")
    assert done.exit_code == 0
    assert desk.served == "1"
    with only_promoter(desk.settings.home), pytest.raises(BusyError), only_promoter(desk.settings.home, 0.1):
        pass


def test_a_training_is_judged_by_who_is_in_charge_at_its_end(desk: Desk) -> None:
    """While it trained somebody else was put in charge."""
    assert desk.run(renamed(OWN, sports="sport")).judged.verdict.decision == "waiting"
    newest = str(desk.ledger[-1].to_version)

    class Meanwhile(NoProgress):
        def step(self, name: str, _: int | None = None) -> None:
            if name == "Judging and registering":
                assert desk.newsdesk("models", "promote", newest).exit_code == 0

    outcome = run(ArticleSource(desk.table(OWN)), desk.settings, "a tester", Meanwhile())
    assert outcome.judged.verdict.decision == "waiting"
    assert (desk.ledger[-1].from_version, desk.served) == (newest, newest)


def test_a_new_desk_is_promoted_without_a_question(desk: Desk) -> None:
    outcome = desk.run(ROWS)
    assert outcome.judged.verdict.decision == "promoted"
    assert "it knows 1 category that the champion does not (technology)" in outcome.judged.verdict.reason
    assert desk.served == outcome.judged.version


def test_a_rehearsal_tells_the_verdict_and_leaves_no_trace(desk: Desk) -> None:
    before = desk.traces
    done = desk.newsdesk("run", "--dry-run", "--json", "--data", str(desk.table(ROWS)))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["gate"]["decision"], told["is_done"]) == (0, "promoted", False)
    assert told["version"] is None
    assert desk.traces == before
    assert desk.served == "1"


def test_a_retraining_is_rehearsed_alike(desk: Desk) -> None:
    before = desk.traces
    done = desk.newsdesk("retrain", "--dry-run", "--json", "--data", str(desk.table(ROWS)))
    told = json.loads(done.stdout)["outcome"]
    assert (done.exit_code, told["gate"]["decision"], told["is_done"]) == (0, "promoted", False)
    assert desk.traces == before
    assert newest_run(open_store(desk.settings.database), "retrain") is None


def test_a_model_is_registered_beside_all_that_serves_where_nobody_is_to_be_put_in_charge(desk: Desk) -> None:
    wrong = renamed(ROWS, business="politics", politics="business")  # not seen by any other test
    done = desk.newsdesk("run", "--no-promote", "--json", "--data", str(desk.table(wrong)))
    told = json.loads(done.stdout)
    assert (told["gate"]["decision"], told["is_done"]) == ("promoted", False)
    assert desk.registered[told["version"]] == ()
    newest = desk.ledger[-1]
    assert (newest.decision, newest.to_version) == ("registered", told["version"])
    assert "the gate says promoted" in newest.reason
    assert desk.served == "1"
    assert desk.newest_run is not None
    assert desk.newest_run.status == "kept"


def test_where_a_model_is_in_charge_the_sample_is_not_trained(desk: Desk) -> None:
    before = desk.traces
    done = desk.newsdesk("run", "--no-serve", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["trained"], told["champion"]["version"]) == (0, False, "1")
    assert "newsdesk run --data FILE" in desk.newsdesk("run", "--no-serve").stdout
    assert desk.traces == before


def test_asked_for_by_name_the_sample_replaces_no_model_of_own_articles(desk: Desk) -> None:
    before = desk.traces
    with pytest.raises(UsageError, match=r"Version 1, a model of your own articles, .*NEWSDESK_HOME=var/sample"):
        run(ArticleSource(), desk.settings, "a tester", NoProgress())
    refused = desk.newsdesk("run", "--sample", "--no-serve")
    assert isinstance(refused.exception, UsageError)
    assert desk.traces == before
    both = desk.newsdesk("run", "--sample", "--data", "articles.csv")
    assert isinstance(both.exception, UsageError)


def test_step_by_step_a_plan_waits_and_a_yes_says_so_once(desk: Desk) -> None:
    articles = desk.settings.home / "inbox"
    articles.mkdir(exist_ok=True)
    write_csv(articles / "renamed.csv", renamed(OWN, entertainment="showbiz"))
    ingest(None, None, desk.settings, NoProgress())
    planned = plan_training(PlanRequest("a tester"), desk.settings, NoProgress())
    assert planned.plan_id is not None
    train_candidate(planned.plan_id, "naive_bayes", desk.settings, NoProgress())
    evaluate_plan(planned.plan_id, desk.settings, NoProgress())

    rehearsed = desk.newsdesk("promote", "--dry-run", planned.plan_id)
    assert rehearsed.exit_code == 3
    assert rehearsed.stdout.startswith("Nobody was put in charge, as asked. The gate says waiting: ")

    for _ in range(2):  # asked again, it still waits, and the ledger tells it once
        done = desk.newsdesk("promote", planned.plan_id, "--json")
        told = json.loads(done.stdout)
        assert (done.exit_code, told["decision"], told["champion"]["version"]) == (3, "waiting", "1")
        assert told["reason"].endswith(f"To say yes: newsdesk promote --yes {planned.plan_id}")
        assert desk.served == "1"
    assert len([entry for entry in desk.ledger if entry.evidence.get("plan") == planned.plan_id]) == 1

    people = desk.newsdesk("promote", planned.plan_id).stdout
    assert people.startswith(f"Waiting as version {told['version']}: ")
    assert "Until then version 1 serves on; to say no: newsdesk models promote 1" in people
    said = json.loads(desk.newsdesk("promote", "--yes", planned.plan_id, "--json").stdout)
    assert (said["decision"], said["version"]) == ("promoted", told["version"])
    assert desk.served == told["version"]
    again = json.loads(desk.newsdesk("promote", "--plan", planned.plan_id, "--json").stdout)
    assert again == said
    assert isinstance(desk.newsdesk("promote").exception, UsageError)
