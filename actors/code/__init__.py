"""The `code` tool: symbols by tree-sitter, and the index of them."""
