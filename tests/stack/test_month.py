"""A month in the life of a newsroom, through the doors that people use: the command, HTTP, and Airflow's REST API.

Each day is a function that says what is done, what a person is told, and what holds afterwards.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from deploy.airflow.settings import DAGS
from newsdesk.errors import NewsdeskError
from tests.stack.airflow_api import TRAINING, AirflowApi, airflow_for, working
from tests.stack.newsroom_desk import DESKS, LONGEST_CHANGE, WEATHER, Desk, Row, articles, text_of
from tests.stack.running import Server
from tests.stack.servers import stoppable_postgresql
from tests.waiting import eventually
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack

ARCHIVE, WIRE = articles(0, 140), articles(140, 148)
REVIEWED, TRIED, NEWS = articles(148, 156), articles(156, 164), articles(164, 168)
HEADLINE = "Striker scores twice as the champions win the cup final"


def test_a_month_in_the_life_of_a_newsroom(
    tmp_path: Path, request: pytest.FixtureRequest, missing: Callable[[str], None]
) -> None:
    home, configs, backups = (str(tmp_path / name) for name in ("var", "configs", "backups"))
    desk = Desk(tmp_path, {"NEWSDESK_HOME": home, "NEWSDESK_CONFIG_DIR": configs}, {"NEWSDESK_BACKUPS": backups})
    desk.configure({})

    day_1_a_first_model(desk)
    with desk.serving() as server:
        day_1_it_answers(server)
        day_2_own_categories(desk, server)
        day_4_two_are_merged(desk, server)
        day_5_one_is_renamed(desk, server)

    day_8_a_bad_table_is_retracted(desk)
    editors, chief = day_9_keys(desk)
    with desk.serving(editors, API_AUTH="true", EXPERIMENT_MODE="shadow") as server:
        day_10_corrections(desk, server)
        day_12_a_retraining_is_kept(desk, server)
        day_14_an_experiment(desk, server)
        day_18_a_new_desk_is_learnt(desk, server)
        day_21_back_again(desk, server, chief)
        answered = answers(server)

    programs = request.getfixturevalue("programs")  # from here on PostgreSQL is needed
    with stoppable_postgresql(programs) as postgresql:
        empty_databases(postgresql.address, "airflow", "newsdesk")
        moved = replace(
            desk, environment={**desk.environment, "NEWSDESK_DATABASE_URL": named(postgresql.address, "newsdesk")}
        )
        day_24_the_store_moves_to_postgresql(desk, moved)
        with moved.serving(editors, API_AUTH="true") as server:
            assert answers(server) == answered
            day_24_what_was_said_before_is_known(server)

        day_26_everything_is_lost_and_restored(moved, lambda: empty_databases(postgresql.address, "newsdesk"))
        with moved.serving(editors, API_AUTH="true") as server:
            assert answers(server) == answered
            try:
                airflow = airflow_on(moved, named(postgresql.address, "airflow"), server)
            except NewsdeskError as error:
                missing(f"Airflow ({error})")
            with working(airflow, TRAINING) as api:
                day_28_the_night_asks_a_question(desk, api, server)
        day_30_the_ledger_tells_it_all(moved)


def day_1_a_first_model(desk: Desk) -> None:
    """Somebody tries it before there is a table."""
    assert desk.said("models", "list") == "No model is registered yet. Train one: newsdesk run."
    said = desk.said("run", "--no-serve")
    assert "from the sample corpus" in said
    assert re.search(r"Promoted naive_bayes as version 1: test accuracy 0\.9\d+ reaches 0\.55, and there is no", said)


def day_1_it_answers(server: Server) -> None:
    answer = server.post("/predict", json={"text": HEADLINE}).json()
    assert (answer["prediction"], answer["model_version"], answer["warnings"]) == ("sports", "1", [])
    assert server.get("/model/info")["categories"] == sorted(DESKS)


def day_2_own_categories(desk: Desk, server: Server) -> None:
    """The archive: other names than the sample's, and two systems that do not agree on one. What was for trying gives
    way to it."""
    desk.drop("archive.csv", half_of_it(ARCHIVE, sport="sports"))
    said = desk.said("ingest")
    assert "'sport' (70) and 'sports' (70) look like one category." in said
    said = desk.said("promote", desk.train())
    assert said.startswith("Promoted as version 2: accuracy 0.")
    assert "does not know 4 categories that the champion does (business, entertainment, politics, technology)" in said
    assert "the champion learnt from the sample corpus, which gives way to articles of your own." in said
    served(server, "2")
    assert server.get("/model/info")["categories"] == sorted([*DESKS.values(), "sports"])


def day_4_two_are_merged(desk: Desk, server: Server) -> None:
    """Somebody pastes the lines that were said with it; that the model knows a category less needs a yes."""
    pasted = yaml.safe_load(desk.run("prepare").stdout.partition("configs/pipeline_config.yaml:\n")[2])
    assert pasted == {"data_pipeline": {"categories": {"aliases": {"sports": "sport"}}}}
    desk.configure(pasted["data_pipeline"]["categories"])
    assert "'sports' (70) became 'sport' (data_pipeline.categories.aliases)." in desk.said("prepare")
    said = desk.said("promote", desk.train(), code=3)
    assert said.startswith("Waiting as version 3: it does not know 1 category that the champion does (sports)")
    assert said.endswith("Until then version 2 serves on; to say no: newsdesk models promote 2")
    assert server.get("/model/info")["version"] == "2"
    yes = re.search(r"To say yes: newsdesk (promote --yes \w+)\.", said)
    assert yes
    assert desk.said(*yes[1].split()).startswith(
        "Promoted as version 3: on articles of the 5 categories that both know"
    )
    served(server, "3")


def day_5_one_is_renamed(desk: Desk, server: Server) -> None:
    """The yes is said over HTTP."""
    desk.configure({"aliases": {"sports": "sport", "digital": "tech"}})
    said = desk.said("promote", desk.train(), code=3)
    assert "knows 1 category that the champion does not (tech), does not know 1 category that the champion does" in said
    done = change(server, "promote", version="4", reason="the digital desk is the tech desk now").json()
    assert (done["champion"], done["replaced"]) == ("4", "3")
    assert server.get("/model/info")["categories"] == ["arts", "money", "public affairs", "sport", "tech"]
    unknown = change(server, "promote", version="99", reason="a slip")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_version")


def day_8_a_bad_table_is_retracted(desk: Desk) -> None:
    """A table with every article at the wrong desk."""
    before = desk.told("prepare")
    assert before["trained"]
    desks = [*DESKS.values()]
    wrong = dict(zip(desks, [*desks[1:], desks[0]], strict=True))
    desk.drop("wire.csv", [row | {"category": wrong[row["category"]]} for row in WIRE])
    (table,) = desk.told("ingest")["tables"]
    assert (table["new"], table["status"]) == (len(WIRE), "ingested")
    assert desk.told("prepare")["version"] != before["version"]

    asked = desk.refused("data", "retract", "wire.csv", "--reason", "wrong desks")
    assert f"brought {len(WIRE)} articles that no other table has" in asked
    assert asked.endswith("Add --yes to retract it.")
    said = desk.said("data", "retract", "wire.csv", "--reason", "wrong desks", "--actor", "ada", "--yes")
    assert f"{len(WIRE)} articles leave. Models and their datasets stay as they are." in said
    assert "wrong desks (ada)" in desk.said("data", "list")
    assert "was retracted by ada on" in desk.said("ingest")
    said = desk.said("prepare")
    assert said.startswith(f"Dataset {before['version']}: ")
    assert "A model was trained on it before." in said


def day_9_keys(desk: Desk) -> tuple[str, str]:
    """The editors' tool gets a key that is vouched for, the chief one that may do everything."""
    assert desk.said("keys", "list") == "There is no key yet. Make one: newsdesk keys create NAME."
    scopes = [f"--scope={scope}" for scope in ("predict", "feedback", "monitor")]
    editors = desk.said("keys", "create", "cms", "--trusted", *scopes)
    chief = desk.said("keys", "create", "chief", "--scope=admin")
    said = desk.said("keys", "list")
    assert "cms" in said
    assert "trusted" in said
    assert editors not in said
    return editors, chief


