"""What is asked of skills and of those who keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


# -- Answered by tools/skills/<name> --------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class CallSkill:
    """Call a tool of a skill; the reply is a `Result`.

    Args:
        tool: As the skill calls it.
        arguments: For it.
        timeout_s: Seconds that it may take.
        known: Fingerprint of the skill's definitions as they were when it was loaded.
    """

    tool: str
    arguments: Mapping[str, Any]
    timeout_s: float
    known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSkillTools:
    """Return what a skill says of its tools, as `ToldTools`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTools:
    """What a skill says of its tools.

    Args:
        tools: Objects with name, description and schema; what is too large is left out.
        fingerprint: Of all that it said.
    """

    tools: tuple[Mapping[str, Any], ...]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSkill:
    """Take no more calls and reply once the open ones have ended, or the time is up.

    The reply is how many were left open.

    Args:
        within_s: How long to wait for them.
    """

    within_s: float


# -- Answered by tools/skill_keeper -----------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadSkills:
    """Read the skills file anew, drain and replace what changed, and learn its tools.

    Args:
        force: Also what hasn't changed, and definitions that a skill changed by itself.
        as_result: Whether a tool's `Result` is wanted.
    """

    force: bool = True
    as_result: bool = True


# -- Cast to bridge/mcp_bridge ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsChanged:
    """The manifest has other tools now."""
