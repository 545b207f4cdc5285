"""The official specification of the Open Inference Protocol as a test of this server. What the file gets wrong, or
leaves to the prose beside it, is set right here, each with its reason; all else is taken at its word.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import schemathesis

from benchmarks.schemathesis_hooks import before_call  # noqa: F401 - registers itself
from newsdesk.registry.version import MODEL

_VERSION = "/versions/{MODEL_VERSION}"
_OUTPUTS = ["category", "confidence", "probabilities", "classes"]
_SHORTEST = 10  # characters; the server takes texts from here on
_TEXT = {"type": "string", "pattern": "^[a-z]{3} [a-z]{6,60}$"}


@schemathesis.hook
def before_load_schema(_: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Set the file right."""
    schemas = raw_schema["components"]["schemas"]
    _let_null_stand_for_nothing(schemas)
    # Its paths are written `/v2/models/${MODEL_NAME}`: in OpenAPI the `$` would be sent.
    paths = {path.replace("${", "{"): item for path, item in raw_schema["paths"].items()}
    for item in paths.values():
        _name_the_model(item)
        _document_refusals(item)
    # The prose lets the version be left out.
    of_any_version = {path.replace(_VERSION, ""): deepcopy(item) for path, item in paths.items() if _VERSION in path}
    for path, item in of_any_version.items():
        item["parameters"] = [one for one in item["parameters"] if one["name"] != "MODEL_VERSION"]
        for operation in item.values():
            if isinstance(operation, dict):
                operation["operationId"] += "-of-any-version"
        if path.endswith("/infer"):
            item["post"]["requestBody"]["content"]["application/json"]["schema"] = _request_of_texts(schemas)
    raw_schema["paths"] = paths | of_any_version
    # The prose calls `error` required, as the file itself does for the other two errors.
    schemas["inference_error_response"]["required"] = ["error"]


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out texts that break the pattern of `_TEXT` alone: it tells how to make some, not what is refused."""
    return all(len(text) < _SHORTEST or re.fullmatch(_TEXT["pattern"], text) for text in _texts_in(case.body))


def _texts_in(body: object) -> Iterator[str]:
    tensors = body.get("inputs") if isinstance(body, dict) else None
    for tensor in tensors if isinstance(tensors, list) else ():
        data = tensor.get("data") if isinstance(tensor, dict) else None
        yield from (text for text in (data if isinstance(data, list) else ()) if isinstance(text, str))


def _let_null_stand_for_nothing(schemas: dict[str, Any]) -> None:
    """Clients write members that they have no value for as null; this server takes them as left out."""
    for name in ("inference_request", "request_input", "request_output"):
        schema = schemas[name]
        for member, described in schema["properties"].items():
            if member not in schema["required"]:
                schema["properties"][member] = {"nullable": True, "allOf": [described]}


def _name_the_model(item: dict[str, Any]) -> None:
    """One model is served, in two versions; one of another name or version is asked for now and then."""
    for parameter in item.get("parameters", ()):
        names = [MODEL, "other"] if parameter["name"] == "MODEL_NAME" else ["1", "2", "3"]
        parameter["schema"] = {"type": "string", "enum": names}


def _document_refusals(item: dict[str, Any]) -> None:
    """The file knows 200 and 400 alone; the prose says that failures have "an HTTP error status (typically 400)"."""
    refusal = {"$ref": "#/components/schemas/inference_error_response"}
    for operation in item.values():
        if isinstance(operation, dict):
            described = {"description": "Refused", "content": {"application/json": {"schema": refusal}}}
            operation["responses"] |= {"4XX": described}


def _request_of_texts(schemas: dict[str, Any]) -> dict[str, Any]:
    """The file's request, with the tensors that this model's metadata name: the protocol cannot know them."""
    request = deepcopy(schemas["inference_request"])
    tensor, output = deepcopy(schemas["request_input"]), deepcopy(schemas["request_output"])
    tensor["properties"] |= {
        "name": {"type": "string", "enum": ["text"]},
        "datatype": {"type": "string", "enum": ["BYTES"]},
        "shape": {"enum": [[2], [2, 1]]},
        "data": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2},
    }
    output["properties"]["name"] = {"type": "string", "enum": _OUTPUTS}
    request["properties"]["inputs"] = {"type": "array", "items": tensor, "minItems": 1, "maxItems": 1}
    request["properties"]["outputs"] = {"type": "array", "items": output, "maxItems": 4, "nullable": True}
    request["properties"]["id"] = {"type": "string", "maxLength": 200, "nullable": True}
    return request
