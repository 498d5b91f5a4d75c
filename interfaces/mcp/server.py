"""The server object: one for all connections, both protocol eras."""

from __future__ import annotations

from collections.abc import Sequence

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError

from mimo.actors.bridge.gateway import Gateway
from mimo.actors.operations import Tool
from mimo.interfaces.mcp import texts
from mimo.interfaces.mcp.approval import sealing
from mimo.interfaces.mcp.calls import Context
from mimo.interfaces.mcp.guard import guarded
from mimo.interfaces.mcp.resources import SCHEMA_URI, Resources
from mimo.interfaces.mcp.skill_tools import SkillTools
from mimo.interfaces.mcp.subscriptions import Subscriptions
from mimo.interfaces.mcp.tools import Tools, refuse_cursor
from mimo.interfaces.mcp.validation import did_you_mean

#: How long a client may keep what doesn't change while Mimo runs, in milliseconds.
LISTING_TTL_MS = 3_600_000


class MimoServer:
    """Everything that answers MCP requests.

    Args:
        gateway: The way to the actors.
        tools: The tools on offer.
    """

    def __init__(self, gateway: Gateway, tools: Sequence[Tool]) -> None:
        bus = InMemorySubscriptionBus()
        resources = Resources(gateway, tools, bus)
        #: The tools of external skills; they come and go.
        self.skills = SkillTools(bus)
        table = Tools(gateway, tools, resources.changed, self.skills)
        self._tools = tuple(tools)
        #: Told of each change that no client's call made.
        self.changed = resources.changed
        self.subscriptions = Subscriptions(bus)
        self._left = gateway.left
        self._listen = ListenHandler(bus)
        public = CacheHint(LISTING_TTL_MS, "public")
        self.sdk: Server[dict[str, object]] = Server(
            texts.NAME,
            version=texts.VERSION,
            title=texts.TITLE,
            description=texts.DESCRIPTION,
            instructions=texts.INSTRUCTIONS,
            cache_hints={
                "tools/list": public,
                "prompts/list": public,
                "resources/list": public,
                "resources/templates/list": public,
            },
            get_tool_input_schema=table.input_schema,
            on_list_tools=guarded(table.list),
            on_call_tool=guarded(table.call),
            on_list_resources=guarded(resources.list),
            on_list_resource_templates=guarded(resources.templates),
            on_read_resource=guarded(resources.read),
            on_subscribe_resource=guarded(self.subscriptions.subscribe),
            on_unsubscribe_resource=guarded(self.subscriptions.unsubscribe),
            on_subscriptions_listen=self._listen,
            on_list_prompts=guarded(list_prompts),
            on_get_prompt=guarded(get_prompt),
            on_completion=guarded(self._complete),
        )
        self.sdk.middleware.append(sealing())

    def options(self) -> InitializationOptions:
        """Return what is told at the beginning of a conversation: also that tools may change."""
        changes = NotificationOptions(tools_changed=True)
        return self.sdk.create_initialization_options(changes)

    def forget(self, connection: str) -> None:
        """Take note that a relay's connection has ended."""
        self.subscriptions.forget(connection)
        self._left(connection)

    def close(self) -> None:
        """End every open listen stream in order."""
        self._listen.close()

    async def _complete(
        self, _context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Answer `completion/complete` for the schema resources; anything else has no values."""
        values: list[str] = []
        if isinstance(params.ref, types.ResourceTemplateReference) and params.ref.uri == SCHEMA_URI:
            chosen = (params.context.arguments or {}) if params.context else {}
            tools = [each for each in self._tools if chosen.get("tool", each.name) == each.name]
            known = {
                "tool": [each.name for each in tools],
                "operation": [op.name for each in tools for op in each.operations],
            }
            start = params.argument.value
            values = [
                name for name in known.get(params.argument.name, []) if name.startswith(start)
            ]
        return types.CompleteResult(
            completion=types.Completion(values=values[:100], total=len(values), has_more=False)
        )


async def list_prompts(
    _context: Context, params: types.PaginatedRequestParams | None
) -> types.ListPromptsResult:
    """Answer `prompts/list`."""
    refuse_cursor(params)
    return types.ListPromptsResult(prompts=list(texts.PROMPTS))


async def get_prompt(
    _context: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult:
    """Answer `prompts/get`; prompts tell how to use the tools and never contain memories.

    Raises:
        MCPError: There is no such prompt, or a required argument is missing.
    """
    names = [prompt.name for prompt in texts.PROMPTS]
    if params.name not in names:
        raise MCPError(
            types.INVALID_PARAMS,
            f"Unknown prompt: {params.name[:100]};{did_you_mean(params.name, names)}"
            f" the prompts are {', '.join(names)}",
        )
    prompt = texts.PROMPTS[names.index(params.name)]
    given = params.arguments or {}
    missing = [
        each.name for each in prompt.arguments or [] if each.required and not given.get(each.name)
    ]
    if missing:
        raise MCPError(
            types.INVALID_PARAMS, f"expected the argument '{missing[0]}' of {prompt.name}, got none"
        )
    text = texts.prompt_text(prompt.name, given)
    return types.GetPromptResult(
        description=prompt.description,
        messages=[
            types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
        ],
    )
