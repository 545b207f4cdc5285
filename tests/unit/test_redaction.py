"""Whatever the address, and wherever in it a secret stands: people see user and host, and never the secret."""

import logging
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsdesk.config.provenance import effective_settings
from newsdesk.config.secrets import RedactedRecord, secrets_of
from newsdesk.config.settings import Settings
from newsdesk.redaction import redact, redact_address, secrets_in

BEGIN, END = "Zx9q7Lmv", "kT4wRb8n"  # a secret begins and ends so: each of these alone may not be seen, either
SIGNS = st.text(st.sampled_from("aZ5:@/?#&=;,%+$!*()[]~^|. \t\"'\\<>ü"), max_size=6)
SECRETS = SIGNS.map(lambda between: f"{BEGIN}{between}{END}")

# What a person may write where an address belongs, with the secret at each place it can have.
ADDRESSES = [
    *(
        f"{scheme}newsdesk:{{secret}}@db.example{rest}"
        for scheme in (
            "postgresql://",
            "postgresql+psycopg://",
            "https://",
            "redis://",
            "s3://",
            "sftp://",
            "sqlite://",
            "postgresql//",
            "postgres:/",
            "postgresql:",
            "postgresql;//",
            "://",
            "//",
            "",
        )
        for rest in ("", ":5432/newsdesk", ",standby.example:5433/newsdesk", "/newsdesk?sslmode=require#top")
    ),
    "redis://:{secret}@cache.example:6379/0",
    "postgresql://newsdesk:{secret}@/newsdesk?host=/var/run/postgresql",
    "postgresql://one:{secret}@a.example,two:{secret}@b.example/newsdesk",
    *(
        f"{start}{mark}{name}={{secret}}{rest}"
        for start in (
            "postgresql://db.example/newsdesk",
            "postgresql:///newsdesk",
            "https://bucket.example/a.csv",
            "redis://cache.example/0",
            "postgresql//db.example/newsdesk",
        )
        for mark in ("?", "?sslmode=require&", "#", "?user=newsdesk&")
        for name in ("password", "sslpassword", "access_token", "api_key", "X-Amz-Signature", "pass%77ord", "PASSWORD")
        for rest in ("", "&connect_timeout=3")
    ),
    *(
        f"{start}{mark}={{secret}}"
        for start in (
            "https://bucket.example/a.csv",
            *(
                f"{scheme}db.example/news"
                for scheme in ("rediss:\\\\", "mysql:\\/", "https;//", "http/", "htp:", "s3\\\\", "")
            ),
            "s3:[::1]:1/news",
        )
        for mark in ("?whatever", "?sslmode=require&p", "#p", ";p")
    ),
    *(
        f"{start}bucket.example/a.csv{mark}{{secret}}"
        for start in ("https://", "https:\\\\", "https/")
        for mark in "?#"
    ),
    "jdbc:postgresql://db.example/newsdesk?user=newsdesk&password={secret}",
]
TOKENS = [
    f"{scheme}{{secret}}@hooks.example/services"
    for scheme in (
        *(
            "https://",
            "http:///",
            "https////",
            "https//",
            "https/",
            "HTTPS:/",
            "http:\\\\",
            "http;//",
            "https:",
            "htps://",
        ),
        *("htttp://", "ttps//", "git+https://", "git+https//"),
    )
]
UNAMBIGUOUS = [*ADDRESSES[::8], *TOKENS, "postgresql://newsdesk:{secret}/newsdesk"]
QUOTED = ["host=db.example user=newsdesk password='{secret}' dbname=newsdesk", "password = '{secret}'"]
SENTENCES = [
    "{address}",
    "Could not connect to {address}: refused.",
    "('{address}') and [\"{address}\"]",
    "NEWSDESK_DATABASE_URL={address}, is that right?",
]


def hides(shown: str) -> bool:
    return not {BEGIN.casefold(), END.casefold()} & {
        piece for piece in (BEGIN.casefold(), END.casefold()) if piece in urllib.parse.unquote(shown).casefold()
    }


