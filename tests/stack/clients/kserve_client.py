"""Run by the Python of KServe's environment: asks a server by KServe's own client, and prints what it was told.

python kserve_client.py ADDRESS MODEL TEXTS
"""

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, InferResponse, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def request(model: str, texts: list[str], **more: Any) -> InferRequest:
    """As KServe's documentation writes it: data in a list."""
    tensor = InferInput(name="text", shape=[len(texts)], datatype="BYTES", data=list(texts))
    return InferRequest(model_name=model, infer_inputs=[tensor], **more)


def array_request(model: str, texts: list[str], *, as_column: bool = False, **more: Any) -> InferRequest:
    """From an array, which goes as binary data by default."""
    array = np.array(texts, dtype=object).reshape([len(texts), 1] if as_column else [len(texts)])
    tensor = InferInput(name="text", shape=list(array.shape), datatype="BYTES")
    tensor.set_data_from_numpy(array)
    return InferRequest(model_name=model, infer_inputs=[tensor], **more)


def told(response: InferResponse) -> dict[str, Any]:
    return {
        "id": response.id,
        "model": response.model_name,
        "outputs": {output.name: output.as_numpy().ravel().tolist() for output in response.outputs},
    }


async def ask(address: str, model: str, texts: list[str]) -> dict[str, Any]:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:

        async def infer(data: InferRequest | dict[str, Any], name: str = model) -> dict[str, Any]:
            return told(await client.infer(address, data, model_name=name))

        async def refusal(data: InferRequest, name: str = model) -> str:
            try:
                await infer(data, name)
            except httpx.HTTPStatusError as refused:
                return str(refused)
            return "answered"

        plain = {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}]}
        outputs = [
            RequestedOutput("category", {"binary_data": True}),
            RequestedOutput("probabilities", {"binary_data": False}),
        ]
        binary = {"binary_data_output": True}
        return {
            "live": await client.is_server_live(address),
            "ready": await client.is_server_ready(address),
            "model ready": [await client.is_model_ready(address, name) for name in (model, "other")],
            "answers": {
                "a list": await infer(request(model, texts)),
                "a list with an id": await infer(request(model, texts, request_id="r-1")),
                "a dictionary": await infer(plain),
                "an array": await infer(array_request(model, texts)),
                "a column": await infer(array_request(model, texts, as_column=True)),
                "binary outputs": await infer(array_request(model, texts, parameters=binary)),
                "outputs by name": await infer(request(model, texts, request_outputs=outputs)),
            },
            "many": (await infer(array_request(model, texts * 500, parameters=binary)))["outputs"]["category"],
            "refusals": {
                "a short text": await refusal(request(model, ["short"])),
                "a short text in an array": await refusal(array_request(model, ["short"])),
                "another model": await refusal(request(model, texts), "other"),
            },
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))))
