"""How memories fade, are condensed, and are never lost."""
