#!/usr/bin/env -S python3 -ISB
"""healthcheck URL [COMPONENT]: exit 0 if URL answers 2xx and, of a JSON answer, the component's status is healthy."""

import json
import sys
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener


def main(url: str, component: str | None = None) -> str | None:
    """What is wrong, or None."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=8) as answer:  # the image's own service
            body = answer.read()
    except (OSError, HTTPException) as error:
        return f"{url}: {error}"
    if component is None:
        return None
    status = json.loads(body)[component]["status"]
    return None if status == "healthy" else f"{component} is {status}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
