"""MCP over HTTP: this machine only, with a bearer key, and the health routes."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mimo.config import limits
from mimo.config.errors import StartError
from mimo.interfaces.mcp.server import MimoServer

HOST = "127.0.0.1"
PATH = "/mcp"
_KEY_BYTES = 32

#: Tells whether a real read works, and what is wrong otherwise.
Health = Callable[[], Awaitable[dict[str, object]]]


def read_key(file: Path) -> str:
    """Return the bearer key, made at the first use; only the user may read the file.

    Raises:
        StartError: Others may read it, or it can't be read.
    """
    try:
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w"
        ) as stream:
            stream.write(secrets.token_urlsafe(_KEY_BYTES))
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(
            f"expected to write the key {file}, got: {error.strerror}; mend http.key_file"
        ) from error
    try:
        mode = file.stat().st_mode & 0o777
        key = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StartError(
            f"expected to read the key {file}, got: {error.strerror}; mend http.key_file"
        ) from error
    if mode & 0o077:
        raise StartError(
            f"expected mode 600 of {file}, got {mode:o}; delete it, since others may have read it"
        )
    if len(key) < _KEY_BYTES:
        raise StartError(
            f"expected at least {_KEY_BYTES} characters in {file}, got {len(key)};"
            " delete it for a new one"
        )
    return key


class Key:
    """Checks the bearer key in constant time.

    Args:
        key: The right one.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return whose token it is, or None. Source: the SDK's `TokenVerifier`."""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._key):
            return None
        return AccessToken(token=token, client_id="local", scopes=[])


def bound_port(port: int) -> socket.socket:
    """Return a socket that listens on this port of this machine.

    Raises:
        StartError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"expected port {port} to be free, got: {error.strerror}; set http.port to another or"
            " to 0 for none"
        ) from error
    return listener


def make_http(server: MimoServer, key: str, port: int, health: Health) -> uvicorn.Server:
    """Return the HTTP server; `serve(sockets=[...])` runs it.

    Args:
        server: What answers.
        key: The bearer key.
        port: Where it listens; a request for any other host or from any other origin is refused.
        health: Asked by `/readyz`.
    """
    here = [f"{name}:{port}" for name in (HOST, "localhost")]
    app = server.sdk.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=limits.LINE_BYTES_MAX,
        transport_security=TransportSecuritySettings(
            allowed_hosts=here, allowed_origins=[f"http://{name}" for name in here]
        ),
        auth=AuthSettings.model_validate(
            {"issuer_url": f"http://{HOST}:{port}", "resource_server_url": None}
        ),
        token_verifier=Key(key),
        custom_starlette_routes=_health_routes(health),
    )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="on",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def _health_routes(health: Health) -> list[Route]:
    """Return the routes that need no key: they tell nothing but whether Mimo works."""

    async def alive(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def ready(_request: Request) -> Response:
        found = await health()
        return JSONResponse(found, status_code=200 if found.get("ok") else 503)

    return [
        Route("/livez", alive),
        Route("/startupz", alive),
        Route("/readyz", ready),
    ]