@given(st.sampled_from(ADDRESSES), SECRETS, st.sampled_from(["plain", "encoded", "twice encoded"]))
@example("postgresql://newsdesk:{secret}@db.example/newsdesk", f"{BEGIN}@{END}", "plain")
def test_no_secret_of_an_address_is_shown(template: str, secret: str, writing: str) -> None:
    for _ in range(["plain", "encoded", "twice encoded"].index(writing)):
        secret = urllib.parse.quote(secret, safe="")
    address = template.format(secret=secret)
    assert hides(redact_address(address)), redact_address(address)
    assert hides(redact_address(urllib.parse.quote(address)))
    assert redact_address(redact_address(address)) == redact_address(address)


@given(st.sampled_from(TOKENS), st.text(st.sampled_from("aZ5%+$!*~.-_="), max_size=6), st.sampled_from(SENTENCES))
def test_no_token_before_the_host_is_shown(template: str, signs: str, sentence: str) -> None:
    address = template.format(secret=f"{BEGIN}{signs}{END}")
    assert hides(redact_address(address)), redact_address(address)
    assert hides(redact_address(urllib.parse.quote(address)))
    assert hides(redact(sentence.format(address=address)))
    assert "hooks.example/services" in redact_address(address)
    assert redact_address(redact_address(address)) == redact_address(address)


