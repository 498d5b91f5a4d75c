"""What is done with a command."""

from __future__ import annotations

from enum import IntEnum


class Verdict(IntEnum):
    """What is done with a command; the graver of two is the greater."""

    ALLOW = 0
    CONFIRM = 1
    REFUSE = 2
