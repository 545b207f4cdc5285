"""Requests that no honest client sends, byte by byte."""

import json
import zlib
from collections.abc import Iterator

HEADLINE = b"Striker scores twice as the champions win the cup final"
OK = b'{"text": "%s"}' % HEADLINE

# For every endpoint with a JSON body, one in which a value can be put where a text belongs.
BODIES = {
    "/predict": b'{"text": %s}',
    "/predict/batch": b'{"texts": [%s]}',
    "/explain": b'{"text": %s}',
    "/feedback": b'{"text": "A text that is long enough", "category": %s}',
    "/model/promote": b'{"version": %s}',
    "/model/rollback": b'{"reason": %s}',
    "/v2/models/news-classifier/infer": (
        b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [%s]}]}'
    ),
    "/v2/models/news-classifier/versions/champion/infer": (
        b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [%s]}]}'
    ),
    "/auth/token": b'{"api_key": %s}',
}
BAD_VALUES = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "1e999": b"1e999",
    "minus 1e999": b"-1e999",
    "ten thousand digits": b"1" * 10_000,
    "a million digits": b"1" * 1_000_000,
    "a thousand digits behind the point": b"0." + b"1" * 1000,
    "hexadecimal": b"0x10",
    "leading zero": b"007",
    "true": b"true",
    "null": b"null",
    "object": b"{}",
    "escaped lone surrogate": rb'"%s \ud800"' % HEADLINE,
    "escaped surrogates the wrong way round": rb'"%s \udc00\ud800"' % HEADLINE,
    "raw lone surrogate": b'"%s \xed\xa0\x80"' % HEADLINE,
    "surrogate pair in CESU-8": b'"%s \xed\xa0\xbd\xed\xb8\x80"' % HEADLINE,
    "escaped NUL": rb'"%s \u0000"' % HEADLINE,
    "raw NUL": b'"%s \x00"' % HEADLINE,
    "raw newline": b'"%s \n"' % HEADLINE,
    "overlong UTF-8": b'"%s \xc0\xaf"' % HEADLINE,
    "overlong NUL": b'"%s \xc0\x80"' % HEADLINE,
    "truncated UTF-8": b'"%s \xe2\x82"' % HEADLINE,
    "UTF-8 beyond Unicode": b'"%s \xf4\x90\x80\x80"' % HEADLINE,
    "byte order mark inside out": b'"%s \xff\xfe"' % HEADLINE,
    "unknown escape": rb'"%s \x41"' % HEADLINE,
    "half an escape": rb'"%s \u12"' % HEADLINE,
    "single quotes": b"'%s'" % HEADLINE,
    "no quotes": HEADLINE,
    "no end": b'"%s' % HEADLINE,
    "comment": b'/* %s */ ""' % HEADLINE,
    "a hundred thousand brackets": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand open brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "an object of a hundred thousand keys": json.dumps({str(key): key for key in range(100_000)}).encode(),
    "a key twice": b'{"a": 1, "a": 2}',
}
NOT_JSON = {
    "nothing": b"",
    "blank": b" \r\n",
    "byte order mark twice": b"\xef\xbb\xbf" * 2 + OK,
    "UTF-16": OK.decode().encode("utf-16"),
    "UTF-16 without mark": OK.decode().encode("utf-16-be"),
    "UTF-32": OK.decode().encode("utf-32"),
    "two documents": OK + OK,
    "text behind": OK + b"x",
    "trailing comma": OK[:-1] + b",}",
    "key twice": OK[:-1] + b', "text": "again and again"}',
    "list": b"[%s]" % OK,
    "form": b"text=" + HEADLINE,
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "pickle": b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "every byte": bytes(range(256)),
}


