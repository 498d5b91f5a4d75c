"""What of a call is worth remembering without being asked to: few things, and never secrets; pure.

Most calls teach nothing that lasts. What passes is a conclusion, a run that failed, and what worked
after it had failed several times; a gate looks at each text before it is stored.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mimo.actors.bridge.experience import Mended
from mimo.actors.bridge.recording import Noted
from mimo.actors.memory.scrubbing import scrub
from mimo.actors.operations import Result
from mimo.config import limits
from mimo.config.settings_tools import AutoMemory

#: Tools whose calls are never remembered: memory is one already, and the others tell of it.
NEVER: Final = frozenset({"memory", "knowledge", "tool_usage", "awakening_status", "meta"})
#: Least different words of a text, and the share of its characters that are letters.
WORDS_MIN: Final = 6
LETTERS_MIN: Final = 0.5
HOUR_S: Final = 3_600.0
#: Texts that are remembered as said already.
_SAID_MAX: Final = 512
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
# Fields of an answer that conclude something, and how important that is.
_CONCLUSIONS: Final = {"conclusion": 0.6, "lesson": 0.7, "answer_summary": 0.5}
_RUNS: Final = frozenset({"orchestrate", "autonomous"})


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text that may be worth keeping.

    Args:
        content: One self-contained statement.
        importance: 0 to 1.
        trust: `tool`, or `web` where text from outside is in it.
    """

    content: str
    importance: float
    trust: str = "tool"


def lessons_of(noted: Noted, mended: Mended | None, arguments: str) -> Iterator[Lesson]:
    """Yield what a call may have taught.

    Args:
        noted: The call and its answer.
        mended: What it mended, if it did.
        arguments: Its arguments, redacted and short.
    """
    tool, _, operation = noted.label.partition(".")
    if tool in NEVER or not isinstance(noted.answer, Result):
        return
    answer = noted.answer
    trust = "web" if answer.untrusted else "tool"
    if mended is not None:
        yield Lesson(
            f"{tool} {operation} failed {mended.failures} times in a row ({mended.outcome}) and"
            f" then worked with {arguments or 'no arguments'}",
            0.6,
            trust,
        )
    for name, importance in _CONCLUSIONS.items():
        text = answer.data.get(name)
        if isinstance(text, str) and text:
            subject = str(answer.data.get("problem", ""))[:200]
            about = f" on '{subject}'" if subject else ""
            yield Lesson(f"{tool} came to this {name}{about}: {text}", importance, trust)
    if tool in _RUNS and answer.data.get("status") == "failed":
        name = str(answer.data.get("name", "") or answer.data.get("description", ""))[:100]
        reason = str(answer.data.get("error", ""))[:200]
        yield Lesson(f"{tool} {operation} of '{name}' failed: {reason}", 0.5, trust)


class Gate:
    """Lets pass what is worth keeping.

    Args:
        settings: The least importance, and how many an hour.
    """

    def __init__(self, settings: AutoMemory) -> None:
        self._settings = settings
        self._said: OrderedDict[str, None] = OrderedDict()
        self._passed_s: deque[float] = deque()

    def passed(self, lesson: Lesson, now_s: float) -> Lesson | None:
        """Return the lesson without secrets and as long as it may be, or None.

        Args:
            lesson: What may be worth keeping.
            now_s: Monotonic seconds.
        """
        if not self._settings.enabled or lesson.importance < self._settings.min_importance:
            return None
        # What is cut first may be half a secret, which nobody recognises.
        scrubbed = scrub(lesson.content[: limits.AUTO_MEMORY_CHARS_MAX * 4])
        content = " ".join(scrubbed.text.split())[: limits.AUTO_MEMORY_CHARS_MAX]
        if not says_something(content):
            return None
        # Numbers, times and ids differ from case to case; what is said doesn't.
        key = " ".join(_WORD.findall(content.lower()))
        if key in self._said or self._is_full(now_s):
            return None
        self._said[key] = None
        if len(self._said) > _SAID_MAX:
            self._said.popitem(last=False)
        self._passed_s.append(now_s)
        return Lesson(content, lesson.importance, lesson.trust)

    def _is_full(self, now_s: float) -> bool:
        while self._passed_s and now_s - self._passed_s[0] >= HOUR_S:
            self._passed_s.popleft()
        return len(self._passed_s) >= self._settings.per_hour


def says_something(text: str) -> bool:
    """Tell whether a text has enough different words and is mostly letters."""
    words = {word.lower() for word in _WORD.findall(text)}
    letters = sum(char.isalpha() for char in text)
    return len(words) >= WORDS_MIN and letters >= LETTERS_MIN * len(text.replace(" ", ""))
