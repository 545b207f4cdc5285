"""Read the registry of an MLflow server, and move its aliases, over its REST API, without MLflow.

The API is that of MLflow 3.17 (https://mlflow.org/docs/latest/api_reference/rest-api.html). Files come through the
server's own route for model versions, whatever store it keeps them in.
"""

from pydantic import BaseModel, Field

from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.registry.artifact_files import size_limit
from newsdesk.registry.interfaces import RegisteredVersion, RegistryWriter
from newsdesk.registry.mlflow_api import MlflowApi, NotFoundError
from newsdesk.registry.version import BUNDLE, MODEL, Alias, Version, describe, newest_first

_PAGE = 1000
_MOST_PAGES = 100
_END_OF_TIME = 250_000_000_000_000  # milliseconds: the year 9892


class _Tag(BaseModel):
    key: str
    value: str = ""


class _ModelVersion(BaseModel):
    version: int = Field(ge=0)
    creation_timestamp: int = Field(ge=0, le=_END_OF_TIME)
    tags: list[_Tag] = []

    def to_version(self, aliases: dict[str, int]) -> Version:
        return describe(self.version, self.creation_timestamp, {tag.key: tag.value for tag in self.tags}, aliases)


class _Alias(BaseModel):
    alias: str
    version: int


class _RegisteredModel(BaseModel):
    aliases: list[_Alias] = []


class _ModelAnswer(BaseModel):
    registered_model: _RegisteredModel


class _VersionAnswer(BaseModel):
    model_version: _ModelVersion


class _Page(BaseModel):
    model_versions: list[_ModelVersion] = []
    next_page_token: str = ""


class RestRegistry(RegistryWriter):
    """The registered model `news-classifier` of an MLflow server. An answer takes 5 s at most, a download longer."""

    def __init__(self, settings: Settings) -> None:
        self._api = MlflowApi(settings)

    def versions(self) -> list[Version]:
        try:
            aliases = self._aliases()
        except NotFoundError:
            return []
        return newest_first([item.to_version(aliases) for item in self._search()])

    def holder(self, alias: Alias) -> Version | None:
        """The version that an alias names, in two short calls however many versions there are."""
        try:
            aliases = self._aliases()
            if alias not in aliases:
                return None
            query = {"name": MODEL, "version": str(aliases[alias])}
            return self._api.get("model-versions/get", query, _VersionAnswer).model_version.to_version(aliases)
        except NotFoundError:
            return None

    def download(self, version: RegisteredVersion, name: str) -> bytes:
        limit = size_limit(name)
        query = {"name": MODEL, "version": version.version, "path": f"{BUNDLE}/{name}"}
        return self._api.file("/model-versions/get-artifact", query, limit)

    def set_alias(self, alias: Alias, version: str | None) -> None:
        body = {"name": MODEL, "alias": alias}
        if version is not None:
            self._api.change("POST", "registered-models/alias", body | {"version": version})
        elif alias in self._aliases():
            self._api.change("DELETE", "registered-models/alias", body)

    def _aliases(self) -> dict[str, int]:
        model = self._api.get("registered-models/get", {"name": MODEL}, _ModelAnswer).registered_model
        return {item.alias: item.version for item in model.aliases}

    def _search(self) -> list[_ModelVersion]:
        versions: list[_ModelVersion] = []
        query = {"filter": f"name='{MODEL}'", "max_results": str(_PAGE)}
        for _ in range(_MOST_PAGES):
            page = self._api.get("model-versions/search", query, _Page)
            versions += page.model_versions
            if not page.next_page_token:
                return versions
            query["page_token"] = page.next_page_token
        raise RegistryError(
            f"{MODEL} has more than {_PAGE * _MOST_PAGES} versions in MLflow, or MLflow pages without end. Delete old "
            "versions."
        )
