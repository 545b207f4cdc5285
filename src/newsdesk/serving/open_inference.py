"""The messages of the Open Inference Protocol, version 2, and how texts and answers become tensors."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from newsdesk.serving.answering import Answer
from newsdesk.serving.batch_schemas import MAX_BATCH
from newsdesk.serving.errors import invalid_input
from newsdesk.serving.schemas import WHOLE

Parameters = dict[StrictStr, StrictStr | StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]]
OutputName = Literal["category", "confidence", "probabilities", "classes"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ServerMetadata(_Message):
    name: str
    version: str
    extensions: list[str]


class Live(_Message):
    live: bool


class Ready(_Message):
    ready: bool


class ModelReady(_Message):
    name: str
    ready: bool


class TensorMetadata(_Message):
    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(_Message):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InputTensor(_Message):
    name: Literal["text"]
    shape: list[Annotated[StrictInt, Field(ge=1, le=MAX_BATCH), WHOLE]] = Field(
        min_length=1, max_length=2, description="[n], or [n, 1]."
    )
    datatype: Literal["BYTES"]
    parameters: Parameters | None = None
    data: list[StrictStr | Annotated[list[StrictStr], Field(min_length=1, max_length=1)]] = Field(
        min_length=1, max_length=MAX_BATCH
    )


class RequestedOutput(_Message):
    name: OutputName
    parameters: Parameters | None = None


class InferenceRequest(_Message):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "inputs": [
                        {
                            "name": "text",
                            "shape": [1],
                            "datatype": "BYTES",
                            "data": ["Stock market hits record high"],
                        }
                    ]
                }
            ]
        }
    )

    id: Annotated[StrictStr, Field(max_length=200)] | None = None
    parameters: Parameters | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(default=None, min_length=1, max_length=4)


class OutputTensor(_Message):
    name: str
    shape: list[int]
    datatype: str
    data: list[str] | list[float]


class InferenceResponse(_Message):
    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, str]
    outputs: list[OutputTensor]


def metadata_of(name: str, version: str, classes: int) -> ModelMetadata:
    """What a model of this many classes takes and gives; -1 stands for any number of texts."""
    return ModelMetadata(
        name=name,
        versions=[version],
        platform="newsdesk_bundle",
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name="category", datatype="BYTES", shape=[-1]),
            TensorMetadata(name="confidence", datatype="FP64", shape=[-1]),
            TensorMetadata(name="probabilities", datatype="FP64", shape=[-1, classes]),
            TensorMetadata(name="classes", datatype="BYTES", shape=[classes]),
        ],
    )


def texts_of(request: InferenceRequest) -> list[str]:
    """The texts of the input tensor. Raises `ApiError` where its shape is not that of its data."""
    tensor = request.inputs[0]
    texts = list(_flat(tensor.data))
    if tensor.shape[0] != len(texts) or tensor.shape[1:] not in ([], [1]):
        raise invalid_input(f"inputs.0.shape must be [n] or [n, 1], and data has {len(texts)} elements", "wrong_shape")
    return texts


def response_of(name: str, request: InferenceRequest, answers: Sequence[Answer]) -> InferenceResponse:
    """The tensors that were asked for, all but `classes` where none were. Probabilities are in the order of classes."""
    served = answers[0].served
    classes, count = served.predictor.classes, len(answers)
    tensors = {
        "category": ([count], "BYTES", [answer.category for answer in answers]),
        "confidence": ([count], "FP64", [answer.confidence for answer in answers]),
        "probabilities": ([count, len(classes)], "FP64", [a.probabilities[c] for a in answers for c in classes]),
        "classes": ([len(classes)], "BYTES", classes),
    }
    wanted: list[str] = [output.name for output in request.outputs or []] or list(tensors)[:-1]
    return InferenceResponse(
        model_name=name,
        model_version=served.version,
        id=request.id,
        parameters={"digest": served.digest},
        outputs=[
            OutputTensor(name=wish, shape=shape, datatype=datatype, data=data)
            for wish in dict.fromkeys(wanted)
            for shape, datatype, data in [tensors[wish]]
        ],
    )


def _flat(data: list[Any]) -> Iterator[str]:
    for element in data:
        yield from element if isinstance(element, list) else [element]
