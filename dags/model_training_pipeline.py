"""From a dataset to the best model in charge.

Trains all candidates side by side, compares them, and puts the best in charge if the gate lets it.

Starts when there is a new dataset, when the monitoring asks for a new model, at the times that
`training_pipeline.schedule_interval` names, or by hand. Whatever datasets were published meanwhile, it trains on the
newest, as Newsdesk's own record says, and on none a second time; if there is a newer one in the end, it starts once
more. Where the champion stays, what comes after is skipped, and says why in its log and as XCom `reason`; so is
`promote` where a person must say yes, for categories that the champion knows are gone. Any task can be cleared and run
again: nothing is promoted twice.
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, get_current_context, task

from newsdesk_dags import announce, config
from newsdesk_dags.assets import DATASET, RETRAINING_REQUEST
from newsdesk_dags.command import newsdesk, options
from newsdesk_dags.skipping import skip

CRON = config.section("training_pipeline")["schedule_interval"]
OCCASION = DATASET | RETRAINING_REQUEST
POOL = os.environ.get("NEWSDESK_TRAINING_POOL") or "default_pool"
PARAMS = {
    "dataset": Param(
        None,
        type=["null", "string"],
        pattern="^[0-9A-Za-z._-]+$",
        title="Dataset",
        description="Version of the dataset to train on. Default: the newest.",
    ),
    "candidates": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "pattern": "^[0-9A-Za-z_]+$"},
        minItems=1,
        uniqueItems=True,
        title="Candidates",
        description="Names from model_config.yaml, one a line. Default: as the mode says.",
    ),
    "mode": Param(
        None,
        type=["null", "string"],
        enum=[None, "full", "refresh"],
        title="Mode",
        description="full: all of model_config.yaml; refresh: the champion's kind of classifier alone.",
    ),
    "retraining": Param(
        False,
        type="boolean",
        title="Learn from corrections",
        description="Train on the champion's articles and what editors said since.",
    ),
    "tuning_budget": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=1000,
        title="Tuning budget",
        description="How many other settings to try for each candidate. Default: as pipeline_config.yaml says.",
    ),
    "yes": Param(
        False,
        type="boolean",
        title="Yes to other categories",
        description="Promote what is better though its categories are not the champion's, where a person is asked.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Say what the gate decides, and promote nothing.",
    ),
}


@task(multiple_outputs=False)
def plan(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Decides what is trained on what (`newsdesk plan`)."""
    assert params is not None
    found: dict[str, Any] = {}
    for wishes in _wishes(params):
        found = newsdesk("plan", *options(**wishes))
        if found["needed"]:
            break
    else:
        skip(found["reason"])
    return {name: found[name] for name in ("plan", "dataset", "candidates", "reason")}


@task
def candidates(planned: dict[str, Any]) -> list[str]:
    """The names of the candidates, one task each."""
    return list(planned["candidates"])


@task(doc_md="Fits and measures one candidate (`newsdesk train`).", pool=POOL, map_index_template="{{ candidate }}")
def train(planned: dict[str, Any], candidate: str) -> dict[str, Any]:
    get_current_context()["candidate"] = candidate  # names the task in the grid
    return newsdesk("train", *options(plan=planned["plan"], candidate=candidate))


@task(multiple_outputs=False)
def evaluate(planned: dict[str, Any]) -> dict[str, Any]:
    """Compares the candidates, fits the best again on all it may learn from, measures it (`newsdesk evaluate`)."""
    winner = newsdesk("evaluate", *options(plan=planned["plan"]))["winner"]
    return {name: winner[name] for name in ("name", "digest", "run_id", "test")}


@task(multiple_outputs=False)
def promote(planned: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Lets the gate decide, and puts the winner in charge (`newsdesk promote`). Skipped if that waits for a yes."""
    assert params is not None
    verdict = newsdesk("promote", *options(plan=planned["plan"], yes=params["yes"], dry_run=params["dry_run"]))
    if verdict["decision"] == "waiting" and verdict["is_done"]:
        instance, said = get_current_context()["ti"], _said(verdict)
        announce.tell("DecisionWaiting", "warning", "a new model waits", said, instance.dag_id, instance.run_id)
        skip(said)
    return verdict


@task(multiple_outputs=False)
def smoke_test(verdict: dict[str, Any]) -> dict[str, Any]:
    """Asks the running API, until it answers as the new model must (`newsdesk smoke-test`)."""
    if verdict["decision"] != "promoted" or not verdict["is_done"]:
        skip(_said(verdict))
    url = os.environ.get("NEWSDESK_API_URL")
    if not url:
        skip("NEWSDESK_API_URL names no running API.")
    return newsdesk("smoke-test", *options(url=url))


@task(multiple_outputs=False)
def announcement(verdict: dict[str, Any]) -> None:
    """Tells people what was decided."""
    instance = get_current_context()["ti"]
    announce.tell("ModelDecision", "info", verdict["decision"], _said(verdict), instance.dag_id, instance.run_id)


@task(multiple_outputs=False, outlets=[DATASET], trigger_rule="none_failed")
def look_for_a_newer_dataset(planned: dict[str, Any] | None) -> dict[str, Any]:
    """Publishes once more a dataset that came meanwhile and was not trained on: another run follows. Also where the
    decision waits."""
    if planned is None:
        skip("Nothing was planned.")
    newest = newsdesk("prepare")
    if newest["version"] is None or newest["trained"] or newest["version"] == planned["dataset"]:
        skip("There is no newer dataset.")
    dataset = {key: newest[key] for key in ("version", "counts")}
    get_current_context()["outlet_events"][DATASET].extra = dataset
    return dataset


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable(CRON, timezone="UTC"), assets=OCCASION)
    if CRON
    else OCCASION,
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    params=PARAMS,
    **config.every_dag(task_limit=timedelta(hours=6), late_after=timedelta(hours=8), run_limit=timedelta(hours=24)),
)
def model_training_pipeline() -> None:
    planned = plan()
    trained = train.partial(planned=planned).expand(candidate=candidates(planned))
    evaluated = evaluate(planned)
    verdict = promote(planned)
    trained >> evaluated >> verdict
    smoke_test(verdict)
    announcement(verdict)  # it was decided, whatever the smoke test comes to
    verdict >> look_for_a_newer_dataset(planned)


def _said(verdict: dict[str, Any]) -> str:
    """The gate's decision in words."""
    rehearsal = "" if verdict["is_done"] else " Nothing was done: it was a dry run."
    return f"{verdict['decision'].capitalize()}: {verdict['reason']}.{rehearsal}"


def _wishes(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a person at the trigger form; where none is there, of what started the run, of which the first that is needed
    counts. Events say that there is something new and not what is newest: they come in any order, or not at all.
    """
    wishes = {name: params[name] for name in ("dataset", "candidates", "mode", "retraining", "tuning_budget")}
    events = get_current_context()["triggering_asset_events"]
    occasions = [{"if_needed": True}] if events.get(DATASET) else []
    if events.get(RETRAINING_REQUEST):
        occasions.append({"retraining": True, "if_needed": True})
    return [wishes | occasion for occasion in occasions or [{}]]


model_training_pipeline()
