"""The plain forms of parameters from which each tool's schemas are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def text(description: str, longest: int, shortest: int = 1) -> Schema:
    """Return the schema of a text of so many characters."""
    return {
        "type": "string",
        "description": description,
        "minLength": shortest,
        "maxLength": longest,
    }


def choice(description: str, *values: str) -> Schema:
    """Return the schema of one of these words."""
    return {"type": "string", "description": description, "enum": list(values)}


def flag(description: str) -> Schema:
    """Return the schema of a yes or no."""
    return {"type": "boolean", "description": description}


def count(description: str, least: int, most: int) -> Schema:
    """Return the schema of a whole number in a range."""
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}
