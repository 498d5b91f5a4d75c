"""What is done in a page, and what is checked there, one step after the other.

Source: chromedevtools.github.io/devtools-protocol/tot/Input; W3C UI Events for names of keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mimo.actors.web.devtools import CommandFailed
from mimo.actors.web.page import Page
from mimo.config.errors import InvalidRequest

#: How long an element is waited for, how long a check may take to hold, in seconds.
ELEMENT_S = 5.0
CHECK_S = 2.0
_WAIT_S_MAX = 30.0
#: Longest value that one action shows, in characters of JSON.
_VALUE_CHARS_MAX = 10_000
#: Name of a key -> its code.
_KEYS = {
    "Enter": 13,
    "Tab": 9,
    "Escape": 27,
    "Backspace": 8,
    "Delete": 46,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Home": 36,
    "End": 35,
    "PageUp": 33,
    "PageDown": 34,
    "Space": 32,
}
_TEXTS = {"Enter": "\r", "Space": " ", "Tab": "\t"}

#: The element, scrolled to, and its middle; null where it can't be seen.
_MIDDLE = """(() => { const found = document.querySelector(%s); if (!found) return null;
found.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
const box = found.getBoundingClientRect(); const style = getComputedStyle(found);
if (!box.width || !box.height || style.visibility === 'hidden') return null;
return [box.x + box.width / 2, box.y + box.height / 2]; })()"""
_SELECT = """(() => { const found = document.querySelector(%s); const wanted = %s;
const option = [...found.options].find(o => o.value === wanted || o.text.trim() === wanted);
if (!option) return false; found.value = option.value;
for (const kind of ['input', 'change']) found.dispatchEvent(new Event(kind, {bubbles: true}));
return true; })()"""

#: Takes a picture for an action of that type.
Shoot = Callable[[str], dict[str, Any]]


class Actor:
    """Does things in a page.

    Args:
        page: Where.
        shoot: Takes pictures.
    """

    def __init__(self, page: Page, shoot: Shoot) -> None:
        self._page = page
        self._shoot = shoot
        self._loads = page.loads

    def act(self, actions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Do these actions; it ends at the first that doesn't work.

        Returns:
            What came of each: `type`, `ok`, and `value` or `error`.
        """
        results: list[dict[str, Any]] = []
        for action in actions:
            kind = action["type"]
            loads = self._page.loads
            try:
                value = self._do(kind, action.get("selector", ""), action.get("value", ""))
            except (InvalidRequest, CommandFailed) as error:
                results.append({"type": kind, "ok": False, "error": str(error)})
                break
            if kind != "waitForNavigation":
                self._loads = loads
            results.append({"type": kind, "ok": True, **value})
        return results

    def _do(self, kind: str, selector: str, value: str) -> dict[str, Any]:
        if kind == "evaluate":
            return {"value": bounded(self._page.value(value))}
        if kind == "screenshot":
            return {"value": self._shoot(selector)}
        steps: dict[str, Callable[[str, str], None]] = {
            "click": self._click,
            "type": self._type,
            "select": self._select,
            "hover": self._hover,
            "focus": self._focus,
            "press": self._press,
            "wait": self._wait,
            "scroll": self._scroll,
            "waitForNavigation": self._navigated,
        }
        steps[kind](selector, value)
        return {}

    def _middle(self, selector: str) -> tuple[float, float]:
        """Return where an element is, once it can be seen.

        Raises:
            InvalidRequest: It can't be in time, or nothing was named.
        """
        if not selector:
            raise InvalidRequest("expected a 'selector' for this action, got none")
        script = _MIDDLE % json.dumps(selector)
        if not self._page.until(f"!!{script}", ELEMENT_S):
            raise InvalidRequest(
                f"expected an element that can be seen at {selector[:100]!r}, got none within"
                f" {ELEMENT_S:g} s"
            )
        x, y = self._page.value(script)
        return float(x), float(y)

    def _type(self, selector: str, value: str) -> None:
        if selector:
            self._click(selector, "")
        self._page.tools.command("Input.insertText", text=value)

    def _hover(self, selector: str, _value: str) -> None:
        self._mouse("mouseMoved", *self._middle(selector))

    def _focus(self, selector: str, _value: str) -> None:
        self._middle(selector)
        self._page.value(f"document.querySelector({json.dumps(selector)}).focus()")

    def _click(self, selector: str, _value: str) -> None:
        x, y = self._middle(selector)
        self._mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._mouse(kind, x, y, button="left", clickCount=1)

    def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self._page.tools.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def _select(self, selector: str, value: str) -> None:
        self._middle(selector)
        if not self._page.value(_SELECT % (json.dumps(selector), json.dumps(value))):
            raise InvalidRequest(f"expected an option {value[:100]!r}, got none at {selector!r}")

    def _press(self, _selector: str, value: str) -> None:
        if value not in _KEYS and len(value) != 1:
            raise InvalidRequest(
                f"expected a key such as {', '.join(list(_KEYS)[:4])} or one character, got"
                f" {value[:40]!r}"
            )
        text = _TEXTS.get(value, value if len(value) == 1 else "")
        code = _KEYS.get(value, ord(value.upper()[0]) if text else 0)
        key = {"key": " " if value == "Space" else value, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self._page.tools.command("Input.dispatchKeyEvent", **down, **key)
        self._page.tools.command("Input.dispatchKeyEvent", type="keyUp", **key)

    def _wait(self, selector: str, value: str) -> None:
        if selector:
            if not self._page.wait_for(selector, min(seconds_of(value, ELEMENT_S), _WAIT_S_MAX)):
                raise InvalidRequest(f"expected an element at {selector[:100]!r}, got none in time")
            return
        self._page.tools.pause(min(seconds_of(value, 1.0), _WAIT_S_MAX))

    def _scroll(self, selector: str, value: str) -> None:
        if selector:
            self._middle(selector)
            return
        pixels = int(value) if value.removeprefix("-").isdigit() else 600
        self._page.value(f"window.scrollBy({{top: {pixels}, behavior: 'instant'}})")

    def _navigated(self, _selector: str, _value: str) -> None:
        page, loads = self._page, self._loads
        if not page.tools.wait(lambda: page.loads > loads, page.tools.now_s + ELEMENT_S):
            raise InvalidRequest(f"expected another page within {ELEMENT_S:g} s, got none")
        self._loads = page.loads


def seconds_of(value: str, usual_s: float) -> float:
    """Return the seconds of a text in milliseconds; what is usual if it isn't a number."""
    return int(value) / 1_000 if value.isascii() and value.isdigit() else usual_s


def bounded(value: Any, chars_max: int = _VALUE_CHARS_MAX) -> Any:
    """Return a value, or the beginning of its JSON if that is too long."""
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= chars_max else f"{text[:chars_max]}..."


def check(page: Page, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether a check holds, within `CHECK_S`, and what there is."""
    kind, expected = case["assert"], case.get("expected", "")
    selector = json.dumps(case.get("selector", ""))
    element = f"document.querySelector({selector})"
    wanted = json.dumps(expected)
    scripts = {
        "exists": (f"!!{element}", f"!!{element}"),
        "text": (f"({element} ?? {{}}).textContent?.includes({wanted})", f"{element}?.textContent"),
        "value": (f"{element}?.value === {wanted}", f"{element}?.value"),
        "visible": (f"!!{_MIDDLE % selector}", f"!!{_MIDDLE % selector}"),
        "url": (f"location.href.includes({wanted})", "location.href"),
        "title": (f"document.title.includes({wanted})", "document.title"),
        "count": (
            f"String(document.querySelectorAll({selector}).length) === {wanted}",
            f"document.querySelectorAll({selector}).length",
        ),
    }
    condition, got = scripts[kind]
    try:
        is_met = page.until(condition, CHECK_S)
        found = page.value(got)
    except (InvalidRequest, CommandFailed) as error:
        is_met, found = False, str(error)
    shown = bounded(found, 500)
    return {"name": case.get("name", ""), "assert": kind, "passed": is_met, "got": shown}
