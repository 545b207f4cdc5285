"""The main job step by step: the inbox, a dataset, a plan, its candidates, the gate."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsdesk.articles.dataset import read_articles, read_dataset
from newsdesk.articles.parquet_files import QUARANTINE, read_quarantine
from newsdesk.articles.splits import SPLITS
from newsdesk.cli.app import app
from newsdesk.config.settings import Settings
from newsdesk.errors import BusyError, DataError, TrainingError, UsageError
from newsdesk.pipeline.ingest import IngestResult, ingest
from newsdesk.pipeline.lock import only_writer
from newsdesk.pipeline.plan import steps
from newsdesk.pipeline.plan.create import PlanRequest, PlanResult, is_trained, plan_training, prepare_dataset
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.reader import open_registry
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from newsdesk.store.pipeline_runs import newest_run
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv

ROWS = sample_rows(40)


@dataclass(frozen=True)
class Desk:
    """A machine with an inbox."""

    folder: Path
    storage: Path | None = None

    @property
    def settings(self) -> Settings:
        shared = {"NEWSDESK_STORAGE": str(self.storage), "NEWSDESK_INBOX": str(self.inbox)} if self.storage else {}
        return settings_in(self.folder, **shared)

    @property
    def inbox(self) -> Path:
        return (self.storage or self.folder / "var") / "inbox"

    def configure(self, pipeline: str = "") -> "Desk":
        (self.folder / "configs").mkdir(exist_ok=True, parents=True)
        (self.folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
        (self.folder / "configs" / "pipeline_config.yaml").write_text(pipeline, encoding="utf-8")
        return self

    def drop(self, name: str, rows: list[dict[str, str]]) -> Path:
        self.inbox.mkdir(parents=True, exist_ok=True)
        return write_csv(self.inbox / name, rows)

    def ingest(self, data: str | None = None, labels: str | None = None) -> IngestResult:
        return ingest(data, labels, self.settings, NoProgress())

    def plan(self, **wanted: object) -> PlanResult:
        return plan_training(PlanRequest("a tester", **wanted), self.settings, NoProgress())  # type: ignore[arg-type]

    def train(self, planned: PlanResult) -> str:
        assert planned.plan is not None
        assert planned.plan_id is not None
        for name in planned.plan.models.models:
            steps.train_candidate(planned.plan_id, name, self.settings, NoProgress())
        return planned.plan_id

    def evaluate(self, plan_id: str) -> steps.TrainingResult:
        return steps.evaluate_plan(plan_id, self.settings, NoProgress())

    def promote(self, plan_id: str, *, dry_run: bool = False) -> steps.PromotionResult:
        return steps.promote_plan(plan_id, self.settings, "a tester", NoProgress(), dry_run=dry_run)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path).configure()


def test_of_a_table_that_has_grown_only_new_stories_are_taken(desk: Desk) -> None:
    desk.drop("news.csv", ROWS[:50])
    assert [(batch.new, batch.known) for batch in desk.ingest().batches] == [(50, 0)]
    assert desk.ingest().status == "nothing"
    desk.drop("news.csv", ROWS[:80])
    assert [(batch.new, batch.known) for batch in desk.ingest().batches] == [(30, 50)]


def test_the_same_table_under_another_name_brings_nothing_and_takes_nothing_away(desk: Desk) -> None:
    shutil.copy(desk.drop("news.csv", ROWS), desk.inbox / "copy.csv")
    found = desk.ingest()
    assert [(batch.new, batch.known) for batch in found.batches] == [(200, 0), (0, 200)]
    assert sum(prepare_dataset(desk.settings, NoProgress()).dataset.manifest.counts.values()) == 200


def test_a_story_that_comes_under_another_category_has_the_newest(desk: Desk) -> None:
    desk.drop("a.csv", ROWS)
    desk.ingest()
    moved = ROWS[0] | {"category": ROWS[-1]["category"]}
    desk.drop("b.csv", [moved, *ROWS[1:3]])
    assert [(batch.new, batch.known) for batch in desk.ingest().batches] == [(1, 2)]
    dataset = prepare_dataset(desk.settings, NoProgress()).dataset
    articles = [article for split in SPLITS for article in read_articles(dataset, split)]
    assert len(articles) == len(ROWS)
    assert {article.category for article in articles if article.id == moved["id"]} == {moved["category"]}


def test_an_old_table_that_comes_again_does_not_take_back_what_was_said_since(desk: Desk) -> None:
    old = desk.drop("a.csv", ROWS)
    desk.ingest()
    moved = ROWS[0] | {"category": ROWS[-1]["category"]}
    desk.drop("b.csv", [moved, *ROWS[1:3]])
    desk.ingest()
    os.utime(old, (0, 0))  # the same content, another date
    desk.drop("c.csv", [moved, *ROWS[1:4]])
    assert [(batch.new, batch.known) for batch in desk.ingest().batches] == [(0, len(ROWS)), (0, 4)]


def test_a_poisoned_table_is_refused_once_with_its_reason_and_others_are_taken(desk: Desk) -> None:
    desk.drop("good.csv", ROWS)
    poisoned = [row | ({"category": ""} if i % 2 else {}) for i, row in enumerate(ROWS[:20])]
    desk.drop("poisoned.csv", poisoned)
    (desk.inbox / "binary.csv").write_bytes(b"text,category\n\xff\xfe,x\n")
    found = desk.ingest()
    by_name = {Path(batch.source).name: batch for batch in found.batches}
    assert {name: batch.status for name, batch in by_name.items()} == {
        "binary.csv": "refused",
        "good.csv": "ingested",
        "poisoned.csv": "refused",
    }
    assert "missing_category 10" in by_name["poisoned.csv"].reason
    assert str(desk.inbox / "binary.csv") in by_name["binary.csv"].reason
    aside = read_quarantine(desk.settings.articles / by_name["poisoned.csv"].digest / QUARANTINE)
    assert [row.reasons for row in aside] == [("missing_category",)] * 10
    assert desk.ingest().batches == []
    assert newest_run(open_store(desk.settings.database), "ingest") is not None


def test_where_every_table_is_refused_the_command_says_so(desk: Desk) -> None:
    file = desk.drop("poisoned.csv", [row | {"category": ""} for row in ROWS[:20]])
    assert desk.ingest().status == "refused"
    assert desk.ingest().status == "nothing"
    assert desk.ingest(str(file)).status == "refused"  # looked at again, for it is named


def test_labels_may_come_beside_a_table(desk: Desk) -> None:
    desk.drop("news.csv", [{name: row[name] for name in ("id", "title", "text")} for row in ROWS])
    desk.drop("news.labels.csv", [{name: row[name] for name in ("id", "category")} for row in ROWS])
    (batch,) = desk.ingest().batches
    assert (batch.status, batch.new) == ("ingested", len(ROWS))


def test_a_category_of_too_few_articles_waits_for_more(desk: Desk) -> None:
    rare = [row | {"category": "weather", "text": f"{row['text']} again"} for row in ROWS[:2]]
    desk.drop("news.csv", [*ROWS[2:], *rare])
    desk.ingest()
    prepared = prepare_dataset(desk.settings, NoProgress())
    assert "weather" not in prepared.dataset.manifest.categories
    assert prepared.rows - sum(prepared.dataset.manifest.counts.values()) == 2


def test_without_articles_there_is_no_dataset(desk: Desk) -> None:
    with pytest.raises(DataError, match="no table was ingested"):
        prepare_dataset(desk.settings, NoProgress())


def test_the_steps_come_to_what_the_main_job_comes_to(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same articles, the same digest: whoever trains step by step gets the same model."""
    desk.drop("news.csv", ROWS)
    desk.ingest()
    planned = desk.plan()
    decided = desk.promote(desk.train(planned)) if desk.evaluate(desk.train(planned)) else None
    assert decided is not None
    assert decided.verdict.decision == "promoted"

    at_once = Desk(tmp_path_factory.mktemp("at-once")).configure()
    outcome = run(
        ArticleSource(write_csv(at_once.folder / "news.csv", ROWS)), at_once.settings, "a tester", NoProgress()
    )
    assert outcome.trained.bundle.digest == decided.digest
    assert outcome.summary["dataset_version"] == planned.as_dict()["dataset"]


