"""What is not HTTP at all never reaches the application; uvicorn answers it. Here in our shape, too."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from newsdesk.serving.errors import failure


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with its refusal of malformed requests in our words."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words, which differ by parser
        """Answer and close the connection."""
        answer = failure(HTTPStatus.BAD_REQUEST, "Invalid input", "The request is not valid HTTP/1.1", "invalid_http")
        head = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"connection: close\r\n\r\n" + bytes(answer.body))
        self.transport.close()
