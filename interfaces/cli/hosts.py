"""How each host is told about Mimo: what the README shows and `mimo config print` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    """One program that speaks MCP.

    Args:
        title: Its name for people.
        file: Where the block goes, and other ways.
        language: Of the block.
        render: Makes the block from the command line that serves an assistant.
    """

    title: str
    file: str
    language: str
    render: Callable[[Sequence[str]], str]


def _servers(key: str, **extra: str) -> Callable[[Sequence[str]], str]:
    def render(command: Sequence[str]) -> str:
        server = {**extra, "command": command[0], "args": list(command[1:])}
        return json.dumps({key: {"mimo": server}}, indent=2)

    return render


def _codex(command: Sequence[str]) -> str:
    # JSON's strings and lists of strings are TOML's.
    return (
        "[mcp_servers.mimo]\n"
        f"command = {json.dumps(command[0])}\n"
        f"args = {json.dumps(list(command[1:]))}\n"
        "startup_timeout_sec = 30"
    )


HOSTS = {
    "claude": Host(
        "Claude Code and Claude Desktop",
        "`.mcp.json` in the project, or `claude_desktop_config.json`;"
        " Claude Code also takes `claude mcp add mimo -- mimo stdio`",
        "json",
        _servers("mcpServers"),
    ),
    "cursor": Host(
        "Cursor",
        "`.cursor/mcp.json` in the project, or `~/.cursor/mcp.json`",
        "json",
        _servers("mcpServers"),
    ),
    "vscode": Host(
        "VS Code",
        "`.vscode/mcp.json` in the workspace",
        "json",
        _servers("servers", type="stdio"),
    ),
    "codex": Host("Codex", "`~/.codex/config.toml`", "toml", _codex),
}