def day_10_corrections(desk: Desk, server: Server) -> None:
    """An editor reviews what comes; the API says what a label is good for."""
    assert server.post("/predict", json={"text": HEADLINE}).status_code == 401
    assert "no_challenger: EXPERIMENT_MODE asks for an experiment, and nobody is the challenger" in server.problem()
    for row in REVIEWED:
        answer = review(server, row)
        assert (answer["status"], answer["can_teach"], answer["warnings"]) == ("created", True, [])
    by_old_name = review(server, NEWS[-1] | {"category": "Digital"})
    assert (by_old_name["category"], by_old_name["warnings"]) == ("tech", [])
    prediction = predict(server, text_of(NEWS[0]))["prediction_id"]
    without_text = feedback(server, prediction_id=prediction, category="money").json()
    assert without_text["can_teach"] is False
    assert "send the text of the prediction along with prediction_id, as text." in without_text["warnings"][0]
    new = feedback(server, text=WEATHER[0], category="weather").json()
    assert new["warnings"][0].startswith("The model in charge does not know this category")

    eventually(server.log_is_written, "the log is written")
    report = desk.told("monitor")
    assert report["labels"]["used"] == len(REVIEWED) + 2
    assert (report["labels"]["text_missing"], report["distrusted"]) == (1, [])
    assert report["total"]["accuracy"]["share"] > 0.8
    assert "No retraining for now: No window has ended that had enough texts to be judged." in desk.said("monitor")


