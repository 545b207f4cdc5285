"""Why no model answers."""

from http import HTTPStatus

from newsdesk.serving.errors import ApiError


def no_model_loaded() -> ApiError:
    message = "No model is loaded: promote one, and it answers within MODEL_REFRESH_INTERVAL"
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "Model not loaded", message, "no_model")


def prediction_failed() -> ApiError:
    message = "The model could not answer"
    return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "Model prediction failed", message, "model_failed")
