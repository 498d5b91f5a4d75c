"""Real clients against the shipped command: every host speaks through one of these.

The SDK's own client always runs. The foreign ones run where `sh tests/e2e/clients/install.sh` has
installed them below build/clients, and are skipped elsewhere. Source: mcp.md 6.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from mimo.actors.catalogue import TOOLS
from mimo.actors.memory.operations import OPERATIONS
from tests.support.http_over_stdio import http_over_stdio
from tests.support.node import Node, running_node
from tests.support.source import ROOT

SCRIPTS = Path(__file__).parent / "clients"
INSTALLED = ROOT / "build" / "clients"
NODEJS = INSTALLED / "py-node" / "bin" / "node"
#: How long a client may take; each starts an interpreter of its own.
WITHIN_S = 120

#: Scenarios of the conformance suite that need no fixture tool.
PRODUCT = {
    "2025-11-25": (
        "server-initialize",
        "ping",
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "resources-subscribe",
        "resources-unsubscribe",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
        "server-session-lifecycle",
    ),
    "2026-07-28": (
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
        "caching",
        "sep-2164-resource-not-found",
        "input-required-result-unsupported-methods",
        "http-header-validation",
    ),
}

#: Scenarios that look at HTTP itself.
ABOUT_HTTP = {
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
    "server-session-lifecycle",
    "http-header-validation",
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Give one node for all clients, with HTTP on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("clients") / "data"
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "notes.md").write_text("# Notes\n")
    settings = {"MIMO_HTTP_PORT": str(port), "MIMO_WORKSPACE_ROOTS": str(workspace)}
    with running_node(folder, settings) as running:
        yield running


def command(node: Node) -> list[str]:
    """Return the command that a host is configured with."""
    mimo = shutil.which("mimo", path=node.env["PATH"])
    start = [mimo] if mimo else [sys.executable, "-m", "mimo"]
    return [*start, "stdio", "--data-dir", str(node.data_dir)]


#: What an example may come to: it names what isn't there, asks whom nobody can ask, or needs a
#: network, a model or a program.
EXPECTED = {
    *("", "not_found", "conflict", "invalid_request", "approval_required", "not_available"),
}
TOOL_NAMES = [tool.name for tool in TOOLS]


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
def test_the_sdks_client_uses_every_operation(node: Node, mode: str) -> None:
    """Strict in what it accepts: schemas, results, both eras; the real actors answer."""

    async def run() -> None:
        start, *arguments = command(node)
        server = StdioServerParameters(command=start, args=arguments, env=node.env)
        async with Client(stdio_client(server), mode=mode) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == TOOL_NAMES

            async def ask(tool: str, operation: str, **given: Any) -> Any:
                return await client.call_tool(tool, {"operation": operation, **given})

            async def call(operation: str, **given: Any) -> dict[str, Any]:
                answer = await ask("memory", operation, **given)
                assert not answer.is_error, answer.content
                assert isinstance(answer.structured_content, dict)
                return answer.structured_content

            memory_id = (await call("store", content=f"Zoe keeps bees ({mode})"))["memory_id"]
            found = await call("search", query="bees", mode="keyword", context=1, explain=True)
            assert memory_id in [memory["memory_id"] for memory in found["memories"]]
            whole = await client.read_resource(f"mimo://memories/{memory_id}")
            assert "Zoe keeps bees" in whole.contents[0].model_dump()["text"]
            for operation in OPERATIONS:
                given = dict(operation.example)
                if "memory_id" in given:
                    given["memory_id"] = memory_id
                await call(operation.name, **given)
            for tool in TOOLS:
                for operation in tool.operations:
                    # What an example names may not be there; the answer says so and fits.
                    answer = await ask(tool.name, operation.name, **operation.example)
                    code = ((answer.meta or {}).get("mimo/error") or {}).get("code", "")
                    assert code in EXPECTED, answer
                    assert not operation.unavailable or code == "not_available"
            await client.read_resource("mimo://status")

    anyio.run(run)


FOREIGN = {
    "MCP SDK 1": ("py-mcp1/bin/python", "mcp1.py"),
    "FastMCP": ("py-fastmcp/bin/python", "fastmcp_client.py"),
    "LangChain": ("py-langchain/bin/python", "langchain.py"),
    "Pydantic AI": ("py-pydantic/bin/python", "pydantic_client.py"),
    "OpenAI Agents": ("py-openai/bin/python", "openai_client.py"),
    "TypeScript SDK 1": ("py-node/bin/node", "ts1.mjs"),
    "TypeScript SDK 2, legacy": ("py-node/bin/node", "ts2.mjs", "legacy"),
    "TypeScript SDK 2, auto": ("py-node/bin/node", "ts2.mjs", "auto"),
}


@pytest.mark.parametrize("client", FOREIGN)
def test_a_foreign_client_lists_stores_finds_and_is_told_its_mistake(
    node: Node, client: str
) -> None:
    """Framework adapters and strict validators see what no protocol test does."""
    interpreter, script, *first = FOREIGN[client]
    seen = json.loads(run_script(node, INSTALLED / interpreter, script, *first, *command(node)))

    assert seen["tools"] == TOOL_NAMES
    assert "Zoe keeps bees" in seen["found"]
    assert "did you mean 'query'?" in seen["error"]
    assert seen.get("closed_ms", 0) < 2_000


@pytest.mark.parametrize("era", ["legacy", "modern", "auto"])
def test_the_inspector_finds_nothing_unportable(node: Node, era: str) -> None:
    """Inspector `--strict`: exit 6 where a host would refuse a schema."""
    flags = ("--protocol-era", era, "--method", "tools/list", "--strict")
    out = run_module(node, "mcp-inspector", "--cli", *command(node), "--", *flags)

    assert json.loads(out)["tools"][0]["name"] == "memory"


@pytest.mark.parametrize(
    ("revision", "scenario"),
    [(revision, name) for revision, names in PRODUCT.items() for name in names],
)
def test_the_conformance_suites_product_scenarios_pass(
    node: Node, revision: str, scenario: str
) -> None:
    """@modelcontextprotocol/conformance over HTTP; each message also fits the spec's schema."""
    url = f"http://127.0.0.1:{node.env['MIMO_HTTP_PORT']}/mcp"
    flags = ("--url", url, "--scenario", scenario, "--spec-version", revision)
    out = run_module(node, "conformance", "server", *flags)

    assert " 0 failed" in out