@given(
    st.sampled_from(["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "ssl_ca_certs", "ssl_keyfile"]),
    st.sampled_from(
        ["/srv/news room/ca", "/run/secrets/database_ca", "~/.postgresql/root.crt", "../keys/a+b.pem", "k.pem"]
    ),
)
def test_where_a_certificate_lies_is_shown(name: str, file: str) -> None:
    for path in (file, urllib.parse.quote(file, safe="")):
        rest = f"db.example/news?sslmode=verify-full&{name}={path}&connect_timeout=3"
        assert redact_address(f"postgresql://u:{BEGIN}@{rest}") == f"postgresql://u:***@{rest}"
        said = f'root certificate file "{file}" does not exist'
        assert redact(said, secrets_in(f"postgresql://u:{BEGIN}@{rest}")) == said
    pairs = f"host=db.example password=*** {name}='{file}'"
    assert redact_address(pairs.replace("***", BEGIN)) == pairs


@given(st.sampled_from(["sslrootcert", "sslkey", "passfile"]), SIGNS)
def test_a_key_put_where_its_file_belongs_is_hidden(name: str, signs: str) -> None:
    content = f"-----BEGIN PRIVATE KEY-----\n{BEGIN}{signs}{END}"
    assert hides(redact_address(f"postgresql://db.example/news?{name}={content}"))
    assert hides(redact_address(f"postgresql://db.example/news?sslkey={BEGIN}{END}"))


@given(st.sampled_from(QUOTED), SIGNS)
def test_no_secret_of_a_list_of_names_and_values_is_shown(template: str, signs: str) -> None:
    secret = f"{BEGIN}{signs}{END}".replace("\\", "\\\\").replace("'", "\\'")
    shown = redact_address(template.format(secret=secret))
    assert hides(shown), shown
    assert "db.example" in shown or "host" not in template


@given(st.sampled_from(ADDRESSES), SECRETS, st.sampled_from(SENTENCES))
def test_words_of_a_library_about_an_address_tell_no_secret(template: str, secret: str, sentence: str) -> None:
    address = template.format(secret=secret)
    pieces = [address, secret, repr(secret), urllib.parse.quote_plus(secret), f"'{secret.partition('@')[2]}'"]
    for words in (sentence.format(address=address), f"no such host {'; '.join(pieces)}"):
        assert hides(redact(words, secrets_in(address))), redact(words, secrets_in(address))


@given(st.sampled_from(ADDRESSES), st.text(st.sampled_from("aZ5@:/?$!*~."), max_size=5), st.sampled_from(SENTENCES))
def test_an_address_that_nobody_knows_tells_no_secret_in_words_either(template: str, signs: str, sentence: str) -> None:
    words = sentence.format(address=template.format(secret=f"{BEGIN}{signs}{END}"))
    assert hides(redact(words)), redact(words)


@pytest.mark.parametrize(
    ("address", "shown"),
    {
        "postgresql://newsdesk:x@db.example:5432/newsdesk": "postgresql://newsdesk:***@db.example:5432/newsdesk",
        "postgresql://u:x@a,b:5433/db?sslmode=require": "postgresql://u:***@a,b:5433/db?sslmode=require",
        "postgresql//u:x@h/db": "postgresql//u:***@h/db",
        "postgres:/u:x@h/db": "postgres:/u:***@h/db",
        "u:x@h/db": "u:***@h/db",
        "postgresql://u%3Ax@h/db": "postgresql://u:***@h/db",
        "postgresql://h/db?user=u&password=x&port=5": "postgresql://h/db?user=u&password=***&port=5",
        "host=h password='x y' user=u": "host=h password=*** user=u",
        "redis://:x@h:6379/0": "redis://:***@h:6379/0",
    }.items(),
)
def test_what_is_no_secret_stays(address: str, shown: str) -> None:
    assert redact_address(address) == shown


@pytest.mark.parametrize(
    "setting",
    [
        *("sqlite:////srv/a b/news%3F.db", "http://127.0.0.1:5001", "http://[::1]:8000/x", "s3://bucket/folder"),
        *("https://a.example,https://b.example:8443", "50/second;1000000/day", "/data/news@2026.csv", "*", ""),
        *("docs/deployment.md#certificates", "/data/news?.csv", "C:\\news\\c#\\a.csv", "https://h.example/news@2026"),
        *("file:///srv/a:b/c", "year=2026/news.csv", "127.0.0.1,10.0.0.0/8", "postgresql://u@h/db", "memory://x"),
    ],
)
def test_a_setting_without_a_secret_is_shown_as_it_is(setting: str) -> None:
    assert redact_address(setting) == setting
    assert secrets_in(setting) == frozenset()


@pytest.mark.parametrize(
    "sentence",
    [
        "Give --url http://HOST:PORT, or set NEWSDESK_API_KEY. Set API_AUTH=true: see http://localhost:8000/docs.",
        "Send one credential: Authorization: Bearer …, or X-API-Key",
        "MLflow at http://127.0.0.1:5001 does not answer. Start it, or correct MLFLOW_TRACKING_URI.",
        "Is that right? See docs/data.md#dates, or tables/news-??.csv: 12 of 3,000 rows; api/explain has no c#/a.",
        "Give sqlite:///FILE or postgresql://… (s3://bucket/folder), 3/4 of all, by desk@example.com.",
    ],
)
def test_a_sentence_without_a_secret_stays(sentence: str) -> None:
    assert redact(sentence, secrets_in("postgresql://newsdesk:newsdesk@h/newsdesk")) == sentence


def test_long_words_take_no_longer_than_they_are_long() -> None:
    for words in ("a" * 300_000, "key" * 100_000, "'" * 300_000, "a:/" * 100_000, "@:" * 100_000, "a=" * 100_000):
        redact(words[:50_000])


def test_every_text_among_the_settings_is_shown_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {str(field.alias): name for name, field in Settings.model_fields.items() if "str" in str(field.annotation)}
    for template in UNAMBIGUOUS:
        settings = Settings().model_copy(update=dict.fromkeys(texts.values(), template.format(secret=BEGIN)))
        assert hides("".join(str(one.value) for one in effective_settings(settings)))
        assert hides(redact(f"what is {BEGIN}?", secrets_of(settings)))


def test_what_a_library_logs_tells_no_secret_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = secrets_in(f"http://u:{BEGIN}@h")
    monkeypatch.setattr("newsdesk.config.secrets.known_secrets", lambda: secrets)
    try:
        raise ValueError(BEGIN)
    except ValueError as error:
        exc_info = (ValueError, error, error.__traceback__)
    record = RedactedRecord("urllib3", logging.WARNING, "file", 1, "retrying %s", (f"/x?{BEGIN}",), exc_info)
    assert logging.Formatter().format(record).count("***") == 2
    assert hides(logging.Formatter().format(record))