def test_every_step_may_run_again_and_nothing_is_promoted_twice(desk: Desk) -> None:
    desk.drop("news.csv", ROWS)
    desk.ingest()
    wanted = {"candidates": ("naive_bayes", "logistic_regression")}
    plan_id = desk.train(desk.plan(**wanted))
    assert desk.plan(**wanted).plan_id == plan_id
    first = desk.evaluate(plan_id)
    assert desk.evaluate(plan_id).run_id == first.run_id
    assert desk.promote(plan_id, dry_run=True).is_done is False
    assert entries(open_store(desk.settings.database)) == []
    decided = desk.promote(plan_id)
    assert desk.promote(plan_id) == decided
    # Killed between the promotion and its last word, it is finished by the next try.
    shutil.rmtree(desk.settings.plans / plan_id / "verdict")
    assert desk.promote(plan_id) == decided
    (entry,) = entries(open_store(desk.settings.database))
    assert (entry.decision, entry.evidence["plan"]) == ("promoted", plan_id)
    assert len(open_registry(desk.settings).versions()) == 1


def test_a_dataset_is_trained_on_once_where_no_more_is_needed(desk: Desk) -> None:
    desk.drop("news.csv", ROWS[:150])
    desk.ingest()
    wanted = {"candidates": ("naive_bayes",), "if_needed": True}
    first = desk.plan(**wanted)
    assert desk.plan(**wanted).plan_id == first.plan_id  # planned is not trained
    desk.evaluate(desk.train(first))
    assert first.plan is not None
    assert first.plan_id is not None
    desk.promote(first.plan_id, dry_run=True)
    assert desk.plan(**wanted).plan_id == first.plan_id
    assert not is_trained(first.plan.dataset, desk.settings)
    desk.promote(first.plan_id)
    assert is_trained(first.plan.dataset, desk.settings)
    needless = desk.plan(**wanted)
    assert (needless.plan_id, needless.as_dict()["needed"]) == (None, False)
    assert first.plan.dataset in needless.reason
    assert desk.plan(candidates=("naive_bayes",)).plan_id == first.plan_id  # whoever asks for it gets it

    desk.drop("more.csv", ROWS)
    desk.ingest()
    second = desk.plan(**wanted)
    assert second.plan is not None
    assert second.plan.dataset != first.plan.dataset
    assert desk.plan(**wanted, dataset=first.plan.dataset).plan_id is None