@pytest.mark.parametrize(
    ("revision", "scenario"),
    [
        (revision, name)
        for revision, names in PRODUCT.items()
        for name in names
        if name not in ABOUT_HTTP
    ],
)
def test_the_conformance_suites_product_scenarios_pass_over_stdio(
    node: Node, revision: str, scenario: str
) -> None:
    """The suite speaks HTTP only, so its messages are carried to relays one for one."""
    with http_over_stdio(node.data_dir, node.env) as url:
        flags = ("--url", url, "--scenario", scenario, "--spec-version", revision)
        out = run_module(node, "conformance", "server", *flags)

    assert " 0 failed" in out


def run_script(node: Node, interpreter: Path, script: str, *arguments: str) -> str:
    """Run a client's script and return the last line it printed."""
    if not interpreter.exists():
        pytest.skip("sh tests/e2e/clients/install.sh installs it")
    source = SCRIPTS / script
    if source.suffix == ".mjs":
        # Node looks for packages beside the script.
        source = INSTALLED / "js" / script
        shutil.copyfile(SCRIPTS / script, source)
    return run(node, [str(interpreter), str(source), *arguments]).splitlines()[-1]


def run_module(node: Node, name: str, *arguments: str) -> str:
    """Run a program of the installed Node packages, with the bearer key at hand."""
    program = INSTALLED / "js" / "node_modules" / ".bin" / name
    if not (program.exists() and NODEJS.exists()):
        pytest.skip("sh tests/e2e/clients/install.sh installs it")
    preload = INSTALLED / "js" / "with_key.mjs"
    shutil.copyfile(SCRIPTS / preload.name, preload)
    return run(node, [str(NODEJS), "--import", str(preload), str(program), *arguments])


def run(node: Node, line: list[str]) -> str:
    """Run a command beside the installed packages and return its output."""
    key = node.data_dir / "http.key"
    env = node.env | {"MIMO_KEY": key.read_text(encoding="utf-8"), "NO_COLOR": "1"}
    env["PATH"] = f"{NODEJS.parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        line,
        cwd=INSTALLED / "js",
        env={name: value for name, value in env.items() if name != "MIMO_HTTP_PORT"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout
