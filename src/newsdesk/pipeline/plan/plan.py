"""The plan of a stepwise training, whose steps may run in other processes or machines: what to train, on which data."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from newsdesk import atomic
from newsdesk.articles import dataset as datasets
from newsdesk.articles.dataset import Dataset, read_dataset
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.config.settings import Settings
from newsdesk.errors import UsageError
from newsdesk.pipeline.storage import Storage

MANIFEST = "plan.json"


class Plan(BaseModel):
    """`plan.json`. `pipeline` says as what its end is remembered, `rows` what became of the rows of its dataset,
    `occasion` goes into the promotion ledger. Its id is a digest of all but `created_at`: the same is planned once."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    format_version: Literal[1] = 1
    pipeline: Literal["run", "retrain"]
    dataset: str
    rows: dict[str, int]
    models: ModelConfig
    training: TrainingPipeline
    occasion: dict[str, Any] = {}
    created_at: datetime

    @property
    def id(self) -> str:
        content = self.model_dump_json(exclude={"created_at"})
        return hashlib.sha256(content.encode()).hexdigest()[:16]


class PlanFiles:
    """The folders of plans, here and in the shared storage. Every one of them is flat."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.storage = settings, Storage(settings)

    def add(self, plan: Plan) -> str:
        """Store and share a plan; returns its id."""
        folder = self._settings.plans / plan.id
        if not self.storage.fetch(folder / "plan", MANIFEST):
            with atomic.new_folder(folder / "plan") as draft:
                (draft / MANIFEST).write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
        self.storage.share(folder / "plan", MANIFEST)
        return plan.id

    def plan(self, plan_id: str) -> Plan:
        """The plan of that id. Raises `UsageError` where there is none."""
        folder = self._settings.plans / quote(plan_id, safe="") / "plan"
        if not self.storage.fetch(folder, MANIFEST):
            raise UsageError(f"There is no plan {plan_id}. Make one: newsdesk plan.")
        return Plan.model_validate_json((folder / MANIFEST).read_bytes())

    def dataset(self, version: str) -> Dataset:
        """A dataset by its version, fetched where it is elsewhere. Raises `UsageError`, `DataError`."""
        folder = self._settings.datasets / quote(version, safe="")
        if not self.storage.fetch(folder, datasets.MANIFEST):
            raise UsageError(f"There is no dataset {version}. Make one: newsdesk prepare.")
        return read_dataset(folder)

    def candidate(self, plan_id: str, name: str) -> Path:
        """The folder of a candidate that was fitted."""
        return self._settings.plans / plan_id / "candidates" / quote(name, safe="")

    def trained(self, plan_id: str) -> Path:
        """The folder of the training result."""
        return self._settings.plans / plan_id / "trained"

    def verdict(self, plan_id: str) -> Path:
        """The folder of the gate's decision."""
        return self._settings.plans / plan_id / "verdict"
