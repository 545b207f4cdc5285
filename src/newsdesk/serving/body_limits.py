"""How much the body of a request may hold, as its model says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel
from starlette.routing import BaseRoute, Route

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`size`: bytes, as they come and unpacked; `items`: keys of objects and elements of lists, at whatever depth."""

    size: int
    items: int


FORM = BodyLimits(size=16 * 1024, items=1_000)
ONE_TEXT = BodyLimits(size=8 * MIB, items=1_000)  # the longest text allowed, with every character escaped, fits in


class LimitedBody(BaseModel):
    """The body of a request. What takes more than a form says so."""

    body_limits: ClassVar[BodyLimits] = FORM


class BodySizes:
    """How many bytes a body may have, by its path. One that takes none has the limit of a form."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        limited = [(route, size) for route in routes if isinstance(route, Route) and (size := _body_size_limit(route))]
        self._exact = {route.path: size for route, size in limited if not route.param_convertors}
        self._patterns = [(route.path_regex, size) for route, size in limited if route.param_convertors]

    def most(self, path: str) -> int:
        """Bytes."""
        size = self._exact.get(path)
        if size is None:
            size = next((size for pattern, size in self._patterns if pattern.match(path)), FORM.size)
        return size


def _body_size_limit(route: Route) -> int | None:
    limits: BodyLimits | None = getattr(route, "body_limits", None)
    return limits.size if limits else None
