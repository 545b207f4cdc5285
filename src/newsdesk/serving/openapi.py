"""What /openapi.json adds to what FastAPI finds: how callers identify themselves, and what the model takes."""

from typing import Any

from fastapi import FastAPI

from newsdesk.model.bundle import BundleManifest
from newsdesk.serving.api_examples import ANSWERS, LINES, OTHERS, TASKS, task_of
from newsdesk.serving.security.permissions import PERMISSIONS
from newsdesk.serving.server_state import ServerState

_LINES = "application/x-ndjson"
_HAS_WORDS = r"^[^\u0000]*[\p{L}\p{N}][^\u0000]*$"


def install_openapi(app: FastAPI, state: ServerState) -> None:
    """Have `app` describe itself as it is now."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        _add_tags(schema)
        if state.settings.auth_required:
            _add_security(schema)
        if state.models.champion:
            _add_model_limits(schema["components"]["schemas"], state.models.champion.predictor.bundle.manifest)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_tags(schema: dict[str, Any]) -> None:
    """Group requests by what one wants of them, and show answers as they come."""
    schema["tags"] = [{"name": task, "description": about} for task, (about, _) in TASKS.items()] + [{"name": OTHERS}]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            operation["tags"] = [task_of(path)]
            bodies = operation.get("requestBody", {}), operation["responses"].get("200", {})
            for body, lines in zip(bodies, LINES, strict=True):
                if _LINES in body.get("content", {}):
                    body["content"][_LINES]["example"] = lines
    for name, answer in ANSWERS.items():
        schema["components"]["schemas"][name]["examples"] = [answer]


def _add_model_limits(schemas: dict[str, Any], manifest: BundleManifest) -> None:
    """Which texts the model in charge takes, and which categories it knows."""
    text = {"minLength": max(manifest.text_cleaning.min_text_length, 1), "pattern": _HAS_WORDS}
    # Title and text are judged together, which JSON Schema cannot say: with a title, any text may do.
    titled = {"required": ["title"], "properties": {"title": {"type": "string", "minLength": 1}}}
    for request in ("PredictRequest", "ExplainRequest"):
        schemas[request]["anyOf"] = [{"properties": {"text": text}}, titled]
    data = schemas["InputTensor"]["properties"]["data"]["anyOf"][0]
    for variant in data["items"]["anyOf"]:
        variant.get("items", variant).update(text)
    schemas["ExplainRequest"]["properties"]["category"]["anyOf"][0] = {"type": "string", "enum": manifest.classes}


def _add_security(schema: dict[str, Any]) -> None:
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of POST /auth/token."},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    public = {(method, path) for method, path, scope in PERMISSIONS if scope is None}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if (method.upper(), path) not in public:
                operation["security"] = [{"bearer": []}, {"key": []}]
