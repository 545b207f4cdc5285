"""The binary tensor data extension of the Open Inference Protocol: tensors behind the JSON object of a message.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from collections.abc import Iterable, Sequence
from struct import Struct, pack

from newsdesk.serving.errors import invalid_input

HEADER = b"inference-header-content-length"  # how many bytes of a body are JSON
MEDIA_TYPE = "application/octet-stream"
_LENGTH = Struct("<I")  # stands before every element of a BYTES tensor


def split_body(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> tuple[bytes, bytes]:
    """The JSON object of a body, and the tensors behind it. Raises `ApiError`."""
    lengths = {value for name, value in headers if name == HEADER}
    if not lengths:
        return body, b""
    (length, *more) = lengths
    if more or not length.isdigit() or len(length) > 12 or int(length) > len(body):
        raise invalid_input("Inference-Header-Content-Length must be the number of bytes of the JSON in the body")
    return body[: int(length)], body[int(length) :]


def read_texts(tensor: bytes, max_texts: int) -> list[str]:
    """The elements of a BYTES tensor, `max_texts` at most. Raises `ApiError`."""
    texts: list[str] = []
    start, end = 0, len(tensor)
    while start < end:
        if len(texts) == max_texts:
            raise invalid_input(f"inputs.0: at most {max_texts:,} elements are taken", "wrong_shape")
        begin = start + _LENGTH.size
        start = begin + _LENGTH.unpack_from(tensor, start)[0] if begin <= end else end + 1
        if start > end:
            raise invalid_input(f"inputs.0: element {len(texts)} is longer than its binary data", "wrong_shape")
        try:
            texts.append(tensor[begin:start].decode("utf-8"))
        except UnicodeDecodeError:
            raise invalid_input(f"text {len(texts)}: it is not text in UTF-8") from None
    return texts


def write_tensor(datatype: str, data: Sequence[str] | Sequence[float]) -> bytes:
    """A tensor of BYTES or FP64, in row-major order and little-endian."""
    if datatype == "FP64":
        return pack(f"<{len(data)}d", *data)
    elements = [str(element).encode() for element in data]
    return b"".join(part for element in elements for part in (_LENGTH.pack(len(element)), element))