def day_12_a_retraining_is_kept(desk: Desk, server: Server) -> None:
    """What was said makes no better model."""
    said = desk.said("retrain")
    assert "Why: It was asked for by hand." in said
    assert f"What is new: {len(REVIEWED) + 2} usable corrections; {len(REVIEWED) + 1} articles added" in said
    assert "left out, of categories with too few texts: 'weather' 1" in said
    assert "Kept the champion, version 4: accuracy 0.9" in said
    assert "The new model is version 5; to put it in charge: newsdesk models promote 5" in said
    assert aliases(desk) == {"4": ["champion"], "5": ["challenger"], "3": ["previous"]}
    eventually(lambda: server.problem() == "", "the experiment has its challenger")
    assert server.get("/model/info")["version"] == "4"


def day_14_an_experiment(desk: Desk, server: Server) -> None:
    """The model that was kept answers beside the champion, unseen."""
    assert desk.said("models", "compare", "--live").startswith("No experiment has answered yet.")
    for row in TRIED:
        assert review(server, row)["status"] == "created"
    eventually(lambda: server.metric("experiment_comparisons_total") == len(TRIED), "the challenger has answered")
    written = len(REVIEWED) + 2 + 2 * len(TRIED)  # each text that was tried was answered twice
    eventually(
        lambda: server.metric("prediction_log_records_total", result="written") == written, "all is in the store"
    )
    shadow = desk.told("models", "compare", "--live")["shadow"]
    assert [shadow[arm]["version"] for arm in ("champion", "other")] == ["4", "5"]
    assert shadow["agreement"]["of"] == shadow["champion"]["accuracy"]["of"] == len(TRIED)
    said = desk.said("models", "compare", "--live")
    assert "In the shadow: both answered the same texts" in said
    assert "No difference shown between champion version 4 and shadow version 5" in said


def day_18_a_new_desk_is_learnt(desk: Desk, server: Server) -> None:
    """Editors call sixty texts by a name that no model knows."""
    for text in WEATHER[1:]:
        review(server, {"title": "", "text": text, "category": "weather"})
    said = desk.said("retrain")
    assert "Promoted naive_bayes as version 6: accuracy 0." in said
    assert "it knows 1 category that the champion does not (weather)" in said
    served(server, "6")
    assert predict(server, "Heavy rain is expected by the weather service")["prediction"] == "weather"


def day_21_back_again(desk: Desk, server: Server, chief: str) -> None:
    """Who may not is told so; running servers follow at once."""
    reason = "the weather desk is closed"
    assert change(server, "rollback", reason=reason).status_code == 403
    done = change(replace(server, key=chief), "rollback", reason=reason).json()
    assert (done["champion"], done["replaced"]) == ("4", "6")
    assert server.get("/model/info")["version"] == "4"
    newest = desk.told("models", "ledger")[-1]
    assert (newest["actor"], newest["decision"], newest["reason"]) == ("chief", "rolled back", reason)


def day_24_the_store_moves_to_postgresql(desk: Desk, moved: Desk) -> None:
    """Whoever only changes the address has an empty store, and is told how to fill it."""
    history = desk.told("models", "ledger")
    examined = moved.told("doctor", "--only", "champion", code=1)
    (ill,) = (finding for finding in examined["findings"] if finding["level"] == "problem")
    assert "6 versions of the model, version 4 in charge, and the promotion ledger is empty" in ill["message"]
    command = re.search(r"newsdesk (store copy --from \S+)\. ", ill["fix"])
    assert command
    said = moved.said(*command[1].split())
    assert f"Copied from sqlite:///{desk.settings.embedded_database} to postgresql://" in said
    assert re.search(rf"promotion_ledger +{len(history)} ", said)
    assert said.endswith("Now start the servers again.")
    assert "not-to-be-shown" not in said
    assert moved.told("models", "ledger") == history
    said = moved.said("doctor", "--only", "champion")
    assert "Ledger, registry and champion.json name the same champion." in said


def day_24_what_was_said_before_is_known(server: Server) -> None:
    again = feedback(server, text=WEATHER[0], category="weather")
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")


