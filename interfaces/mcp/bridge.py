"""The bridge's protocol side: the thread beside the actor in which asyncio and the SDK live.

Imported by the launcher before it forks: nothing here starts a thread or opens a socket at import.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import uuid
from typing import Any

from mimo.actors.bridge.bridge import McpBridge
from mimo.actors.bridge.messages import CallTool
from mimo.actors.catalogue import offer_of, offered
from mimo.actors.memory.messages import MemoryHealth
from mimo.actors.memory.operations import RECALL
from mimo.actors.operations import CallContext, Operation, Result, Tool
from mimo.actors.skills import manifest
from mimo.actors.skills.keeper import KEEPER, SUPERVISOR
from mimo.actors.skills.messages import ReloadSkills, SkillsChanged
from mimo.config.errors import InvalidRequest, StartError
from mimo.interfaces.mcp.http import bound_port, make_http, read_key
from mimo.interfaces.mcp.listener import Listener, bound_socket
from mimo.interfaces.mcp.server import MimoServer
from mimo.interfaces.mcp.validation import Arguments, did_you_mean
from mimo.supervision import messages as m
from mimo.supervision.messages import Failure
from mimo.supervision.process import CRASHED_EXIT_CODE

#: How long the thread may take to listen, and to end, in seconds.
START_S = 10.0
STOP_S = 2.0
#: `/readyz` tells the truth within this, in seconds.
READY_S = 2.0
#: How long skills may take to be loaded, in seconds.
LOAD_S = 120.0
#: HTTP that can't be served is tried again after this long, in seconds.
HTTP_PAUSE_S = 5.0


class Bridge(McpBridge):
    """The MCP bridge of a node: relays on a Unix socket, HTTP where it is wanted."""

    def serve(self) -> None:
        """Start the thread that speaks MCP; return when it listens.

        Raises:
            StartError: The socket can't be bound. HTTP that can't be served is logged and tried
                again, since the relays don't need it.
        """
        tools = offered(offer_of(self.settings.tools))
        self._server = MimoServer(self.gateway, tools)
        self._tools = {tool.name: tool for tool in tools}
        # Made when an actor first calls a tool: the thread has its own.
        self._checks: dict[str, Arguments] = {}
        listening = bound_socket(self.settings.paths.run)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._listens = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listening,), name="mcp", daemon=True
        )
        self._thread.start()
        if not self._listens.wait(START_S):
            raise StartError(f"expected the MCP thread to listen within {START_S:g} s, got nothing")
        self._log.info("bridge.listening", socket=str(self.settings.paths.socket))
        self.monitor(SUPERVISOR)

    def stop_serving(self) -> None:
        """Close the sockets; relays keep what is open and ask the successor."""
        self._is_stopping = True
        loop, serving = self._loop, self._serving
        if loop is not None and serving is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(serving.cancel)
            self._thread.join(STOP_S)

    def checked(self, request: CallTool) -> tuple[Tool, Operation, dict[str, Any]]:
        """Return what another actor's call means, checked as a client's call is.

        Raises:
            InvalidRequest: There is no such operation, or its arguments don't fit.
        """
        tool = self._tools.get(request.tool)
        if tool is None:
            near = did_you_mean(request.tool, self._tools)
            raise InvalidRequest(
                f"expected one of the tools {', '.join(self._tools)},"
                f" got {request.tool[:100]!r};{near}"
            )
        if tool.name not in self._checks:
            self._checks[tool.name] = Arguments(tool)
        check = self._checks[tool.name]
        given = {**request.arguments, "operation": request.operation}
        operation, arguments, _ = check.check(given)
        return tool, operation, arguments

    def changed(self, operation: Operation, result: Result) -> None:
        """Let subscribed clients hear of it, on their own thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(self._server.changed(operation, result), loop)

    def handle_info(self, info: Any) -> None:
        """Have the skills loaded when their supervisor is there, besides what the base does."""
        if isinstance(info, m.Up) and info.name == SUPERVISOR:
            self._load_skills()
        super().handle_info(info)

    def handle_cast(self, request: Any) -> None:
        """Offer what the skills have now, besides what the base does."""
        if isinstance(request, SkillsChanged):
            self._offer_skills()
        else:
            super().handle_cast(request)

    def _load_skills(self) -> None:
        settings = self.settings.skills
        file = settings.file or self.settings.data_dir / "skills.json"
        # Nobody is woken for nothing: most nodes have no skills.
        if settings.enabled and not self.settings.tools.read_only and file.exists():
            self._offer_skills()
            request = ReloadSkills(force=False, as_result=False)
            self.call(
                KEEPER, request, lambda _: self._offer_skills(), timeout_s=LOAD_S, retry=False
            )

    def _offer_skills(self) -> None:
        tools, _ = manifest.tools(manifest.read(self.settings.data_dir), self._tools)
        loop = self._loop
        if loop is not None:
            timeout_s = self.settings.skills.call_timeout_s
            with contextlib.suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(
                    self._server.skills.replace(tools, timeout_s), loop
                )

    def _run(self, listening: socket.socket) -> None:
        try:
            asyncio.run(self._serve_all(listening))
        except asyncio.CancelledError:
            pass
        finally:
            if not self._is_stopping:
                # Without this thread the process is deaf: let the supervisor start another.
                self._log.error("bridge.internal_error", reason="the MCP thread ended")
                os._exit(CRASHED_EXIT_CODE)

    async def _serve_all(self, listening: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        listener = Listener(self._server, self.incarnation, self.gateway.connections)
        async with asyncio.TaskGroup() as group:
            group.create_task(listener.serve(listening))
            if self.settings.http.port:
                group.create_task(self._serve_http(self.settings.http.port))
            self._listens.set()

    async def _serve_http(self, port: int) -> None:
        while True:
            try:
                key = read_key(self.settings.http.key_file)
                listening = bound_port(port)
            except StartError as error:
                self._log.error("bridge.refused", reason=error.message)
                await asyncio.sleep(HTTP_PAUSE_S)
                continue
            self._log.info("bridge.listening", port=port)
            http = make_http(self._server, key, port, self._health)
            await http.serve(sockets=[listening])

    async def _health(self) -> dict[str, object]:
        """Return whether a real read works now."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[object] = loop.create_future()
        request_id = f"ready-{uuid.uuid4().hex[:8]}"
        context = CallContext(
            client="readyz", connection="readyz", request_id=request_id, key=request_id
        )

        def settle(value: object) -> None:
            if not answered.done():
                answered.set_result(value)

        def done(value: object) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, value)

        self.gateway.ask(
            "bridge.ready",
            RECALL,
            MemoryHealth(),
            context,
            READY_S,
            done,
        )
        try:
            value = await asyncio.wait_for(answered, READY_S)
        except TimeoutError:
            return {"ok": False, "code": "deadline_exceeded"}
        if isinstance(value, Failure):
            return {"ok": False, "code": value.code}
        return {"ok": True}
