"""Every operation that `tools/reasoning` does, by name."""

from __future__ import annotations

from typing import Final

from mimo.actors.reasoning.amplifying import AMPLIFYING
from mimo.actors.reasoning.asking import Recipe
from mimo.actors.reasoning.ending import ENDING
from mimo.actors.reasoning.guiding import GUIDING
from mimo.actors.reasoning.inquiring import INQUIRING
from mimo.actors.reasoning.thinking import THINKING

HANDLERS: Final[dict[str, Recipe]] = {
    **INQUIRING,
    **GUIDING,
    **THINKING,
    **ENDING,
    **AMPLIFYING,
}
