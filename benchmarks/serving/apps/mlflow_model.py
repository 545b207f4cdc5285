"""The pipeline as MLflow takes a model from code."""

from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext


class Classifier(PythonModel):
    def load_context(self, context: PythonModelContext) -> None:
        from pipeline import CleanedPipeline  # not where the model is saved, only where it is served

        self._model = CleanedPipeline(context.artifacts["pipeline"])

    def predict(self, model_input: list[str]) -> list[dict[str, Any]]:
        return self._model.predict(model_input)


set_model(Classifier())
