"""Commands that use the tools as an assistant would: call, tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
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
@click.option("--yes", "agreed", is_flag=True, help="Agree to what the call would ask.")
@json_option
@pass_place
def call(  # noqa: PLR0913  one argument for each option
    place: Place, tool: str, arguments: str, timeout_s: float, *, agreed: bool, as_json: bool
) -> int:
    """Call TOOL with arguments as a JSON object; '-' reads them from stdin.

    What needs an agreement is asked here, in a terminal; elsewhere it is refused without --yes.

    Example: mimo call memory '{"operation": "search", "query": "cats"}'
    """
    given = _parsed(sys.stdin.read() if arguments == "-" else arguments)
    with wire.session(place.paths, timeout_s, _asker(agreed=agreed)) as session:
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


def _asker(*, agreed: bool) -> Callable[[str], bool] | None:
    """Return who answers a question of yes or no: nobody where there is no terminal."""
    if agreed:
        return lambda _question: True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: click.confirm(question, err=True)


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
    from mimo.actors.catalogue import offer_of, offered
    from mimo.interfaces.mcp import schemas

    chosen = place.settings.tools
    found = offered(offer_of(chosen))
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
