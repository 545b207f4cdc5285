"""An inference response: the tensors that were asked for, as JSON or behind it."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from newsdesk.serving.open_inference.binary_tensors import write_tensor
from newsdesk.serving.open_inference.request import InferenceRequest
from newsdesk.serving.prediction_result import PredictionResult


class _ResponseModel(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class TensorParameters(_ResponseModel):
    binary_data_size: int


class OutputTensor(_ResponseModel):
    name: str
    shape: list[int]
    datatype: str
    parameters: TensorParameters | None = None
    data: list[str] | list[float] | None = None


class InferenceResponse(_ResponseModel):
    """Members that are null are left out."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, str]
    outputs: list[OutputTensor]


def make_response(
    name: str, request: InferenceRequest, results: Sequence[PredictionResult]
) -> tuple[InferenceResponse, list[bytes]]:
    """The tensors that were asked for, all where none were, and what comes behind the JSON object.

    Probabilities are in the order of `classes`.
    """
    model = results[0].model
    classes, count = model.predictor.classes, len(results)
    tensors: dict[str, tuple[list[int], str, list[str] | list[float]]] = {
        "category": ([count], "BYTES", [result.category for result in results]),
        "confidence": ([count], "FP64", [result.confidence for result in results]),
        "probabilities": ([count, len(classes)], "FP64", [a.probabilities[c] for a in results for c in classes]),
        "classes": ([len(classes)], "BYTES", classes),
    }
    outputs: list[OutputTensor] = []
    binary: list[bytes] = []
    for output_name, is_binary in _requested_outputs(request, list(tensors)).items():
        shape, datatype, data = tensors[output_name]
        if is_binary:
            binary.append(write_tensor(datatype, data))
            size = TensorParameters(binary_data_size=len(binary[-1]))
            outputs.append(OutputTensor(name=output_name, shape=shape, datatype=datatype, parameters=size))
        else:
            outputs.append(OutputTensor(name=output_name, shape=shape, datatype=datatype, data=data))
    response = InferenceResponse(
        model_name=name,
        model_version=model.version,
        id=request.id,
        parameters={"digest": model.digest},
        outputs=outputs,
    )
    return response, binary


def _requested_outputs(request: InferenceRequest, names: list[str]) -> dict[str, bool]:
    """The outputs that are to come, and whether as binary data."""
    is_binary = request.parameters is not None and request.parameters.binary_data_output
    if not request.outputs:
        return dict.fromkeys(names, is_binary)
    requested: dict[str, bool] = {}
    for output in request.outputs:
        own = output.parameters.binary_data if output.parameters else None
        requested.setdefault(output.name, is_binary if own is None else own)
    return requested