def day_26_everything_is_lost_and_restored(desk: Desk, lose_databases: Callable[[], None]) -> None:
    before = desk.told("models", "ledger"), aliases(desk), desk.told("data", "list")
    labels = desk.told("monitor")["labels"]
    said = desk.said("backup")
    archive = said.partition(":")[0]
    assert re.search(r": \d+ files, databases \w+, \w+, champion \w{16}, \d+\.\d MB\.$", said)
    assert f"{archive} is whole: " in desk.said("backup", "--verify", archive)

    shutil.rmtree(desk.settings.home)
    lose_databases()
    assert desk.said("models", "list") == "No model is registered yet. Train one: newsdesk run."
    said = desk.said("restore", archive)
    assert re.match(r"Restored \d+ files, databases \w+, \w+, champion \w{16} of ", said)
    assert (desk.told("models", "ledger"), aliases(desk), desk.told("data", "list")) == before
    assert desk.told("monitor")["labels"] == labels


def day_28_the_night_asks_a_question(desk: Desk, api: AirflowApi, server: Server) -> None:
    """Airflow trains at night. A desk was renamed: it asks, somebody says yes in its form, and the server follows."""
    desk.configure({"aliases": {"sports": "sport", "digital": "tech", "arts": "culture"}})
    asked = api.trigger(TRAINING)
    assert api.wait(TRAINING, asked) == "success"
    states = api.states(TRAINING, asked)
    assert {states[task] for task in ("promote", "smoke_test", "announcement")} == {"skipped"}
    reason = api.xcom(TRAINING, asked, "promote", "reason")
    assert reason.startswith("Waiting: it knows 1 category that the champion does not (culture)")
    assert "To say yes: newsdesk promote --yes " in reason
    assert server.get("/model/info")["version"] == "4"

    form = api.form(TRAINING)
    assert (
        form["yes"] == "Promote what is better though its categories are not the champion's, where a person is asked."
    )
    yes = api.trigger(TRAINING, dataset=api.xcom(TRAINING, asked, "plan")["dataset"], yes=True)
    assert api.wait(TRAINING, yes) == "success"
    assert api.states(TRAINING, yes)["smoke_test"] == "success"
    assert api.xcom(TRAINING, yes, "promote")["decision"] == "promoted"
    assert api.xcom(TRAINING, yes, "smoke_test")["version"] == server.get("/model/info")["version"] == "7"


def day_30_the_ledger_tells_it_all(desk: Desk) -> None:
    history = [(entry["decision"], entry["to_version"]) for entry in desk.told("models", "ledger")]
    assert history == [
        ("promoted", "1"),
        ("promoted", "2"),
        ("waiting", "3"),
        ("promoted", "3"),
        ("waiting", "4"),
        ("promoted", "4"),
        ("kept", "5"),
        ("promoted", "6"),
        ("rolled back", "4"),
        ("waiting", "7"),
        ("promoted", "7"),
    ]


def half_of_it(rows: list[Row], **names: str) -> list[Row]:
    """Every second article under the other name of its desk."""
    return [
        row | {"category": names.get(row["category"], row["category"])} if number % 2 else row
        for number, row in enumerate(rows)
    ]


def served(server: Server, version: str) -> None:
    """The running server follows without a restart."""
    eventually(lambda: server.get("/model/info")["version"] == version, f"version {version} serves")


def predict(server: Server, text: str) -> dict[str, Any]:
    answer = server.post("/predict", json={"text": text}, headers=server.headers).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def feedback(server: Server, **said: str) -> httpx.Response:
    return server.post("/feedback", json={"editor": "r.burns", **said}, headers=server.headers).raise_for_status()


def change(server: Server, what: str, **asked: str) -> httpx.Response:
    """Ask for another champion."""
    return httpx.post(f"{server.address}/model/{what}", json=asked, headers=server.headers, timeout=LONGEST_CHANGE)


def review(server: Server, row: Row) -> dict[str, Any]:
    """Ask about an article, and say of the answer what is right."""
    text = text_of(row)
    asked = predict(server, text)
    said = feedback(server, prediction_id=asked["prediction_id"], text=text, category=row["category"])
    answer: dict[str, Any] = said.json()
    return answer


def answers(server: Server) -> list[Any]:
    """What it says about news, but for what differs each time."""
    return [
        [answer[name] for name in ("prediction", "probabilities", "model_version", "digest")]
        for answer in (predict(server, text_of(row)) for row in NEWS)
    ]


def aliases(desk: Desk) -> dict[str, list[str]]:
    """Version → its aliases, where it has any."""
    return {one["version"]: one["aliases"] for one in desk.told("models", "list") if one["aliases"]}


def named(server: str, database: str) -> str:
    return f"{server.removesuffix('/postgres')}/{database}"


def empty_databases(server: str, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())


def airflow_on(desk: Desk, database: str, server: Server) -> Any:
    """An Airflow that works for this newsroom, and asks its server."""
    home = desk.folder / "airflow"
    home.mkdir()
    asked = {"NEWSDESK_API_URL": server.address, "NEWSDESK_API_KEY": server.key or ""}
    return airflow_for(desk.settings, home, DAGS, database, NEWSDESK_COMMAND=warm_newsdesk(), **asked)
