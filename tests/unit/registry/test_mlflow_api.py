import socket
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pydantic import BaseModel

from newsdesk.errors import RegistryError
from newsdesk.registry.mlflow_api import MlflowApi, NotFoundError
from tests.builders import settings_in
from tests.unit.registry.loopback import Answer, answering, say, say_without_end

LIMIT = 100_000


class Greeting(BaseModel):
    hello: str


def api(address: str, patience: float = 5.0, **environment: str) -> MlflowApi:
    return MlflowApi(settings_in(Path(), MLFLOW_TRACKING_URI=address, **environment), patience)


def ask(answer: Answer, patience: float = 5.0) -> Greeting:
    with answering(answer) as server:
        return api(server.address, patience).get("greet", {}, Greeting)


def test_an_answer_is_read_as_its_model_says() -> None:
    assert ask(say(b'{"hello": "world", "more": 1}')).hello == "world"


def test_a_question_goes_to_the_rest_api_below_the_address_with_its_parameters_quoted() -> None:
    with answering(say(b'{"hello": ""}')) as server:
        api(f"{server.address}/behind/a/proxy/").get("greet", {"filter": "name='a&b'"}, Greeting)
        ((method, path, _),) = server.requests
    assert (method, path) == ("GET", "/behind/a/proxy/api/2.0/mlflow/greet?filter=name%3D%27a%26b%27")


@pytest.mark.parametrize(
    "content", [b"", b"<html>It works!</html>", b"null", b"[]", b'{"hello": 1}', b"\xff", b"[" * 9999]
)
def test_what_is_no_answer_of_mlflow_is_refused(content: bytes) -> None:
    with pytest.raises(RegistryError, match="does not answer as MLflow does"):
        ask(say(content))


def test_a_server_error_is_told_without_its_page() -> None:
    with pytest.raises(RegistryError, match="it answered 500") as told:
        ask(say(b"<html><h1>Traceback</h1></html>", status=500))
    assert "html" not in str(told.value)


def test_what_mlflow_complains_of_is_told_without_signs_that_would_move_the_cursor() -> None:
    with pytest.raises(RegistryError, match=r"cannot do this: red\[31m alert\.$"):
        ask(say(b'{"error_code": "INTERNAL_ERROR", "message": "red\\u001b[31m alert."}', status=500))


def test_what_is_not_there_is_an_error_of_its_own() -> None:
    with pytest.raises(NotFoundError, match="no such model"):
        ask(say(b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such model"}', status=404))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_settings_to_look_at(status: int) -> None:
    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_PASSWORD"):
        ask(say(b"no", status=status))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_nobody_there_sees_the_password(status: int) -> None:
    with answering(say(b'{"hello": "thief"}')) as thief:
        redirect = say(b"", status=status, Location=f"{thief.address}/api/2.0/mlflow/greet")
        with answering(redirect) as server, pytest.raises(RegistryError, match="redirects elsewhere"):
            api(server.address, MLFLOW_TRACKING_USERNAME="desk", MLFLOW_TRACKING_PASSWORD="secret").get(
                "greet", {}, Greeting
            )
        assert thief.requests == []


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"hello": "secret"}')
    with pytest.raises(RegistryError, match="redirects elsewhere"):
        ask(say(b"", status=302, Location=(tmp_path / "secret.json").as_uri()))


def test_a_body_without_end_is_cut_off() -> None:
    with pytest.raises(RegistryError, match="sends more than"):
        ask(say_without_end(b" " * 1_000_000))


def test_a_file_may_be_as_large_as_its_limit_and_no_larger() -> None:
    with answering(say(b"x" * LIMIT)) as server:
        assert api(server.address).file("/f", {}, LIMIT) == b"x" * LIMIT
        with pytest.raises(RegistryError, match="sends more than the 99999 bytes"):
            api(server.address).file("/f", {}, LIMIT - 1)


def test_an_answer_in_drips_is_given_up() -> None:
    with pytest.raises(RegistryError, match="does not answer"):
        ask(say_without_end(b" ", pause=lambda: time.sleep(0.02)), patience=0.2)


def test_a_file_that_breaks_off_is_not_taken_for_whole() -> None:
    broken = say(b"half", Content_Length="8", Connection="close")
    with answering(broken) as server, pytest.raises(RegistryError, match="does not answer"):
        api(server.address).file("/f", {}, LIMIT)


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RegistryError, match=r"does not answer\. Start it"):
            api(address, patience=0.2).get("greet", {}, Greeting)


def test_what_is_not_even_http_is_refused() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        request.close_connection = True

    with pytest.raises(RegistryError, match="does not answer"):
        ask(answer)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://127.0.0.1:port", "http://", "http://a..b"])
def test_a_server_that_is_away_is_told_by_its_address(address: str) -> None:
    with pytest.raises(RegistryError, match=f"MLflow at {address} does not answer"):
        api(address).get("greet", {}, Greeting)


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_URI is not an address"):
        api("http://[::1")


def test_the_password_is_sent_and_never_told() -> None:
    with answering(say(b"", status=500)) as server:
        for client in (
            api(server.address, MLFLOW_TRACKING_USERNAME="desk", MLFLOW_TRACKING_PASSWORD="not/to@be:shown"),
            api(server.address.replace("//", "//desk:not%2Fto%40be%3Ashown@")),
        ):
            with pytest.raises(RegistryError) as told:
                client.get("greet", {}, Greeting)
            assert "shown" not in str(told.value)
        sent = [headers["Authorization"] for _, _, headers in server.requests]
    assert sent == ["Basic ZGVzazpub3QvdG9AYmU6c2hvd24="] * 2


def test_without_a_user_nothing_is_sent_that_would_name_one() -> None:
    with answering(say(b'{"hello": ""}')) as server:
        api(server.address).get("greet", {}, Greeting)
        assert "Authorization" not in server.requests[0][2]
