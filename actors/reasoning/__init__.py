"""The `reason` tool: sessions of thought, checked against evidence."""
