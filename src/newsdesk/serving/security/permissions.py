"""What each request needs. What is not in the table needs `admin`: a new route is closed until it is entered here."""

from starlette.routing import compile_path

from newsdesk.serving.security.caller import Scope

# Method, path as the router writes it, and what it takes.
PERMISSIONS: tuple[tuple[str, str, Scope | None], ...] = (
    ("GET", "/health", None),
    ("GET", "/ready", None),
    ("GET", "/docs", None),
    ("GET", "/docs/oauth2-redirect", None),
    ("GET", "/redoc", None),
    ("GET", "/openapi.json", None),
    ("GET", "/static-offline-docs/{path:path}", None),  # what the two pages load
    ("GET", "/v2", None),
    ("GET", "/v2/health/live", None),
    ("GET", "/v2/health/ready", None),
    ("POST", "/auth/token", None),  # asks for the API key itself
    ("POST", "/predict", "predict"),
    ("POST", "/predict/batch", "predict"),
    ("POST", "/explain", "predict"),
    ("GET", "/model/info", "predict"),
    ("GET", "/model/versions", "predict"),
    ("GET", "/v2/models/{name}", "predict"),
    ("GET", "/v2/models/{name}/ready", "predict"),
    ("POST", "/v2/models/{name}/infer", "predict"),
    ("GET", "/v2/models/{name}/versions/{version}", "predict"),
    ("GET", "/v2/models/{name}/versions/{version}/ready", "predict"),
    ("POST", "/v2/models/{name}/versions/{version}/infer", "predict"),
    ("POST", "/feedback", "feedback"),
    ("GET", "/metrics", "monitor"),
    ("GET", "/monitor", "monitor"),
    ("POST", "/model/promote", "admin"),
    ("POST", "/model/rollback", "admin"),
)

# Public, and still some callers are told more.
VARIES_WITH_CREDENTIALS = frozenset({"/health"})


class Permissions:
    """Looks up what a request needs. Paths are compared as the router compares them, by its own patterns."""

    def __init__(self) -> None:
        self._exact = {(method, path): scope for method, path, scope in PERMISSIONS if "{" not in path}
        self._patterns = [(method, compile_path(path)[0], scope) for method, path, scope in PERMISSIONS if "{" in path]

    def needed(self, method: str, path: str) -> Scope | None:
        """The scope that a request needs; None where anybody may. HEAD is a GET without its body."""
        method = "GET" if method == "HEAD" else method
        try:
            return self._exact[method, path]
        except KeyError:
            for known_method, pattern, scope in self._patterns:
                if known_method == method and pattern.fullmatch(path):
                    return scope
            return "admin"
