"""Where requests come from, as labels of metrics: few values, whatever clients send."""

from starlette.types import Scope

from newsdesk.config.settings import Settings
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.trusted_proxies import TrustedProxies

UNKNOWN = "unknown"
ANONYMOUS, OTHER = "anonymous", "other"
MOST_CALLERS = 100

# ISO 3166-1 alpha-2: https://www.iso.org/iso-3166-country-codes.html
_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_CODES.split())


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
        named = [value for name, value in scope["headers"] if name == self._header]
        code = named[0].decode("latin-1").strip().upper() if len(named) == 1 else ""
        return code if code in COUNTRIES else UNKNOWN

    def caller(self, caller: Caller | None) -> str:
        """The name of the API key behind a request, for the first hundred names; an address is never told."""
        if caller is None or not caller.authenticated:
            return ANONYMOUS
        if caller.key_id is None or (caller.name not in self._callers and len(self._callers) == MOST_CALLERS):
            return OTHER
        self._callers.add(caller.name)
        return caller.name
