"""The pipeline as an MLServer runtime: many requests may come as one, so it answers row by row."""

import json

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from pipeline import CleanedPipeline


class Classifier(MLModel):
    async def load(self) -> bool:
        self._model = CleanedPipeline()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        answers = self._model.predict(StringCodec.decode_input(payload.inputs[0]))
        categories = [answer["prediction"] for answer in answers]
        probabilities = [json.dumps(answer["probabilities"]) for answer in answers]
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            outputs=[
                StringCodec.encode_output("prediction", categories),
                StringCodec.encode_output("probabilities", probabilities),
            ],
        )
