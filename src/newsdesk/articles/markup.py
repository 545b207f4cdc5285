"""HTML that was left in an article: its tags and entities would be learned as words."""

import re

# Elements that articles are written with: `a < b` and `<unknown>` are text.
_ELEMENTS = (
    "a|abbr|article|aside|audio|b|blockquote|body|br|caption|center|cite|code|del|div|em|embed|figcaption|figure|font|footer"
    "|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|li|link|main|meta|nav|noscript|object|ol|p|picture|pre|q|s"
    "|script|section|small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|th|thead|time|title|tr|u|ul|video"
)
_TAG = rf"</?(?:{_ELEMENTS})(?:[\s/][^<>]*)?>"
_COMMENT = r"<!--|<!doctype\b"
# Those that writers and editors leave; `AT&T;` is text.
_ENTITY = (
    r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|euro|pound|bull|middot);"
)
_MARKUP = re.compile(f"{_TAG}|{_COMMENT}|{_ENTITY}", re.IGNORECASE)


def has_markup(text: str) -> bool:
    """Whether there is a tag, a comment or an entity of HTML in it. Takes time in proportion to its length."""
    return ("<" in text or "&" in text) and _MARKUP.search(text) is not None
