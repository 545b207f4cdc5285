"""Every request of a fuzzing run comes from another address, as behind a proxy: a single client that tries many wrong
keys is answered with 429 soon, and the check that each of them is answered with 401 would never be made.
"""

from ipaddress import IPv4Address
from random import getrandbits
from typing import Any

import schemathesis

_BENCHMARKING = int(IPv4Address("198.18.0.0"))  # RFC 2544: 198.18.0.0/15 is for this
_HOST_BITS = 17


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]) -> None:
    """Name another client."""
    address = IPv4Address(_BENCHMARKING + getrandbits(_HOST_BITS))
    case.headers["X-Forwarded-For"] = str(address)


@schemathesis.serializer("application/x-ndjson")
def lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """JSON Lines as they are, of which the description has an example."""
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out JSON Lines that are meant to be none: every line is answered by itself, the whole with 200."""
    return case.media_type != "application/x-ndjson" or isinstance(case.body, str)
