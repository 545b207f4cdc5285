"""Tokens for API keys."""

from fastapi import FastAPI, Request

from newsdesk.serving.errors import FAILURES
from newsdesk.serving.schemas import TokenRequest, TokenResponse
from newsdesk.serving.security.client import client_of
from newsdesk.serving.service import Service


def add_routes(app: FastAPI, service: Service) -> None:
    @app.post("/auth/token", responses=FAILURES)
    async def token(body: TokenRequest, request: Request) -> TokenResponse:
        """A token that lives for a while, for an API key, to be sent as `Authorization: Bearer …`."""
        scopes = frozenset(body.scopes) if body.scopes is not None else None
        issued = service.access.exchange(body.api_key, scopes, client_of(request.scope))
        return TokenResponse(access_token=issued.access_token, expires_in=issued.expires_in, scope=issued.scope)
