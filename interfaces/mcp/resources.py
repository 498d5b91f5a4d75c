"""Resources: single memories, the strict schemas, the state of the node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.subscriptions import ResourceUpdated, SubscriptionBus
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mimo.actors.bridge.gateway import Gateway
from mimo.actors.lifecycle.session_messages import Briefing
from mimo.actors.memory.messages import GetMemory, MemoryHealth
from mimo.actors.memory.operations import RECALL
from mimo.actors.memory.operations_sessions import LIFECYCLE_WORKER
from mimo.actors.operations import Operation, Result, Tool
from mimo.interfaces.mcp.calls import Context, ask, call_context
from mimo.interfaces.mcp.rendering import LABEL
from mimo.interfaces.mcp.schemas import operation_schema, result_schema
from mimo.interfaces.mcp.texts import VERSION
from mimo.interfaces.mcp.tools import refuse_cursor
from mimo.supervision.messages import Failure

JSON = "application/json"
STATUS_URI = "mimo://status"
BRIEFING_URI = "mimo://briefing"
MEMORY_URI = "mimo://memories/{id}"
SCHEMA_URI = "mimo://schema/{tool}/{operation}"

_MEMORY = re.compile(r"mimo://memories/([1-9][0-9]{0,15})")
_SCHEMA = re.compile(r"mimo://schema/([a-z_]{1,48})/([a-z_]{1,48})")

#: Error code of an unknown resource before 2026-07-28.
RESOURCE_NOT_FOUND = -32002


class Resources:
    """What can be read by URI.

    Args:
        gateway: The way to the actors.
        tools: Whose schemas are readable.
        bus: Where changes are published.
    """

    def __init__(self, gateway: Gateway, tools: Sequence[Tool], bus: SubscriptionBus) -> None:
        self._gateway = gateway
        self._bus = bus
        self._tools = {tool.name: tool for tool in tools}
        self._listed = types.ListResourcesResult(resources=list(RESOURCES))

    async def list(
        self, _context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Answer `resources/list`; independent of what is stored, so that no memory reaches it."""
        refuse_cursor(params)
        return self._listed

    async def templates(
        self, _context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Answer `resources/templates/list`."""
        refuse_cursor(params)
        return types.ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Answer `resources/read`.

        Raises:
            MCPError: There is no such resource, or it can't be read now.
        """
        uri = str(params.uri)
        if uri == STATUS_URI:
            return _contents(uri, json.dumps(await self._status(context), default=str, indent=1))
        if uri == BRIEFING_URI:
            return _contents(uri, await self._briefing(context))
        if text := self._schema(uri):
            return _contents(uri, text)
        if found := _MEMORY.fullmatch(uri):
            return _contents(uri, await self._memory(context, uri, int(found[1])))
        raise not_found(context, uri)

    def _schema(self, uri: str) -> str:
        found = _SCHEMA.fullmatch(uri)
        tool = self._tools.get(found[1]) if found else None
        operation = tool.operation(found[2]) if found and tool else None
        return _schema_text(tool, operation) if tool and operation else ""

    async def _status(self, context: Context) -> dict[str, Any]:
        answer = await ask(self._gateway, "resources.status", RECALL, MemoryHealth(), context)
        if isinstance(answer, Failure):
            memory = {"ok": False, "code": answer.code, "message": answer.message}
        else:
            memory = {"ok": True, **answer.data}
        return {"version": VERSION, "memory": memory, **self._gateway.status}

    async def _briefing(self, context: Context) -> str:
        message = Briefing(connection=call_context(context).connection)
        answer = await ask(self._gateway, "resources.briefing", LIFECYCLE_WORKER, message, context)
        if isinstance(answer, Failure):
            raise MCPError(types.INTERNAL_ERROR, f"{answer.code}: {answer.message}")
        return json.dumps({"note": LABEL, **answer.data}, ensure_ascii=False, indent=1)

    async def _memory(self, context: Context, uri: str, memory_id: int) -> str:
        message = GetMemory(memory_id=memory_id)
        answer = await ask(self._gateway, "resources.memory", RECALL, message, context)
        if isinstance(answer, Failure):
            if answer.code == "not_found":
                raise not_found(context, uri)
            raise MCPError(types.INTERNAL_ERROR, f"{answer.code}: {answer.message}")
        return json.dumps({"note": LABEL, **answer.data}, ensure_ascii=False, indent=1)

    async def changed(self, _operation: Operation, result: Result) -> None:
        """Publish that the memory in a changing operation's result must be read again."""
        memory_id = changed_memory(result.data)
        if memory_id:
            await self._bus.publish(ResourceUpdated(uri=f"mimo://memories/{memory_id}"))


def changed_memory(data: Mapping[str, Any]) -> int:
    """Return the id of the memory that a result is about, or 0."""
    memory = data.get("memory")
    found = memory.get("memory_id") if isinstance(memory, Mapping) else data.get("memory_id")
    return found if isinstance(found, int) else 0


def not_found(context: Context, uri: str) -> MCPError:
    """Return the era's error for an unknown resource. Source: MCP SEP-2164."""
    is_modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
    code = types.INVALID_PARAMS if is_modern else RESOURCE_NOT_FOUND
    templates = ", ".join(each.uri_template for each in TEMPLATES)
    return MCPError(
        code,
        f"Resource not found; readable are {STATUS_URI}, {BRIEFING_URI}, {templates}",
        data={"uri": uri[:500]},
    )


TEMPLATES = (
    types.ResourceTemplate(
        name="memory",
        title="One memory",
        uri_template=MEMORY_URI,
        description="A memory with all its fields and its whole text, by memory_id.",
        mime_type=JSON,
    ),
    types.ResourceTemplate(
        name="schema",
        title="Schema of an operation",
        uri_template=SCHEMA_URI,
        description="What one operation of a tool takes and returns, with an example.",
        mime_type=JSON,
    ),
)


#: One schema for each operation would be hundreds: the template and its completion name them.
RESOURCES = (
    types.Resource(
        name="status",
        title="State of Mimo",
        uri=STATUS_URI,
        description="Whether every part of Mimo works, and what is degraded.",
        mime_type=JSON,
    ),
    types.Resource(
        name="briefing",
        title="Briefing",
        uri=BRIEFING_URI,
        description="What happened last time, open plans, decisions, what matters now.",
        mime_type=JSON,
    ),
)


def _schema_text(tool: Tool, operation: Operation) -> str:
    return json.dumps(
        {
            "tool": tool.name,
            "operation": operation.name,
            "summary": operation.summary,
            "effect": operation.effect,
            "idempotent": operation.idempotent,
            "arguments": operation_schema(operation),
            "result": result_schema(operation),
            "example": {"operation": operation.name, **operation.example},
        },
        ensure_ascii=False,
        indent=1,
    )


def _contents(uri: str, text: str) -> types.ReadResourceResult:
    return types.ReadResourceResult(
        contents=[types.TextResourceContents(uri=uri, text=text, mime_type=JSON)]
    )