def _bomb(size: int) -> bytes:
    """A gzip of so many blanks, made piece by piece."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(size // 2**20)) + packer.flush()


_BOMB = _bomb(2**27)
_TENSOR = b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": %d}}]}'
# Inference-Header-Content-Length, and a body that it does not fit.
BAD_TENSORS = {
    "a tensor that is not there": (b"%d" % len(_TENSOR % 9), _TENSOR % 9),
    "a text longer than its tensor": (b"%d" % len(_TENSOR % 9), _TENSOR % 9 + b"\xff\xff\xff\xff" + b"a" * 5),
    "a tensor of no text": (b"%d" % len(_TENSOR % 9), _TENSOR % 9 + b"\x05\0\0\0" + b"\xff" * 5),
    "a negative size": (b"%d" % len(_TENSOR % -9), _TENSOR % -9 + bytes(9)),
    "two million texts": (b"%d" % len(_TENSOR % 8_000_000), _TENSOR % 8_000_000 + bytes(8_000_000)),
    "a header that is no number": (b"all", _TENSOR % 0),
    "a header beyond the body": (b"9" * 4000, _TENSOR % 0),
}

NOT_JSON_TYPES = (b"text/plain", b"application/xml", b"multipart/form-data", b"application/json5", b"json", b"\xff")


def post(path: str, body: bytes, *headers: bytes, content_type: bytes = b"application/json") -> bytes:
    """A whole request."""
    lines = [
        b"POST %s HTTP/1.1" % path.encode(),
        b"host: newsdesk.test",
        b"content-type: " + content_type,
        b"content-length: %d" % len(body),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def bad_bodies() -> Iterator[tuple[str, bytes]]:
    """Well-formed HTTP whose body is to be refused, for every endpoint."""
    for path, body in BODIES.items():
        for name, value in BAD_VALUES.items():
            yield f"{path}: {name}", post(path, body % value)
        for name, value in NOT_JSON.items():
            yield f"{path}: {name}", post(path, value)
        good = body % (b'"%s"' % HEADLINE)
        for content_type in NOT_JSON_TYPES:
            yield f"{path}: sent as {content_type!r}", post(path, good, content_type=content_type)
        for name, (coding, packed) in badly_packed(good).items():
            yield f"{path}: {name}", post(path, packed, b"content-encoding: " + coding)
    infer = "/v2/models/news-classifier/infer"
    for name, (header, tensors) in BAD_TENSORS.items():
        yield f"{infer}: {name}", post(infer, tensors, b"inference-header-content-length: " + header)


def badly_packed(good: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Content-Encoding, and a body that is not what it says, or too large for anybody."""
    zipped = zlib.compress(good, wbits=31)
    return {
        "gzip that is none": (b"gzip", good),
        "deflate that is gzip": (b"deflate", zipped),
        "half of a gzip": (b"gzip", zipped[: len(zipped) // 2]),
        "gzip without its checksum": (b"gzip", zipped[:-4]),
        "gzip with a wrong checksum": (b"gzip", zipped[:-8] + bytes(8)),
        "gzip in gzip": (b"gzip, gzip", zlib.compress(zipped, wbits=31)),
        "two gzips": (b"gzip", zipped * 2),
        "ten thousand empty gzips": (b"gzip", zlib.compress(b"", wbits=31) * 10_000),
        "a body that inflates a thousandfold": (b"gzip", _BOMB),
        "an unknown coding": (b"br", good),
        "a coding that is no word": (b"\xff", good),
    }


def _raw(method: bytes, target: bytes, *headers: bytes, version: bytes = b"HTTP/1.1", body: bytes = b"") -> bytes:
    return b"\r\n".join([b"%s %s %s" % (method, target, version), *headers, b"", body])


HOST = b"host: newsdesk.test"
JSON = b"content-type: application/json"
CHUNKED = b"transfer-encoding: chunked"

BAD_HTTP = {
    "content-length is negative": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: -1", body=OK),
    "content-length is no number": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: ten", body=OK),
    "content-length has a sign": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: +70", body=OK),
    "content-length beyond 64 bits": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: " + b"9" * 30, body=OK),
    "content-length beyond the limit": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: 99999999999"),
    "two lengths": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: 5", b"content-length: 6", body=OK),
    "length and chunks": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "content-length too short": _raw(b"POST", b"/predict", HOST, JSON, b"content-length: 10", body=OK),
    "chunk size is no number": _raw(b"POST", b"/predict", HOST, JSON, CHUNKED, body=b"xyz\r\n" + OK + b"\r\n0\r\n\r\n"),
    "chunk size is negative": _raw(b"POST", b"/predict", HOST, JSON, CHUNKED, body=b"-1\r\n" + OK + b"\r\n0\r\n\r\n"),
    "chunk size beyond 64 bits": _raw(b"POST", b"/predict", HOST, JSON, CHUNKED, body=b"f" * 20 + b"\r\n" + OK),
    "chunk longer than it says": _raw(b"POST", b"/predict", HOST, JSON, CHUNKED, body=b"3\r\n" + OK + b"\r\n0\r\n\r\n"),
    "unknown transfer coding": _raw(b"POST", b"/predict", HOST, JSON, b"transfer-encoding: magic", body=OK),
    "header of 100 KB": _raw(b"GET", b"/health", HOST, b"x: " + b"a" * 100_000),
    "header of 1 MB": _raw(b"GET", b"/health", HOST, b"x: " + b"a" * 1_000_000),
    "header without end": b"GET /health HTTP/1.1\r\nx: " + b"a" * 1_000_000,
    "ten thousand headers": _raw(b"GET", b"/health", HOST, *(b"x-%d: %d" % (n, n) for n in range(10_000))),
    "request line of 100 KB": _raw(b"GET", b"/" + b"a" * 100_000, HOST),
    "request line of 1 MB": _raw(b"GET", b"/health?" + b"a" * 1_000_000, HOST),
    "header without colon": _raw(b"GET", b"/health", HOST, b"nonsense"),
    "header without name": _raw(b"GET", b"/health", HOST, b": value"),
    "header name with a space": _raw(b"GET", b"/health", HOST, b"a b: c"),
    "space before the colon": _raw(b"POST", b"/predict", HOST, JSON, b"content-length : 5", body=OK),
    "NUL in a header": _raw(b"GET", b"/health", HOST, b"x: a\0b"),
    "NUL in the target": _raw(b"GET", b"/hea\0lth", HOST),
    "bare carriage return": _raw(b"GET", b"/health", HOST, b"x: a\rb: c"),
    "unknown method": _raw(b"BREW", b"/predict", HOST),
    "method in small letters": _raw(b"get", b"/health", HOST),
    "method of 100 KB": _raw(b"G" * 100_000, b"/health", HOST),
    "method CONNECT": _raw(b"CONNECT", b"newsdesk.test:443", HOST),
    "method TRACE": _raw(b"TRACE", b"/predict", HOST),
    "target *": _raw(b"GET", b"*", HOST),
    "all options": _raw(b"OPTIONS", b"*", HOST),
    "target is empty": _raw(b"GET", b"", HOST),
    "target is relative": _raw(b"GET", b"health", HOST),
    "target with raw UTF-8": _raw(b"GET", "/prédict".encode(), HOST),
    "target with a space": _raw(b"GET", b"/a b", HOST),
    "target is another scheme": _raw(b"GET", b"file:///etc/passwd", HOST),
    "HTTP/9.9": _raw(b"GET", b"/health", HOST, version=b"HTTP/9.9"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "every byte": bytes(range(256)) * 4,
    "only line ends and a NUL": b"\r\n\r\n\r\n\0",
}
PATHS = [
    *(
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/.%00./etc",
        "/%",
        "/%zz",
        "/%u0041",
    ),
    *("/%00", "/%0d%0aset-cookie:%20a=b", "/%c0%af", "/%ed%a0%80", "/%ff", "/predict%00", "/predict/", "//predict"),
    *("/predict;a=b", "/PREDICT", "/%70redict/x", "/health/../metrics", "/static-offline-docs/../../../etc/passwd"),
    *("/static-offline-docs/%2e%2e/%2e%2e/app.py", "/static-offline-docs/..%5c..%5capp.py", "/static-offline-docs/%00"),
    *("/static-offline-docs//etc/passwd", "/v2/models/..%2f..", "/v2/models/%00/ready", "/v2/models/" + "a" * 60_000),
    *(
        "/v2/models/news-classifier/versions/%00",
        "/v2/models/news-classifier/versions/" + "9" * 5000,
        "/" + "a/" * 30_000,
    ),
]


def bad_http() -> Iterator[tuple[str, bytes]]:
    """What is no HTTP, no HTTP of ours, or no address of ours: to be refused, with a 4xx and our shape."""
    yield from BAD_HTTP.items()
    for path in PATHS:
        yield f"GET {path[:60]}", _raw(b"GET", path.encode(), HOST)
        yield f"GET {path[:60]} absolute", _raw(b"GET", b"http://newsdesk.test" + path.encode(), HOST)
