"""What a newsroom has and does: articles of its own, commands, a server, settings that change from day to day."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from newsdesk.text.cleaning import join_title_and_text
from tests.builders import sample_rows, write_csv
from tests.restoring import Newsroom
from tests.stack.running import Server, serving

Row = dict[str, str]

# What its desks are called; the sample corpus knows none of these names.
DESKS = {
    "business": "money",
    "entertainment": "arts",
    "politics": "public affairs",
    "sports": "sport",
    "technology": "digital",
}
LONGEST_CHANGE = 150  # seconds
MODELS = {"models": {"naive_bayes": {"alpha": 0.5}}}
_SKY, _MUCH = ("Clouds", "Thunderstorms", "Fog"), ("little", "heavy", "some")
_PLACES = ("coast", "valley", "islands", "capital", "plain", "mountains", "delta", "north", "south", "east", "river")
_PLACES += ("lakes", "hills", "border", "harbour", "suburbs", "highlands", "bay", "forest", "moors")
WEATHER = [
    f"{sky} over the {place}: the forecasters of the weather service expect {much} rain and wind until the weekend."
    for sky, much in zip(_SKY, _MUCH, strict=True)
    for place in _PLACES
]


def articles(first: int, after: int) -> list[Row]:
    """Articles of every desk, those with these numbers."""
    numbered: dict[str, int] = {}
    rows = []
    for row in sample_rows(after):
        number = numbered[row["category"]] = numbered.get(row["category"], -1) + 1
        if number >= first:
            rows.append(row | {"category": DESKS[row["category"]]})
    return rows


def text_of(row: Row) -> str:
    return join_title_and_text(row["title"], row["text"])


@dataclass(frozen=True)
class Desk(Newsroom):
    """A newsroom whose commands are read as people and machines read them."""

    def said(self, *arguments: str, code: int = 0) -> str:
        """What a command tells people, on one line."""
        return " ".join(self.run(*arguments, code=code).stdout.split())

    def told(self, *arguments: str, code: int = 0) -> Any:
        """What it tells machines."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def refused(self, *arguments: str) -> str:
        """What somebody is told who asks for what cannot be."""
        done = self.run(*arguments, code=2)
        assert done.stdout == ""
        return " ".join(done.stderr.split())

    def configure(self, categories: dict[str, Any]) -> None:
        """What `configs/` says from now on. Nothing is on schedule."""
        folder = self.folder / "configs"
        folder.mkdir(exist_ok=True)
        pipeline = {
            "data_pipeline": {"schedule_interval": None, "retry_delay": 2, "categories": categories},
            "monitoring": {"schedule_interval": None},
        }
        for name, content in (("model_config", MODELS), ("pipeline_config", pipeline)):
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def drop(self, name: str, rows: list[Row]) -> None:
        """Put a table into the inbox."""
        inbox = self.settings.home / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        write_csv(inbox / name, rows)

    def train(self) -> str:
        """Train step by step on all that was ingested, as far as the gate; the plan."""
        plan = re.match(r"Plan (\w+): naive_bayes on dataset \w+\.", self.said("plan"))
        assert plan
        self.run("train", "--plan", plan[1], "--candidate", "naive_bayes")
        assert "test accuracy 0." in self.said("evaluate", "--plan", plan[1])
        return plan[1]

    @contextmanager
    def serving(self, key: str | None = None, **more: str) -> Iterator[Server]:
        """`newsdesk serve`, asked with this key. However busy the machine is, who asks for a change is told its end."""
        patient = {"MODEL_REFRESH_INTERVAL": "0.5", "API_TIMEOUT": str(LONGEST_CHANGE)}
        environment = dict(self.environment) | patient | more
        with serving(self.folder, Path(environment.pop("NEWSDESK_HOME")), **environment) as server:
            yield replace(server, key=key)
