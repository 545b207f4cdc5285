"""What the server and the model say of themselves."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

OutputName = Literal["category", "confidence", "probabilities", "classes"]
EXTENSIONS = ["binary_tensor_data"]


class _MetadataModel(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class ServerMetadata(_MetadataModel):
    name: str
    version: str
    extensions: list[str]


class Live(_MetadataModel):
    live: bool


class Ready(_MetadataModel):
    ready: bool


class ModelReady(_MetadataModel):
    name: str
    ready: bool


class TensorMetadata(_MetadataModel):
    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(_MetadataModel):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


def describe_model(name: str, versions: Sequence[str], classes: int) -> ModelMetadata:
    """What a model of this many classes takes and gives; -1 stands for any number of texts."""
    return ModelMetadata(
        name=name,
        versions=sorted(versions, key=int),
        platform="newsdesk_bundle",
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name="category", datatype="BYTES", shape=[-1]),
            TensorMetadata(name="confidence", datatype="FP64", shape=[-1]),
            TensorMetadata(name="probabilities", datatype="FP64", shape=[-1, classes]),
            TensorMetadata(name="classes", datatype="BYTES", shape=[classes]),
        ],
    )
