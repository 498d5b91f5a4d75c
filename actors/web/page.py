"""One page in a browser: gone to, waited for, asked, looked at."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from mimo.actors.web.chromium import Browser
from mimo.actors.web.devtools import CommandFailed, Devtools, Params
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, NotAvailable, Unavailable

#: How long a page that is loaded may go on with requests of its scripts, in seconds.
_QUIET_S = 2.0
#: How often something that is waited for is looked at, in seconds.
_LOOK_S = 0.05
#: Most hosts that a page's requests are remembered of.
_ASKED_MAX = 500
_HTML_CHARS_MAX = 4_000_000


class Page:
    """The page of a browser.

    Args:
        browser: Which one.
        clock: Measures the visit.
        ends_s: When the visit must be over, in monotonic seconds.
    """

    def __init__(self, browser: Browser, clock: Clock, ends_s: float) -> None:
        self._browser = browser
        self.ends_s = ends_s
        self.tools = Devtools(browser, clock, ends_s, self._heard)
        self.loads = 0
        self.status = 0
        self.notes: list[str] = []
        self._frame = ""
        self._is_quiet = False
        self._asked: set[str] = set()

    def open(self, url: str, load_s: float) -> None:
        """Go to an address and wait until it is loaded, or the time for that is over.

        Raises:
            NotAvailable: It leads to a host that isn't allowed.
            Unavailable: The server doesn't answer, or the browser died.
        """
        tools = self.tools
        tools.attach()
        for method in ("Page.enable", "Runtime.enable", "Network.enable"):
            tools.command(method)
        tools.command("Page.setLifecycleEventsEnabled", enabled=True)
        tools.command("Browser.setDownloadBehavior", behavior="deny")
        self._frame = tools.command("Page.getFrameTree")["frameTree"]["frame"]["id"]
        loads, self._is_quiet = self.loads, False
        found = tools.command("Page.navigate", url=url)
        if trouble := found.get("errorText"):
            self._refuse_strangers()
            raise Unavailable(
                f"expected {url[:200]} to open in the browser, got: {trouble}", retry_after_s=10.0
            )
        is_loaded = tools.wait(lambda: self.loads > loads, tools.now_s + load_s)
        if not is_loaded:
            self.notes.append(f"page: not loaded after {load_s:g} s; this is what was there")
        tools.wait(lambda: self._is_quiet, tools.now_s + _QUIET_S)
        self._refuse_strangers()

    def wait_for(self, selector: str, wait_s: float) -> bool:
        """Wait until an element is there; return whether it is.

        Raises:
            InvalidRequest: It is no selector.
        """
        return self.until(f"!!document.querySelector({json.dumps(selector)})", wait_s)

    def until(self, condition: str, wait_s: float) -> bool:
        """Wait until a condition of JavaScript holds; return whether it does.

        Raises:
            InvalidRequest: It fails for another reason than that the page is changing.
        """
        until_s = min(self.tools.now_s + wait_s, self.ends_s)
        while True:
            try:
                if self.value(condition):
                    return True
            except CommandFailed:
                # The page is just being replaced.
                self.tools.pause(_LOOK_S)
            if self.tools.now_s >= until_s:
                return False
            self.tools.pause(_LOOK_S)

    def value(self, script: str, wait_s: float = 10.0) -> Any:
        """Return what a script gives, as JSON can say it.

        Raises:
            InvalidRequest: It fails; with its words.
            CommandFailed: The page is just being replaced.
        """
        found = self._run(script, wait_s)
        failure = found.get("exceptionDetails")
        if failure is not None and "Illegal return" in _told(failure):
            found = self._run(f"(async () => {{{script}\n}})()", wait_s)
            failure = found.get("exceptionDetails")
        if failure is not None:
            raise InvalidRequest(f"expected a script that works, got: {_told(failure)}")
        result = found["result"]
        if "value" in result:
            return result["value"]
        return None if result.get("type") == "undefined" else result.get("description")

    def html(self) -> str:
        """Return the page as it is now."""
        script = f"document.documentElement.outerHTML.slice(0, {_HTML_CHARS_MAX})"
        return str(self.value(script) or "")

    def about(self) -> dict[str, Any]:
        """Return where the browser is, and what it didn't get."""
        self._refuse_strangers()
        url = str(self.value("location.href"))
        found: dict[str, Any] = {"url": url, "title": str(self.value("document.title"))[:1_000]}
        if self.status:
            found["status"] = self.status
        refused = self._browser.proxy.refused
        # The browser asks for itself as well; only what the page wanted is of interest.
        if blocked := sorted(
            place for place in self._asked if not refused.keys().isdisjoint(_names(place))
        ):
            found["blocked"] = blocked
        return found

    def _run(self, script: str, wait_s: float) -> Params:
        return self.tools.command(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
            timeout=int(wait_s * 1_000),
        )

    def _refuse_strangers(self) -> None:
        """Refuse a page that comes from a host that isn't allowed.

        Raises:
            NotAvailable: It does; what stands there are our own words.
        """
        history = self.tools.command("Page.getNavigationHistory")
        for entry in history["entries"][-1:]:
            parts = urlsplit(str(entry["url"]))
            if parts.scheme in {"file", "chrome", "view-source"}:
                raise NotAvailable(f"expected a page of the web, got one of {parts.scheme}")
            for place in _names(parts.netloc) & self._browser.proxy.refused.keys():
                raise NotAvailable(self._browser.proxy.refused[place])

    def _note(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            return
        if parts.scheme in {"http", "https", "ws", "wss"} and len(self._asked) < _ASKED_MAX:
            self._asked.add(parts.netloc[:300])

    def _heard(self, method: str, params: Params) -> None:
        match method:
            case "Page.loadEventFired":
                self.loads += 1
            case "Page.lifecycleEvent":
                is_ours = params.get("frameId") == self._frame
                if is_ours and params.get("name") == "networkAlmostIdle":
                    self._is_quiet = True
            case "Network.requestWillBeSent":
                self._note(str(params["request"]["url"]))
            case "Network.webSocketCreated":
                self._note(str(params["url"]))
            case "Page.javascriptDialogOpening":
                self.tools.post("Page.handleJavaScriptDialog", accept=False)
            case "Network.responseReceived":
                is_document = params.get("type") == "Document"
                if is_document and params.get("frameId") == self._frame:
                    self.status = int(params["response"]["status"])
            case _:
                return


def _names(place: str) -> set[str]:
    """Return how a proxy may have been asked for a host."""
    return {place, f"{place}:443", f"{place}:80"}


def _told(failure: Params) -> str:
    found = failure.get("exception", {}).get("description") or failure.get("text", "")
    return str(found).partition("\n")[0][:300]