def test_what_the_gate_refused_was_trained_on_too(desk: Desk) -> None:
    (desk.settings.config_dir / "pipeline_config.yaml").write_text("training_pipeline: {auto_deploy_threshold: 1.0}\n")
    wrong = [row | {"category": ROWS[number - 40]["category"]} for number, row in enumerate(ROWS)][::3]
    desk.drop("news.csv", [*(row for number, row in enumerate(ROWS) if number % 3), *wrong])
    desk.ingest()
    plan_id = desk.train(desk.plan(candidates=("naive_bayes",)))
    desk.evaluate(plan_id)
    assert desk.promote(plan_id).verdict.decision == "refused"
    assert desk.plan(if_needed=True).plan_id is None


def test_a_promotion_that_was_killed_after_its_ledger_entry_is_finished_without_another(desk: Desk) -> None:
    desk.drop("news.csv", ROWS)
    desk.ingest()
    plan_id = desk.train(desk.plan(candidates=("naive_bayes",)))
    desk.evaluate(plan_id)
    decided = desk.promote(plan_id)
    shutil.rmtree(desk.settings.plans / plan_id / "verdict")
    open_registry(desk.settings).set_alias("champion", None)
    assert desk.promote(plan_id) == decided
    holder = open_registry(desk.settings).holder("champion")
    assert holder is not None
    assert holder.version == decided.version
    assert len(entries(open_store(desk.settings.database))) == 1


