"""Where requests come from, as labels of metrics: few values, whatever clients send."""

from importlib.resources import files

from starlette.types import Scope

from newsdesk.config.settings import Settings
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.trusted_proxies import TrustedProxies

UNKNOWN = "unknown"
ANONYMOUS, OTHER = "anonymous", "other"
MOST_CALLERS = 100


def _country_codes() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2, as the time zone database lists them (https://www.iana.org/time-zones)."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.partition("\t")[0] for line in table.splitlines() if not line.startswith("#"))


COUNTRIES = _country_codes()


class ClientLabels:
    """Tells the country and the caller of the requests of one server process."""

    def __init__(self, settings: Settings) -> None:
        self._header = (settings.api_country_header or "").lower().encode()
        self._proxies = TrustedProxies(settings)
        self._callers: set[str] = set()

    def country(self, scope: Scope) -> str:
        """The country that `API_COUNTRY_HEADER` names; unknown unless a trusted proxy says so, and says one."""
        if not self._header or not self._proxies.sent(scope):
            return UNKNOWN
        values = [value for name, value in scope["headers"] if name == self._header]
        code = values[0].decode("latin-1").strip().upper() if len(values) == 1 else ""
        return code if code in COUNTRIES else UNKNOWN

    def caller(self, caller: Caller | None) -> str:
        """The name of the API key behind a request, for the first hundred names; an address is never told."""
        if caller is None or not caller.authenticated:
            return ANONYMOUS
        if caller.key_id is None or (caller.name not in self._callers and len(self._callers) == MOST_CALLERS):
            return OTHER
        self._callers.add(caller.name)
        return caller.name
