"""A real MCP server over stdio, as a skill: it adds, waits, hangs, crashes, changes its mind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("skilled")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def whoami() -> dict[str, str]:
    """Tell the process id, and what the environment holds."""
    return {"pid": str(os.getpid()), "env": ",".join(sorted(os.environ))}


@server.tool()
async def wait(seconds: float, mark: str = "") -> str:
    """Answer later; append to a file when done."""
    if mark:
        await asyncio.to_thread(_append, Path(mark))
    await asyncio.sleep(seconds)
    return "waited"


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("begun\n")


@server.tool()
def hang() -> str:
    """Never answer, nor anything else."""
    while True:
        pass


@server.tool()
def crash() -> str:
    """End the process in the middle of a call."""
    os._exit(3)


@server.tool()
def fail() -> str:
    """Raise."""
    raise ValueError("no such luck")


if os.environ.get("EXTRA"):

    @server.tool()
    def extra() -> str:
        """Give something that was not there before."""
        return os.environ["EXTRA"]


def main() -> None:
    """Serve until the input ends."""
    if "--silent" in sys.argv:
        sys.stdin.read()
        return
    sys.stdout.write("this line is no message\n")
    sys.stdout.flush()
    server.run(transport="stdio")


if __name__ == "__main__":
    main()
