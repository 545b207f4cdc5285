"""Tokens for API keys."""

from fastapi import FastAPI, Request

from newsdesk.serving.errors import DOCUMENTED_ERRORS
from newsdesk.serving.schemas import TokenRequest, TokenResponse
from newsdesk.serving.security.trusted_proxies import client_address
from newsdesk.serving.server_state import ServerState


def add_routes(app: FastAPI, state: ServerState) -> None:
    @app.post("/auth/token", responses=DOCUMENTED_ERRORS)
    async def token(body: TokenRequest, request: Request) -> TokenResponse:
        """A token that lives for a while, for an API key, to be sent as `Authorization: Bearer …`."""
        scopes = frozenset(body.scopes) if body.scopes is not None else None
        issued = state.authenticator.issue_token(body.api_key, scopes, client_address(request.scope))
        return TokenResponse(access_token=issued.access_token, expires_in=issued.expires_in, scope=issued.scope)
