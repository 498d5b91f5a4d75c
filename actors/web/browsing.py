"""The work of a job with a browser, in its child process."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mimo.actors.ingest.html import readable
from mimo.actors.memory.cleaning import clean_text
from mimo.actors.web import acting, judging, protection, reading
from mimo.actors.web import messages as wm
from mimo.actors.web.chromium import UNCONFINED, browser
from mimo.actors.web.devtools import CommandFailed
from mimo.actors.web.exchange import Head
from mimo.actors.web.markdown import to_markdown
from mimo.actors.web.page import Page
from mimo.actors.web.showing import part_of
from mimo.actors.workspace import opening, places, writing
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Conflict, InvalidRequest, NotAvailable
from mimo.config.settings import Settings

Answer = dict[str, Any]

#: What a visit may take beyond its time for loading: the browser's start, a script, a picture.
MORE_S = 10.0
#: Left of a job's time for its beginning and its end, in seconds.
_SPARE_S = 5.0
#: Paper in inches: width and height.
_PAPERS = {
    "A4": (8.27, 11.69),
    "Letter": (8.5, 11.0),
    "Legal": (8.5, 14.0),
    "Tabloid": (11.0, 17.0),
}
_HEIGHT_MAX = 12_000
_QUALITY = 80
#: Tried one after the other until a picture is small enough: type, quality, scale.
_SMALLER = (("jpeg", 70, 1.0), ("jpeg", 60, 0.5), ("jpeg", 50, 0.25))
_BOX = """(() => { const found = document.querySelector(%s); if (!found) return null;
const box = found.getBoundingClientRect(); return [box.x + scrollX, box.y + scrollY, box.width,
box.height]; })()"""
_VALUE_CHARS_MAX = 60_000


def done(request: wm.Job, settings: Settings) -> Answer:
    """Do a job that may need a browser.

    Raises:
        MimoError: It can't be done.
    """
    if isinstance(request, wm.Blink):
        return _smart(request, settings)
    if not isinstance(request, wm.Browse):
        raise InvalidRequest(f"expected a visit, got {type(request).__name__}")
    if request.path:
        _free_place(request.path, settings)
    return _visit(request, settings)


def _visit(request: wm.Browse, settings: Settings) -> Answer:
    shapes: dict[str, Callable[[Page, wm.Browse, Settings], Answer]] = {
        "page": _read,
        "screenshot": _picture,
        "pdf": _pdf,
        "evaluate": _evaluate,
        "interact": _interact,
        "test": _test,
    }
    allowed_s = min(limits.WEB_BROWSER_JOB_S_MAX - _SPARE_S, request.timeout_s + MORE_S)
    ends_s = SYSTEM_CLOCK.monotonic_s() + allowed_s
    with browser(judging.browser_of(settings.web), settings) as opened:
        page = Page(opened, SYSTEM_CLOCK, ends_s)
        try:
            page.open(request.url, request.timeout_s)
            selector = request.wait_for_selector
            if selector and not page.wait_for(selector, request.timeout_s):
                page.notes.append(f"page: no element at {selector[:100]} in time")
            answer = shapes[request.shape](page, request, settings)
            answer["data"] = {**page.about(), **answer["data"]}
        except CommandFailed as error:
            raise InvalidRequest(str(error)) from None
        notes = list(dict.fromkeys(page.notes)) + ([] if opened.is_confined else [UNCONFINED])
    return {**answer, "untrusted": answer["data"]["url"][:500], "degraded": notes}


def _read(page: Page, request: wm.Browse, _settings: Settings) -> Answer:
    return {"data": part_of(_shown(page, request.format), request.offset, request.limit)}


def _shown(page: Page, form: str) -> str:
    html = page.html()
    if form == "html":
        return html
    if form == "markdown":
        return to_markdown(html, str(page.value("location.href")))
    return str(page.value("document.body ? document.body.innerText : ''") or "")


# -- Pictures and PDF -----------------------------------------------------------------------------
def _picture(page: Page, request: wm.Browse, settings: Settings) -> Answer:
    clip = _clip(page, request)
    raw, kind = _shot(page, request.image_type, _QUALITY, 1.0, clip), request.image_type
    if not request.path:
        for smaller, quality, scale in _SMALLER:
            if len(raw) <= limits.WEB_PICTURE_BYTES_MAX:
                break
            raw, kind = _shot(page, smaller, quality, scale, clip), smaller
            page.notes.append("picture: made smaller to fit; give a 'path' for all of it")
    return _kept(raw, f"image/{kind}", request.path, settings)


def _clip(page: Page, request: wm.Browse) -> dict[str, float]:
    """Return the part of the page that is wanted, in its own pixels.

    Raises:
        InvalidRequest: The element isn't there.
    """
    if request.selector:
        import json

        box = page.value(_BOX % json.dumps(request.selector))
        if not box or not box[2] or not box[3]:
            raise InvalidRequest(f"expected an element at {request.selector[:100]!r}, got none")
        x, y, width, height = box
        return {"x": x, "y": y, "width": width, "height": min(height, _HEIGHT_MAX)}
    metrics = page.tools.command("Page.getLayoutMetrics")
    if request.full_page:
        size = metrics["cssContentSize"]
        height = min(size["height"], _HEIGHT_MAX)
        if size["height"] > _HEIGHT_MAX:
            page.notes.append(f"picture: only the first {_HEIGHT_MAX} pixels of the page's height")
        return {"x": 0, "y": 0, "width": size["width"], "height": height}
    seen = metrics["cssVisualViewport"]
    return {
        "x": seen["pageX"],
        "y": seen["pageY"],
        "width": seen["clientWidth"],
        "height": seen["clientHeight"],
    }


def _shot(page: Page, kind: str, quality: int, scale: float, clip: Mapping[str, float]) -> bytes:
    how = {"quality": quality} if kind == "jpeg" else {}
    found = page.tools.command(
        "Page.captureScreenshot",
        format=kind,
        clip={**clip, "scale": scale},
        captureBeyondViewport=True,
        **how,
    )
    return base64.b64decode(found["data"])


def _pdf(page: Page, request: wm.Browse, settings: Settings) -> Answer:
    width, height = _PAPERS[request.format]
    found = page.tools.command(
        "Page.printToPDF", paperWidth=width, paperHeight=height, printBackground=True
    )
    return _kept(base64.b64decode(found["data"]), "application/pdf", request.path, settings)


def _kept(raw: bytes, kind: str, path: str, settings: Settings) -> Answer:
    """Return a picture or PDF as an answer, or write it where it was wanted.

    Raises:
        InvalidRequest: It is too large for an answer.
        MimoError: It can't be written there.
    """
    data: Answer = {"bytes": len(raw), "type": kind}
    if path:
        place = _free_place(path, settings)
        writing.replace(place, raw, writing.temporary_name(secrets.token_hex(8)))
        return {"data": data | {"path": str(place)}}
    if len(raw) > limits.WEB_PICTURE_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.WEB_PICTURE_BYTES_MAX} bytes, got {len(raw)}; give a 'path'"
            " to write it to"
        )
    return {"data": data, "attachments": [[kind, base64.b64encode(raw).decode()]]}


def _free_place(path: str, settings: Settings) -> places.Place:
    """Return where a new file may stand.

    Raises:
        Conflict: Something stands there.
        MimoError: It may not be written.
    """
    place = places.workspace(settings).resolve(path, must_exist=False)
    if opening.exists(place):
        raise Conflict(f"expected no file at {place}, got one; choose another name")
    return place


# -- Scripts, actions, checks ---------------------------------------------------------------------
def _evaluate(page: Page, request: wm.Browse, _settings: Settings) -> Answer:
    value = page.value(request.script, request.timeout_s)
    return {"data": {"value": acting.bounded(value, _VALUE_CHARS_MAX)}}


def _interact(page: Page, request: wm.Browse, _settings: Settings) -> Answer:
    attachments: list[list[str]] = []

    def shoot(selector: str) -> dict[str, Any]:
        wanted = replace(request, selector=selector, full_page=False)
        raw = _shot(page, "jpeg", _QUALITY, 1.0, _clip(page, wanted))
        taken = sum(len(data) for _, data in attachments) * 3 // 4
        if taken + len(raw) > limits.WEB_PICTURE_BYTES_MAX:
            raise InvalidRequest("expected pictures that fit into one answer, got too many")
        attachments.append(["image/jpeg", base64.b64encode(raw).decode()])
        return {"attachment": len(attachments), "bytes": len(raw)}

    results = acting.Actor(page, shoot).act(request.actions)
    completed = sum(result["ok"] for result in results)
    return {
        "data": {"results": results, "completed": completed},
        "attachments": attachments,
    }


def _test(page: Page, request: wm.Browse, _settings: Settings) -> Answer:
    results = [acting.check(page, case) for case in request.cases]
    passed = sum(result["passed"] for result in results)
    return {"data": {"results": results, "passed": passed, "failed": len(results) - passed}}


# -- Blink ----------------------------------------------------------------------------------------
def _smart(request: wm.Blink, settings: Settings) -> Answer:
    """Ask by plain HTTP; use the browser where only that shows the page, and say which it was."""
    answer = dict(reading.blinked(request, settings))
    if answer["data"]["verdict"] not in {"challenge", "scripted"}:
        return answer
    try:
        judging.browser_of(settings.web)
    except NotAvailable as error:
        return {**answer, "degraded": [error.message]}
    form = "html" if request.format == "raw" else request.format
    visit = wm.Browse(url=request.url, format="html", timeout_s=15.0, limit=10**9)
    seen = _visit(visit, settings)
    html = seen["data"].pop("text")
    head = Head(
        url=seen["data"]["url"],
        status=seen["data"].get("status", 0),
        headers=(),
        kind="text/html",
        charset="utf-8",
        coding="identity",
    )
    plain = readable(html).markdown
    finding = protection.after_scripts(protection.analysed(head, html, len(plain)))
    text = {"html": html, "markdown": to_markdown(html, head.url)}.get(form, plain)
    data = {
        **{key: seen["data"][key] for key in ("url", "blocked") if key in seen["data"]},
        "status": head.status,
        "content_type": head.kind,
        "mode": "browser",
        **reading.finding_json(finding),
        **part_of(clean_text(text), request.offset, request.limit),
    }
    return {"data": data, "untrusted": head.url[:500], "degraded": seen["degraded"]}
