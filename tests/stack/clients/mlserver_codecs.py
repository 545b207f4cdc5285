"""Run by the Python of MLServer's environment: asks a server with MLServer's types and codecs on the client's side, and
prints what it was told.

    python mlserver_codecs.py ADDRESS MODEL TEXTS
"""

import json
import sys
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pandas as pd
from mlserver.codecs import (
    Base64Codec,
    DatetimeCodec,
    NumpyCodec,
    NumpyRequestCodec,
    PandasCodec,
    StringCodec,
    StringRequestCodec,
)
from mlserver.types import (
    InferenceErrorResponse,
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataServerResponse,
    Parameters,
    RequestInput,
    RequestOutput,
)

TWO = [RequestOutput(name="category"), RequestOutput(name="confidence")]


class Client:
    """What MLServer's documentation does with `requests`."""

    def __init__(self, address: str, model: str) -> None:
        self._host, self._model = address.removeprefix("http://"), model

    def infer(self, request: InferenceRequest) -> InferenceResponse:
        status, body = self.ask("POST", f"/v2/models/{self._model}/infer", request.model_dump_json().encode())
        assert status == 200, body
        return InferenceResponse.model_validate_json(body)

    def refusal(self, request: InferenceRequest) -> list[Any]:
        status, body = self.ask("POST", f"/v2/models/{self._model}/infer", request.model_dump_json().encode())
        return [status, InferenceErrorResponse.model_validate_json(body).error]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection(self._host, timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read()


def told(response: InferenceResponse) -> dict[str, Any]:
    """The outputs, decoded by the codecs."""
    return {
        output.name: StringCodec.decode_output(output)
        if output.datatype == "BYTES"
        else NumpyCodec.decode_output(output).ravel().tolist()
        for output in response.outputs
    }


def inputs(tensor: RequestInput, **more: Any) -> InferenceRequest:
    return InferenceRequest(inputs=[tensor], **more)


def ask(address: str, model: str, texts: list[str]) -> dict[str, Any]:
    client = Client(address, model)
    whole = StringRequestCodec.encode_request(texts)
    frame = PandasCodec.encode_request(pd.DataFrame({"text": texts}))
    frame.outputs = TWO
    table = PandasCodec.decode_response(client.infer(frame))
    one = StringRequestCodec.encode_request(texts)
    one.outputs = TWO[:1]
    named = StringRequestCodec.encode_request(texts)
    named.outputs = [
        RequestOutput(name="category", parameters=Parameters(content_type="str")),
        RequestOutput(name="probabilities", parameters=Parameters(content_type="np")),
    ]
    return {
        "server": MetadataServerResponse.model_validate_json(client.ask("GET", "/v2")[1]).model_dump(),
        "model": MetadataModelResponse.model_validate_json(client.ask("GET", f"/v2/models/{model}")[1]).model_dump(),
        "answers": {
            "StringRequestCodec": told(client.infer(whole)),
            "StringCodec": told(client.infer(inputs(StringCodec.encode_input("text", texts)))),
            "strings": told(client.infer(inputs(StringCodec.encode_input("text", texts, use_bytes=False)))),
            "named outputs": told(client.infer(named)),
        },
        "one output": StringRequestCodec.decode_response(client.infer(one)),
        "PandasCodec": table.to_dict(orient="list"),
        "refusals": {
            "base64": client.refusal(inputs(Base64Codec.encode_input("text", [text.encode() for text in texts]))),
            "datetime": client.refusal(inputs(DatetimeCodec.encode_input("text", ["2026-07-16T10:30:15"]))),
            "numpy": client.refusal(
                inputs(NumpyCodec.encode_input("text", np.array([text.encode() for text in texts])))
            ),
            "numpy as a whole": client.refusal(NumpyRequestCodec.encode_request(np.array([[1.0], [2.0]]))),
            "two columns": client.refusal(PandasCodec.encode_request(pd.DataFrame({"title": texts, "text": texts}))),
            "objects in a column": client.refusal(PandasCodec.encode_request(pd.DataFrame({"text": [{"a": 1}]}))),
            "a short text": client.refusal(StringRequestCodec.encode_request(["short"])),
        },
    }


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
