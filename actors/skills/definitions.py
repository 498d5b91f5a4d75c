"""The tools of skills as Mimo lists them: cleaned, bounded, named `<skill>_<tool>`; pure.

What a skill says about its tools stands in every prompt, so it is text from outside: control and
invisible characters go, lengths are bounded, and whose words they are is said first. Definitions
are taken once, when the user loads the skill; a skill that tells something else later isn't used
until it is loaded again.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mimo.config import limits

_TOOL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Longest name with `mcp__mimo__` before it that every host takes is 60.
_NAME_CHARS_MAX: Final = 48
#: Hosts refuse these at the root of a schema, and a reference may lead anywhere.
_REFUSED: Final = frozenset({"oneOf", "anyOf", "allOf", "not", "if", "$ref"})
_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_NUMBERS: Final = frozenset(
    {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
)
_DEPTH_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillTool:
    """One tool of a skill.

    Args:
        name: As Mimo lists it.
        tool: As the skill calls it.
        skill: Whose.
        description: Cleaned.
        schema: JSON Schema of its arguments, an object.
        confirm: Whether the user is asked before each call.
        known: Fingerprint of all definitions of the skill.
    """

    name: str
    tool: str
    skill: str
    description: str
    schema: Mapping[str, Any]
    confirm: bool
    known: str


def tools_of(
    skill: str,
    told: Iterable[Mapping[str, Any]],
    taken: Collection[str],
    *,
    confirm: bool,
    known: str,
) -> tuple[list[SkillTool], list[str]]:
    """Return a skill's tools as they are listed, and why others aren't.

    Args:
        skill: Its name.
        told: What it says of each: name, description, schema.
        taken: Names that are used already.
        confirm: Whether the user is asked before each call.
        known: Fingerprint of all its definitions.
    """
    found: dict[str, SkillTool] = {}
    left_out: list[str] = []
    for each in told:
        tool = str(each.get("name", ""))
        name = f"{skill.replace('-', '_')}_{tool}"
        schema = cleaned_schema(each.get("schema"))
        if not _TOOL.fullmatch(tool) or len(name) > _NAME_CHARS_MAX:
            left_out.append(f"{clean(tool, 60)}: expected a name of at most {_NAME_CHARS_MAX}")
        elif name in taken or name in found:
            left_out.append(f"{name}: the name is taken")
        elif schema is None:
            left_out.append(f"{name}: expected a small object schema without references")
        elif len(found) >= limits.SKILL_TOOLS_MAX:
            left_out.append(f"{name}: more than {limits.SKILL_TOOLS_MAX} tools")
        else:
            about = clean(str(each.get("description", "")), limits.SKILL_DESCRIPTION_CHARS)
            found[name] = SkillTool(
                name=name,
                tool=tool,
                skill=skill,
                description=f"[external skill {skill}] {about}".rstrip(),
                schema=schema,
                confirm=confirm,
                known=known,
            )
    return list(found.values()), left_out


def fingerprint(told: Iterable[Mapping[str, Any]]) -> str:
    """Return what tells these definitions from any others."""
    text = json.dumps(sorted(map(json.dumps, told)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def clean(text: str, most: int) -> str:
    """Return a text on one line, without control, format and unassigned characters, cut.

    Args:
        text: From outside.
        most: Longest result, in characters.
    """
    kept = "".join(
        char if unicodedata.category(char)[0] != "C" else " " for char in text[: most * 4]
    )
    line = " ".join(kept.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def cleaned_schema(schema: Any) -> dict[str, Any] | None:
    """Return a schema of arguments that every host takes; None if it can't be made one."""
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return None
    if _REFUSED & schema.keys():
        return None
    found = _cleaned(schema, 0)
    if found is None or len(json.dumps(found)) > limits.SKILL_SCHEMA_BYTES_MAX:
        return None
    return {**found, "type": "object"}


def _cleaned(schema: Mapping[str, Any], depth: int) -> dict[str, Any] | None:
    """Return what is plain of a schema; None below the deepest level."""
    if depth > _DEPTH_MAX:
        return None
    kept = {name: _kept(name, value, depth) for name, value in schema.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _kept(name: str, value: Any, depth: int) -> Any:  # noqa: PLR0911  a table
    """Return one keyword's value as it is kept; None drops it."""
    match name, value:
        case "type", str() if value in _TYPES:
            return value
        case (("description" | "title" | "format"), str()):
            return clean(value, limits.SKILL_DESCRIPTION_CHARS // 2)
        case "properties", dict():
            inner = {
                key: _cleaned(each, depth + 1)
                for key, each in value.items()
                if isinstance(each, dict) and _TOOL.fullmatch(str(key))
            }
            return {key: each for key, each in inner.items() if each is not None}
        case "items", dict():
            return _cleaned(value, depth + 1)
        case (("required" | "enum"), list()):
            return [each for each in value if isinstance(each, str | int | float)]
        case "additionalProperties", bool():
            return value
        case _, int() | float() if name in _NUMBERS:
            return value
        case "default", str() | int() | float():
            return value
    return None
