"""An inference request, and the texts in it."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from newsdesk.serving.batch_schemas import MAX_BATCH
from newsdesk.serving.body_limits import ONE_TEXT, BodyLimits, LimitedBody
from newsdesk.serving.errors import invalid_input
from newsdesk.serving.open_inference.binary_tensors import read_texts
from newsdesk.serving.open_inference.metadata import OutputName
from newsdesk.serving.schemas import WHOLE

MAX_ITEMS = 10_000  # in all members that are passed over
_UNSUPPORTED_PARAMETERS = (
    "classification",
    "shared_memory_region",
)  # of extensions: who asks for them expects something else


_Text = StrictStr | Annotated[list[StrictStr], Field(min_length=1, max_length=1)]


class _RequestModel(BaseModel):
    """Members that are not known are passed over: clients send more than the protocol names."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class _Parameters(_RequestModel):
    content_type: StrictStr | None = Field(default=None, description="`str`, as MLServer's codecs call texts.")


class RequestParameters(_Parameters):
    binary_data_output: StrictBool = Field(default=False, description="Outputs come as binary data.")


class InputParameters(_Parameters):
    binary_data_size: Annotated[StrictInt, Field(ge=0), WHOLE] | None = Field(
        default=None, description="The data are so many bytes behind the JSON object."
    )


class OutputParameters(_Parameters):
    binary_data: StrictBool | None = Field(default=None, description="Whether this output comes as binary data.")


class InputTensor(_RequestModel):
    name: Literal["text", "input-0", "input-1"] = Field(description="`text`, or what codecs call a tensor by default.")
    shape: list[Annotated[StrictInt, Field(ge=1, le=MAX_BATCH), WHOLE]] = Field(
        min_length=1, max_length=2, description="[n], or [n, 1]."
    )
    datatype: Literal["BYTES"]
    parameters: InputParameters | None = None
    data: Annotated[list[_Text], Field(min_length=1, max_length=MAX_BATCH, fail_fast=True)] | None = Field(
        default=None, description="Left out where the data are binary."
    )


class RequestedOutput(_RequestModel):
    name: OutputName
    parameters: OutputParameters | None = None


class InferenceRequest(_RequestModel, LimitedBody):
    body_limits: ClassVar[BodyLimits] = BodyLimits(size=ONE_TEXT.size, items=3 * MAX_BATCH + 2 * MAX_ITEMS)
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
    parameters: RequestParameters | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(default=None, max_length=4, description="By default all.")


def attach_binary_tensors(request: InferenceRequest, binary: bytes) -> InferenceRequest:
    """The request with its texts as if they had come as JSON. `binary` is what stood behind the JSON object.

    Raises `ApiError` where the two do not fit, and where something is asked for that would be answered wrongly.
    """
    _require_few_items(request)
    _require_texts(request)
    (tensor,) = request.inputs
    size = tensor.parameters.binary_data_size if tensor.parameters else None
    if (tensor.data is None) == (size is None):
        raise invalid_input("inputs.0 must have either data or parameters.binary_data_size")
    if len(binary) != (size or 0):
        raise invalid_input(
            "Behind the JSON object there must be the bytes that binary_data_size counts, and no others"
        )
    if size is not None:
        tensor.data = list(read_texts(binary, MAX_BATCH))
    return request


def request_texts(request: InferenceRequest) -> list[str]:
    """The texts of the input tensor. Raises `ApiError` where its shape is not that of its data."""
    tensor = request.inputs[0]
    texts = list(_flatten(tensor.data or []))
    if tensor.shape[0] != len(texts) or tensor.shape[1:] not in ([], [1]):
        raise invalid_input(f"inputs.0.shape must be [n] or [n, 1], and data has {len(texts)} elements", "wrong_shape")
    return texts


def _require_texts(request: InferenceRequest) -> None:
    """That texts are meant, by content type and parameters, and nothing is asked for that is not offered."""
    (tensor,) = request.inputs
    input_type = tensor.parameters.content_type if tensor.parameters else None
    request_type = request.parameters.content_type if request.parameters else None
    # A data frame of MLServer's PandasCodec says of each column what it holds.
    if input_type not in (None, "str") or request_type not in (None, "str", "pd" if input_type else "str"):
        raise invalid_input("content_type must be str: texts are taken as they are, and nothing is decoded")
    outputs = [output.parameters for output in request.outputs or [] if output.parameters]
    if any(parameters.content_type not in (None, "str", "np") for parameters in outputs):
        raise invalid_input("The content_type of an output can only be str or np")
    for parameters in (tensor.parameters, *outputs):
        for name in _UNSUPPORTED_PARAMETERS:
            if parameters and name in (parameters.model_extra or {}):
                raise invalid_input(f"The parameter {name} belongs to an extension that is not offered")


def _require_few_items(request: InferenceRequest) -> None:
    remaining = MAX_ITEMS
    pending: list[Any] = [message.model_extra for message in _messages(request)]
    while pending:
        value = pending.pop()
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        remaining -= len(items)
        if remaining < 0:
            raise invalid_input(f"At most {MAX_ITEMS:,} items are passed over in members that are not known")
        pending.extend(items)


def _messages(request: InferenceRequest) -> Iterator[BaseModel]:
    outputs = request.outputs or []
    messages: list[InferenceRequest | InputTensor | RequestedOutput] = [request, *request.inputs, *outputs]
    for message in messages:
        yield message
        if message.parameters:
            yield message.parameters


def _flatten(data: list[Any]) -> Iterator[str]:
    for element in data:
        yield from element if isinstance(element, list) else [element]
