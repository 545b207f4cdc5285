"""What texts are like goes into the prediction log, for a sample of them; what was sent is counted."""

from pathlib import Path

from tests.integration.api.builders import HEADLINE, predictor, rows_of, running

GERMAN = "Die Regierung hat gesagt, dass der Regen bis zum Ende der Woche nicht aufhören wird"


def test_a_quiet_server_logs_what_every_text_is_like_the_cached_ones_too(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        for text in (HEADLINE, HEADLINE, GERMAN):
            api.predict(text)
        api.post("/predict/batch", json={"texts": [GERMAN]})
    rows = rows_of(api.settings, "predictions")
    assert [row["language"] for row in rows] == ["en", "en", "de", "de"]
    for row, text in zip(rows, (HEADLINE, HEADLINE, GERMAN, GERMAN), strict=True):
        assert (row["known_share"], row["terms"]) == predictor().text_stats(text)


def test_a_busy_server_logs_it_of_some_and_all_else_of_all(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        api.post("/predict/batch", json={"texts": [f"{HEADLINE} {number}" for number in range(2000)]})
    rows = rows_of(api.settings, "predictions")
    sampled = [row for row in rows if row["language"] is not None]
    assert len(rows) == 2000
    assert 500 <= len(sampled) < 1000
    assert all((row["known_share"] is None) is (row["terms"] is None) is (row["language"] is None) for row in rows)


def test_bodies_are_counted_by_their_size(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        answer = api.post("/predict", json={"text": HEADLINE})
        sent = len(answer.request.content)
        assert api.metric("api_request_size_bytes_sum", endpoint="/predict") == sent
        assert api.metric("api_response_size_bytes_sum", endpoint="/predict") == len(answer.content)
