"""Binary tensors and compressed bodies through the door: the same answers as plain JSON gets, and never a 5xx."""

import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.registry.version import MODEL
from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, predictor, running

INFER = f"/v2/models/{MODEL}/infer"
HEADER = "Inference-Header-Content-Length"
TEXTS = [HEADLINE, "Bank lifts interest rates after shares fall – für 3 €"]
MIB = 1024 * 1024
PLAIN = {"/predict": {"text": HEADLINE}, "/explain": {"text": HEADLINE}, "/predict/batch": {"texts": TEXTS}}

good_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40).map(
    lambda tail: f"{HEADLINE} {tail}"
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(tmp_path_factory.mktemp("binary")) as api:
        yield api


def packed(texts: list[str]) -> bytes:
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def tensor_of(texts: list[str], **more: Any) -> dict[str, Any]:
    return {"name": "text", "shape": [len(texts)], "datatype": "BYTES", **more}


def binary(
    api: Api, tensor: bytes, size: Any = None, count: int = 1, header: str | None = None, **more: Any
) -> httpx.Response:
    """The answer to a tensor of `count` texts behind the JSON object."""
    parameters = {"binary_data_size": len(tensor) if size is None else size}
    told = json.dumps({"inputs": [tensor_of([""] * count, parameters=parameters)]} | more).encode()
    headers = {HEADER: str(len(told)) if header is None else header, "Content-Type": "application/octet-stream"}
    return api.post(INFER, content=told + tensor, headers=headers)


def arrays(response: httpx.Response) -> dict[str, list[Any]]:
    """The outputs of an answer, wherever they stand."""
    assert response.status_code == 200, response.text
    length = int(response.headers.get(HEADER, len(response.content)))
    told, rest = json.loads(response.content[:length]), response.content[length:]
    found: dict[str, list[Any]] = {}
    for output in told["outputs"]:
        if "data" in output:
            found[output["name"]] = output["data"]
            continue
        size = output["parameters"]["binary_data_size"]
        data, rest = rest[:size], rest[size:]
        found[output["name"]] = (
            np.frombuffer(data, "<f8").tolist() if output["datatype"] == "FP64" else list(elements(data))
        )
    assert rest == b""
    return found


def elements(data: bytes) -> Iterator[str]:
    while data:
        (size,) = struct.unpack_from("<I", data)
        yield data[4 : 4 + size].decode()
        data = data[4 + size :]


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(good_text, min_size=1, max_size=4), is_binary=st.booleans())
def test_binary_and_json_get_equal_answers(api: Api, texts: list[str], is_binary: bool) -> None:
    plain = api.post(INFER, json={"inputs": [tensor_of(texts, data=texts)]})
    response = binary(
        api, packed(texts), count=len(texts), parameters={"binary_data_output": is_binary}, id="r", model_name=MODEL
    )
    assert arrays(response) == arrays(plain)
    assert (HEADER in response.headers) == is_binary
    expected = "application/octet-stream" if is_binary else "application/json"
    assert response.headers["content-type"] == expected


@settings(max_examples=60, deadline=None)
@given(tensor=st.binary(max_size=80), size=st.none() | st.integers(-5, 90), count=st.integers(0, 4), data=st.data())
def test_random_bytes_are_answered_or_refused_in_the_one_shape(
    api: Api, tensor: bytes, size: int | None, count: int, data: st.DataObject
) -> None:
    header = data.draw(st.none() | st.integers(-3, 300).map(str))
    response = binary(api, tensor, size, count, header)
    assert response.status_code == 200 or (response.status_code == 400 and code_of(response))


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=200), coding=st.sampled_from(["gzip", "deflate", "br", ""]), header=st.integers(0, 200))
def test_random_bodies_are_refused_in_the_one_shape(api: Api, body: bytes, coding: str, header: int) -> None:
    for path in (INFER, *PLAIN):
        content = gzip.compress(body) if coding == "gzip" and header % 2 else body
        response = api.post(path, content=content, headers={"Content-Encoding": coding, HEADER: str(header)})
        assert response.status_code == (415 if coding == "br" else 400)
        assert code_of(response)


