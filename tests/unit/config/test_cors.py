"""Origins as people write them, and as browsers send them."""

import pytest

from newsdesk.config.cors import normalise_origins
from newsdesk.config.settings import load_settings
from newsdesk.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://x/", "https://x"),
        ("https://news.example", "https://news.example"),
        ("HTTPS://News.Example", "https://news.example"),
        ("https://news.example:443", "https://news.example"),
        ("http://news.example:80/", "http://news.example"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("*", "*"),
        (" https://a.example/ , https://b.example,", "https://a.example,https://b.example"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(written: str, sent: str) -> None:
    assert normalise_origins(written) == sent
    assert normalise_origins(sent) == sent


@pytest.mark.parametrize(
    "written", ["news.example", "https://news.example/app", "https://", "https://x?y", "https://me@x", "https://x:port"]
)
def test_what_would_never_match_is_refused_with_what_to_write(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_CORS_ORIGINS", f"https://good.example,{written}")
    with pytest.raises(ConfigError, match="Environment variable API_CORS_ORIGINS: "):
        load_settings()
