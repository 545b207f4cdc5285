"""What one writes in ten minutes: FastAPI before a scikit-learn pipeline."""

from typing import Any

from fastapi import FastAPI
from pipeline import CleanedPipeline
from pydantic import BaseModel


class Request(BaseModel):
    text: str


class Response(BaseModel):
    prediction: str
    probabilities: dict[str, float]


app = FastAPI()
model = CleanedPipeline()


@app.post("/predict", response_model=Response)
def predict(request: Request) -> Any:
    return model.predict([request.text])[0]