GOOD = packed([HEADLINE])
BAD: dict[str, dict[str, Any]] = {
    "a size that is too small": {"tensor": GOOD, "size": len(GOOD) - 1},
    "a size that is too large": {"tensor": GOOD, "size": len(GOOD) + 1},
    "a negative size": {"tensor": GOOD, "size": -1},
    "a size beyond all": {"tensor": GOOD, "size": 2**70},
    "a size in words": {"tensor": GOOD, "size": "all"},
    "no bytes at all": {"tensor": b""},
    "another number of texts": {"tensor": GOOD, "count": 2},
    "a length beyond the end": {"tensor": struct.pack("<I", 2**32 - 1) + HEADLINE.encode()},
    "half a length": {"tensor": GOOD + b"\x01\x00"},
    "no UTF-8": {"tensor": struct.pack("<I", 60) + b"\xff" * 60},
    "a NUL": {"tensor": packed([f"{HEADLINE} \0"])},
    "a short text": {"tensor": packed(["short"])},
    "no header": {"tensor": GOOD, "header": ""},
    "a negative header": {"tensor": GOOD, "header": "-1"},
    "a header beyond the body": {"tensor": GOOD, "header": "9999"},
    "a header of nothing": {"tensor": GOOD, "header": "0"},
    "a header that cuts the JSON": {"tensor": GOOD, "header": "20"},
    "more texts than are taken": {"tensor": b"\0\0\0\0" * 10_001, "count": 10_000},
    "more texts than that": {"tensor": b"\0\0\0\0" * (2 * MIB - 100), "count": 10_000},
}


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD)
def test_what_is_no_binary_tensor_is_refused(request_: dict[str, Any], api: Api) -> None:
    response = binary(api, **request_)
    assert response.status_code == 400, response.text
    assert code_of(response) in ("invalid_input", "wrong_shape", "text_too_short")


def test_data_come_once_as_json_or_as_bytes(api: Api) -> None:
    twice = tensor_of([HEADLINE], data=[HEADLINE], parameters={"binary_data_size": len(GOOD)})
    told = json.dumps({"inputs": [twice]}).encode()
    response = api.post(INFER, content=told + GOOD, headers={HEADER: str(len(told))})
    assert (response.status_code, code_of(response)) == (400, "invalid_input")
    plain = json.dumps({"inputs": [tensor_of([HEADLINE], data=[HEADLINE])]}).encode()
    assert api.post(INFER, content=plain, headers={HEADER: str(len(plain))}).status_code == 200
    assert api.post(INFER, content=plain + b"x", headers={HEADER: str(len(plain))}).status_code == 400


def test_an_output_says_for_itself_whether_it_is_binary(api: Api) -> None:
    asked = [
        {"name": "category", "parameters": {"binary_data": False}},
        {"name": "probabilities"},
        {"name": "classes", "parameters": {"binary_data": True}},
    ]
    body = {"inputs": [tensor_of(TEXTS, data=TEXTS)], "outputs": asked}
    for whole, expected in ((True, ["probabilities", "classes"]), (False, ["classes"])):
        response = api.post(INFER, json=body | {"parameters": {"binary_data_output": whole}})
        told = json.loads(response.content[: int(response.headers[HEADER])])
        assert [output["name"] for output in told["outputs"] if "data" not in output] == expected
        found = arrays(response)
        assert list(found) == ["category", "probabilities", "classes"]
        assert found["classes"] == predictor().classes


@pytest.mark.parametrize("path", PLAIN)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_every_body_of_json_may_come_compressed(path: str, coding: str, api: Api) -> None:
    plain = json.dumps(PLAIN[path]).encode()
    content = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    assert api.post(path, content=content, headers=headers).status_code == 200
    for broken in (content[:-1], content + b"x", plain, b""):
        response = api.post(path, content=broken, headers=headers)
        assert (response.status_code, code_of(response)) == (400, "invalid_input")


@pytest.mark.parametrize("path", [INFER, *PLAIN])
def test_a_body_that_inflates_beyond_the_limit_is_refused(path: str, api: Api) -> None:
    bomb = gzip.compress(b" " * (100 * MIB))
    response = api.post(path, content=bomb, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert (response.status_code, code_of(response)) == (413, "body_too_large")


def test_lines_are_not_taken_compressed(api: Api) -> None:
    content = gzip.compress(json.dumps({"text": HEADLINE}).encode())
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    response = api.post("/predict/batch", content=content, headers=headers)
    assert (response.status_code, code_of(response)) == (415, "unsupported_encoding")
    assert response.headers["accept-encoding"] == "identity"
    assert "Content-Encoding" in response.json()["message"]


def test_a_coding_that_is_not_known_is_refused_with_those_that_are(api: Api) -> None:
    response = api.post("/predict", content=MARK.encode(), headers={"Content-Encoding": "zstd"})
    assert (response.status_code, code_of(response)) == (415, "unsupported_encoding")
    assert response.headers["accept-encoding"] == "gzip, deflate"
    assert MARK not in response.text


def test_a_long_answer_is_compressed_for_who_can_read_it_and_a_short_one_is_not(api: Api) -> None:
    texts = TEXTS * 100
    body = {"inputs": [tensor_of(texts, data=texts)]}
    plain = api.post(INFER, json=body, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for coding in ("gzip", "deflate"):
        response = api.post(INFER, json=body, headers={"Accept-Encoding": coding})
        assert response.headers["content-encoding"] == coding
        assert int(response.headers["content-length"]) < len(plain.content) / 2
        assert arrays(response) == arrays(plain)
    short = api.post(INFER, json={"inputs": [tensor_of([HEADLINE], data=[HEADLINE])]})
    assert "content-encoding" not in short.headers
    assert short.headers["vary"] == "Accept-Encoding"