def test_a_step_before_its_time_says_which_comes_first(desk: Desk) -> None:
    desk.drop("news.csv", ROWS)
    desk.ingest()
    planned = desk.plan(candidates=("naive_bayes", "logistic_regression"))
    assert planned.plan_id is not None
    with pytest.raises(TrainingError, match=f"newsdesk train --plan {planned.plan_id} --candidate naive_bayes"):
        desk.evaluate(planned.plan_id)
    with pytest.raises(TrainingError, match="newsdesk evaluate --plan"):
        desk.promote(planned.plan_id)
    with pytest.raises(UsageError, match=r"There is no plan \.\./nowhere"):
        desk.evaluate("../nowhere")
    with pytest.raises(UsageError, match="has no candidate 'random_forest'"):
        steps.train_candidate(planned.plan_id, "random_forest", desk.settings, NoProgress())
    with pytest.raises(UsageError, match="There is no candidate 'tree'"):
        desk.plan(candidates=("tree",))


def test_tuning_takes_the_best_on_validation_and_trains_the_winner_so(desk: Desk) -> None:
    desk.drop("news.csv", ROWS)
    desk.ingest()
    planned = desk.plan(candidates=("naive_bayes",), tuning_budget=5)
    plan_id = desk.train(planned)
    assert plan_id != desk.plan(candidates=("naive_bayes",)).plan_id
    trained = desk.evaluate(plan_id)
    (candidate,) = trained.candidates
    assert trained.winner.pipeline["classifier"].alpha == candidate.hyperparameters["alpha"]
    untuned = steps.train_candidate(
        desk.train(desk.plan(candidates=("naive_bayes",))), "naive_bayes", desk.settings, NoProgress()
    )
    assert candidate.validation.accuracy >= untuned.validation.accuracy


def test_several_machines_share_a_storage(tmp_path: Path) -> None:
    """Each step on a machine that has seen none of the others; registry and ledger are one."""
    storage = tmp_path / "shared"
    planner = Desk(tmp_path / "planner", storage).configure()
    planner.drop("news.csv", ROWS)
    planner.ingest()
    planned = planner.plan(candidates=("naive_bayes", "logistic_regression"))
    assert planned.plan_id is not None
    for number, name in enumerate(("naive_bayes", "logistic_regression")):
        worker = Desk(tmp_path / f"worker-{number}", storage).configure()
        steps.train_candidate(planned.plan_id, name, worker.settings, NoProgress())
    judge = Desk(tmp_path / "judge", storage).configure()
    trained = judge.evaluate(planned.plan_id)
    decided = Desk(tmp_path / "judge", storage).promote(planned.plan_id)
    assert (decided.verdict.decision, decided.digest) == ("promoted", trained.bundle.digest)
    again = Desk(tmp_path / "another", storage).configure()
    assert again.ingest().status == "nothing"
    assert prepare_dataset(again.settings, NoProgress()).dataset.version == trained.bundle.manifest.dataset_version
    assert read_dataset(again.settings.datasets / trained.bundle.manifest.dataset_version)
    leftovers = [path.name for path in storage.rglob("*") if path.is_file() and len(path.suffix) > 12]
    assert leftovers == []


def test_a_step_waits_for_another_command_and_says_that_it_may_pass(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsdesk.pipeline.ingest.PATIENCE", 0.1)
    with only_writer(desk.settings.home), pytest.raises(BusyError) as error:
        desk.ingest()
    assert error.value.may_pass


def test_what_a_step_says_can_be_read_by_machines(desk: Desk) -> None:
    desk.drop("news.csv", ROWS)
    told = desk.ingest().as_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["status"], told["new"]) == ("new", len(ROWS))
    assert "text" not in told["tables"][0]


def test_an_empty_inbox_is_no_refusal(tmp_path: Path) -> None:
    desk = Desk(tmp_path).configure()
    environment = {"NEWSDESK_HOME": str(tmp_path / "var"), "NEWSDESK_CONFIG_DIR": str(tmp_path / "configs")}

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert told("ingest") == "Nothing is new in the inbox.\n"
    sentence = told("prepare").strip()
    assert sentence.endswith(f"no table was ingested. Put one into {desk.inbox}: newsdesk ingest.")
    prepared, planned = json.loads(told("prepare", "--json")), json.loads(told("plan", "--json"))
    assert (prepared["version"], prepared["reason"]) == (None, sentence)
    assert (planned["needed"], planned["reason"]) == (False, sentence)
