"""What a work asks its driver for, at each of its steps."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mimo.storage.commands import Edit


@dataclass(frozen=True, slots=True)
class Breath:
    """The work may be left for a moment.

    Args:
        is_new: Whether a document was begun, so that the job should be written down first.
    """

    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """Download this; the outcome is a `Downloaded` or a `MimoError`."""

    url: str


#: What a work asks for. The outcome of an `Edit` is its reply or a `Failure`.
Step = Breath | Fetch | Edit
Steps = Generator[Step, Any, None]
