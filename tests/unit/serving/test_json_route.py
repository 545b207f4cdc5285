"""Which bodies an endpoint takes."""

import pytest

from newsdesk.serving.errors import ApiError
from newsdesk.serving.json_route import require_json


@pytest.mark.parametrize("media_type", [b"application/json", b"application/problem+json"])
def test_a_media_type_of_json_is_taken(media_type: bytes) -> None:
    require_json(media_type)


@pytest.mark.parametrize("media_type", [b"", b"text/plain", b"text/json", b"multipart/form-data", b"json"])
def test_another_media_type_is_not(media_type: bytes) -> None:
    with pytest.raises(ApiError, match="application/json"):
        require_json(media_type)
