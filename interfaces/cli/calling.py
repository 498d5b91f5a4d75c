"""Commands that use the tools as an assistant would: call, tools."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from mimo.config.errors import InvalidRequest
from mimo.interfaces.cli import output, wire
from mimo.interfaces.cli.options import PlacedCommand, json_option, pass_place
from mimo.interfaces.cli.place import Place

#: How long a call may take unless told otherwise, in seconds.
CALL_WITHIN_S = 60.0


@click.command(cls=PlacedCommand)
@click.argument("tool")
@click.argument("arguments", metavar="'JSON'", default="{}")
@click.option("--timeout", "timeout_s", default=CALL_WITHIN_S, show_default=True, metavar="SECONDS")
@json_option
@pass_place
def call(place: Place, tool: str, arguments: str, timeout_s: float, *, as_json: bool) -> int:
    """Call TOOL with arguments as a JSON object; '-' reads them from stdin.

    Example: mimo call memory '{"operation": "search", "query": "cats"}'
    """
    given = _parsed(sys.stdin.read() if arguments == "-" else arguments)
    with wire.session(place.paths, timeout_s) as session:
        result = session.request("tools/call", {"name": tool, "arguments": given})
    error = wire.failure_of(result)
    if error is not None:
        raise error
    if as_json:
        output.show_json(result.get("structuredContent", {}))
    else:
        for part in result.get("content", ()):
            click.echo(part.get("text", ""))
    return 0


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(
            f"expected the arguments as a JSON object, got {text[:60]!r} ({error});"
            " put them in single quotes"
        ) from None
    if not isinstance(found, dict):
        raise InvalidRequest(
            f"expected a JSON object, got {text[:60]!r}; write '{{\"operation\": ...}}'"
        )
    return found


@click.command(cls=PlacedCommand)
@json_option
@pass_place
def tools(place: Place, *, as_json: bool) -> None:
    """List the tools that assistants are offered, with their operations; needs no node."""
    from mimo.actors.catalogue import offered
    from mimo.interfaces.mcp import schemas

    chosen = place.settings.tools
    found = offered(read_only=chosen.read_only, enabled=chosen.enabled)
    if as_json:
        output.show_json(
            [
                schemas.listed(tool).model_dump(by_alias=True, exclude_none=True, mode="json")
                for tool in found
            ]
        )
        return
    rows = [
        (tool.name, operation.name, operation.effect, operation.summary)
        for tool in found
        for operation in tool.operations
    ]
    output.show_table(("tool", "operation", "effect", "what it does"), rows)
