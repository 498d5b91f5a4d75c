"""What may be done, decided before anything is: hosts, approval, the parts that it needs.

Pure but for the look whether a browser is installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mimo.actors.web import messages as wm
from mimo.actors.web.guard import Target, target_of
from mimo.config.errors import ApprovalRequired, Crashed, NotAvailable
from mimo.config.settings_tools import Web

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Actions in a page that change nothing but what is seen.
_LOOKING = frozenset({"wait", "scroll", "hover", "screenshot", "waitForNavigation"})


def check(request: wm.Job, settings: Web) -> None:
    """Refuse what may not be done.

    Raises:
        InvalidRequest: It is no URL.
        NotAvailable: Its host isn't allowed, or a browser or search service is missing.
        ApprovalRequired: The user must agree first.
    """
    match request:
        case wm.Search():
            searchable(settings)
        case wm.FindPapers() | wm.ReadPaper():
            target_of(settings.arxiv_url, settings.allow)
        case wm.Fetch() | wm.Extract() | wm.Blink() | wm.Browse():
            target = target_of(request.url, settings.allow)
            if isinstance(request, wm.Browse):
                browser_of(settings)
            if isinstance(request, wm.Fetch | wm.Browse) and settings.confirm:
                _confirm(request, target)
        case wm.ReadPdf(url=url) if url:
            target_of(url, settings.allow)
        case _:
            return


def _confirm(request: wm.Fetch | wm.Browse, target: Target) -> None:
    """Ask the user before something may change on a server that isn't his own."""
    effect = effect_of(request)
    # Whoever has named a server with its port works on it.
    if not effect or request.approved or target.may_be_private:
        return
    host = target.host if target.port in {80, 443} else f"{target.host}:{target.port}"
    raise ApprovalRequired(f"{effect} {host}?")


def effect_of(request: wm.Fetch | wm.Browse) -> str:
    """Return what a request may change, as the beginning of a question; "" for nothing."""
    if isinstance(request, wm.Fetch):
        size = len(request.body.encode("utf-8", "replace"))
        return f"Send a POST with {size} bytes to" if request.method == "POST" else ""
    if request.shape == "evaluate":
        return f"Run a script of {len(request.script)} characters in a page of"
    kinds = sorted({_kind(action) for action in request.actions} - _LOOKING)
    return f"Do {', '.join(kinds)} in a page of" if kinds else ""


def refuse_again(request: wm.Fetch | wm.Browse) -> None:
    """Refuse to do again what may have had an effect before the worker died.

    Raises:
        Crashed: It may.
    """
    if effect_of(request):
        raise Crashed(
            "expected to do this once, got the death of the worker meanwhile; whether it was done"
            " is unknown, so look before you ask again"
        )


def _kind(action: Mapping[str, Any]) -> str:
    return str(action.get("type", ""))


def needs_browser(request: wm.Job) -> bool:
    """Tell whether a job may take a browser."""
    return isinstance(request, wm.Browse) or (
        isinstance(request, wm.Blink) and request.shape == "smart"
    )


def browser_of(settings: Web) -> Path:
    """Return the browser's program.

    Raises:
        NotAvailable: None is installed; the message says how to get one.
    """
    if settings.browser_path is not None:
        if settings.browser_path.is_file():
            return settings.browser_path
        raise NotAvailable(
            f"expected a browser at {settings.browser_path}, got nothing; correct web.browser_path"
        )
    for name in _BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    raise NotAvailable(
        "expected Chromium for this operation, got none installed; install it"
        " (apt install chromium), or set web.browser_path"
    )


def is_safe_for_keys(url: str) -> bool:
    """Tell whether nobody on the way can read a key that is sent there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "localhost", "::1"}


def searchable(settings: Web) -> tuple[str, tuple[str, ...]]:
    """Return the search service's address, and who may be asked for it.

    Raises:
        NotAvailable: None is configured; the message says how.
    """
    if settings.search_kind == "none":
        raise NotAvailable(
            'expected a search service, got none; set web.search_kind = "searxng" and'
            ' web.search_url = "http://127.0.0.1:8888", or "brave" and web.search_key_variable'
        )
    url = settings.search_url
    if settings.search_kind == "brave":
        url = url or "https://api.search.brave.com"
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if not port or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotAvailable(
            "expected web.search_url to be an address such as http://127.0.0.1:8888, got"
            f" {url[:80]!r}; correct it"
        )
    return url, (f"{parts.hostname}:{port}",)
