"""What stands between a plain request and a page: guessed from the answer, with the evidence.

Pure. It tells what the answer shows; nothing here imitates a browser or gets around anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mimo.actors.web.exchange import Head

#: (who, where it shows, pattern). Headers as `name: value`, cookies by name, else the body.
#: Source: the services' own documents, such as developers.cloudflare.com/fundamentals/reference.
_SIGNS = (
    ("Cloudflare", "header", r"^cf-ray:|^server: cloudflare"),
    ("Cloudflare", "header", r"^cf-mitigated: challenge"),
    ("Akamai", "header", r"^server: akamaighost|^x-akamai-|^akamai-grn:"),
    ("Imperva", "header", r"^x-iinfo:|^x-cdn: (?:imperva|incapsula)"),
    ("DataDome", "header", r"^x-datadome|^server: datadome"),
    ("Sucuri", "header", r"^x-sucuri-id:|^server: sucuri"),
    ("AWS WAF", "header", r"^x-amzn-waf-action:"),
    ("Fastly", "header", r"^x-served-by: cache-|^x-fastly-"),
    ("Akamai", "cookie", r"^(?:_abck|ak_bmsc|bm_sz)="),
    ("Imperva", "cookie", r"^(?:visid_incap_|incap_ses_)"),
    ("DataDome", "cookie", r"^datadome="),
    ("Cloudflare", "cookie", r"^(?:__cf_bm|cf_clearance)="),
    ("PerimeterX", "cookie", r"^_px(?:hd|vid|\d)?="),
    ("PerimeterX", "body", r"captcha\.px-cdn\.net|window\._pxAppId"),
    ("Cloudflare", "body", r"/cdn-cgi/challenge-platform/|<title>Just a moment"),
    ("DataDome", "body", r"captcha-delivery\.com"),
    ("Imperva", "body", r"/_Incapsula_Resource"),
    ("AWS WAF", "body", r"\.awswaf\.com/"),
)
_CAPTCHAS = (
    ("reCAPTCHA", r"google\.com/recaptcha/|grecaptcha\."),
    ("hCaptcha", r"hcaptcha\.com/"),
    ("Turnstile", r"challenges\.cloudflare\.com/turnstile"),
)
_CHALLENGES = re.compile(
    r"<title>Just a moment|/cdn-cgi/challenge-platform/|captcha-delivery\.com|/_Incapsula_Resource"
    r"|Checking your browser|Verif(?:y|ying) (?:that )?you are (?:a )?human|px-captcha",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"<input[^>]+type=[\"']?password", re.IGNORECASE)
_SCRIPTED = re.compile(
    r"<div id=[\"']?(?:root|app|__next|___gatsby|q-app)[\"']?[^>]*>\s*</div>"
    r"|enable javascript|javascript is (?:required|disabled)",
    re.IGNORECASE,
)
#: A page with less readable text than this, and scripts, is made by them, in characters.
_SCANT_CHARS = 200
_LOOKED_AT_CHARS = 200_000
_EVIDENCE_CHARS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an answer shows.

    Args:
        verdict: open, challenge, captcha, blocked, rate_limited, login, scripted, missing or error.
        services: Who stands before the page, such as Cloudflare; they may let everybody through.
        captchas: Puzzles that the page loads, also where only a form needs them.
        evidence: Where each was seen.
        advice: What to do next.
    """

    verdict: str
    services: tuple[str, ...]
    captchas: tuple[str, ...]
    evidence: tuple[str, ...]
    advice: str


_ADVICE = {
    "open": "Nothing stands before this page; use fetch or extract.",
    "challenge": "The server checks for a browser; use browser, or the site's API if it has one.",
    "captcha": "The server wants a person; look for an API, or ask the user to open the page.",
    "blocked": "The server refuses this client; look for an API or another source.",
    "rate_limited": "The server has had too many requests; wait before the next.",
    "login": "The page asks for a password, which Mimo never gives; ask the user.",
    "scripted": "Scripts make this page; use browser.",
    "missing": "There is no such page; correct the URL.",
    "error": "The server has a fault; try again later.",
}


def analysed(head: Head, html: str, text_chars: int) -> Finding:
    """Return what an answer shows.

    Args:
        head: Status and headers.
        html: The body as text, if it is HTML; "" otherwise.
        text_chars: Characters of readable text in it.
    """
    html = html[:_LOOKED_AT_CHARS]
    services, evidence = _services(head, html)
    captchas = []
    for name, pattern in _CAPTCHAS:
        if found := re.search(pattern, html):
            captchas.append(name)
            evidence.append(f"body: {found.group()}")
    verdict = _verdict(head, html, text_chars, has_captcha=bool(captchas))
    return Finding(
        verdict=verdict,
        services=tuple(services),
        captchas=tuple(captchas),
        evidence=tuple(line[:_EVIDENCE_CHARS_MAX] for line in evidence),
        advice=_ADVICE[verdict],
    )


def after_scripts(finding: Finding) -> Finding:
    """Return what a page shows whose scripts have run: nothing is left for them to make."""
    if finding.verdict != "scripted":
        return finding
    return replace(finding, verdict="open", advice=_ADVICE["open"])


def _services(head: Head, html: str) -> tuple[list[str], list[str]]:
    headers = [f"{name.lower()}: {value.lower()}" for name, value in head.headers]
    cookies = [value for name, value in head.headers if name.lower() == "set-cookie"]
    services: list[str] = []
    evidence: list[str] = []
    for who, where, pattern in _SIGNS:
        texts = {"header": headers, "cookie": cookies, "body": [html]}[where]
        matches = (re.search(pattern, text, re.IGNORECASE) for text in texts)
        found = next((match for match in matches if match), None)
        if found is None:
            continue
        if who not in services:
            services.append(who)
        # Of a cookie only its name: the value is a secret between the server and its client.
        shown = found.group() if where == "body" else found.string.partition("=")[0]
        evidence.append(f"{where}: {shown}")
    return services, evidence


def _verdict(  # noqa: PLR0911  a table
    head: Head, html: str, text_chars: int, *, has_captcha: bool
) -> str:
    is_refused = head.status in {401, 403, 405, 406, 409, 418, 451, 503}
    is_challenge = head.header("cf-mitigated") == "challenge" or (
        bool(_CHALLENGES.search(html)) and (is_refused or text_chars < _SCANT_CHARS)
    )
    if has_captcha and (is_challenge or is_refused):
        return "captcha"
    if is_challenge:
        return "challenge"
    if head.status == 429:
        return "rate_limited"
    if head.status in {404, 410}:
        return "missing"
    if head.status == 401 or (head.status == 200 and text_chars < 1_000 and _LOGIN.search(html)):
        return "login"
    if head.status >= 500:
        return "error"
    if head.status >= 400:
        return "blocked"
    is_scripted = _SCRIPTED.search(html) or (text_chars < _SCANT_CHARS // 4 and "<script" in html)
    if html and text_chars < _SCANT_CHARS and is_scripted:
        return "scripted"
    return "open"
