"""Secrets in texts: found by the forms that their issuers document, and replaced before storage.

A token must stand alone: inside a longer run of letters, such as a base64 image, nothing is looked
for. Hashes and UUIDs have no form of their own here; after the name of a secret they are values.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

#: Bits a character that a value needs to pass for random, and how long it must be.
ENTROPY_MIN: Final = 3.0
RANDOM_CHARS_MIN: Final = 16
#: Shortest password after its name.
PASSWORD_CHARS_MIN: Final = 6

_ALONE: Final = r"(?<![A-Za-z0-9_+/=-])"
_ENDS: Final = r"(?![A-Za-z0-9_+/=-])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """A text without its secrets.

    Args:
        text: With `[redacted: <kind>]` in their places.
        found: How many of each kind there were.
    """

    text: str
    found: Mapping[str, int] = field(default_factory=dict)


class _Rule(NamedTuple):
    """A form of secrets; only its group `secret` is replaced, or all where it has none.

    Args:
        kind: What it is called where it stood.
        hints: Texts of which one must be there, so that most texts need no pattern.
        pattern: The form.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _token(kind: str, body: str, *hints: str) -> _Rule:
    return _Rule(kind, hints, re.compile(f"{_ALONE}(?:{body}){_ENDS}"))


# Sources: the issuers' documentation of their key formats; GitHub's list of secret scanning
# patterns. More particular forms stand before more general ones.
_TOKENS: Final = (
    _token("Anthropic key", r"sk-ant-[\w-]{20,}", "sk-ant-"),
    _token("OpenRouter key", r"sk-or-v1-[0-9a-f]{32,}", "sk-or-"),
    _token("Stripe key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}", "sk_", "rk_"),
    _token("Stripe webhook secret", r"whsec_[A-Za-z0-9]{24,}", "whsec_"),
    _token("OpenAI key", r"sk-(?:proj-|svcacct-|admin-)[\w-]{20,}|sk-[A-Za-z0-9]{32,}", "sk-"),
    _token("Groq key", r"gsk_[A-Za-z0-9]{32,}", "gsk_"),
    _token("Cerebras key", r"csk-[a-z0-9]{32,}", "csk-"),
    _token("xAI key", r"xai-[A-Za-z0-9]{32,}", "xai-"),
    _token("Perplexity key", r"pplx-[A-Za-z0-9]{32,}", "pplx-"),
    _token("Hugging Face token", r"(?:hf|api_org)_[A-Za-z]{30,}", "hf_", "api_org_"),
    _token("Replicate token", r"r8_[A-Za-z0-9]{37}", "r8_"),
    _token("AWS key id", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", "AKIA", "ASIA", "ABIA", "ACCA"),
    _token("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,251}", "gh"),
    _token("GitHub token", r"github_pat_[A-Za-z0-9_]{40,}", "github_pat_"),
    _token("GitLab token", r"gl(?:pat|ptt|rt|dt|cbt|agent)-[\w-]{20,}", "gl"),
    _token("Slack token", r"xox[abeprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}", "xox"),
    _token("Slack token", r"xapp-\d-[A-Za-z0-9-]{20,}", "xapp-"),
    _token("Google key", r"AIza[\w-]{35}", "AIza"),
    _token("Google secret", r"GOCSPX-[\w-]{28}", "GOCSPX-"),
    _token("Google token", r"ya29\.[\w-]{20,}", "ya29."),
    _token("npm token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    _token("PyPI token", r"pypi-AgE[\w-]{50,}", "pypi-AgE"),
    _token("SendGrid key", r"SG\.[\w-]{16,32}\.[\w-]{32,64}", "SG."),
    _token("Twilio key", r"SK[0-9a-f]{32}", "SK"),
    _token("Mailgun key", r"key-[0-9a-f]{32}", "key-"),
    _token("DigitalOcean token", r"do[opr]_v1_[0-9a-f]{64}", "_v1_"),
    _token("Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", "shp"),
    _token("Databricks token", r"dapi[0-9a-f]{32}(?:-\d)?", "dapi"),
    _token("Linear key", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}", "lin_"),
    _token("Notion token", r"(?:ntn_|secret_)[A-Za-z0-9]{43,50}", "ntn_", "secret_"),
    _token("Vault token", r"hv[sbr]\.[\w-]{24,}", "hvs.", "hvb.", "hvr."),
    _token("Sentry token", r"sntr[yu]s_[A-Za-z0-9+/=_]{40,}", "sntr"),
    _token("Figma token", r"figd_[\w-]{36,}", "figd_"),
    _token("Postman key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}", "PMAK-"),
    _token("age key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-SECRET"),
    _token("Telegram token", r"\d{8,10}:AA[\w-]{33}", ":AA"),
    _token("Discord token", r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}", "."),
    _token("JWT", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", "eyJ"),
)

_PRIVATE_KEY: Final = _Rule(
    "private key",
    ("PRIVATE KEY",),
    re.compile(
        r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY( BLOCK)?-----"
        r"(?:.*?-----END \1PRIVATE KEY\2?-----|[\sA-Za-z0-9+/=:,-]*)",
        re.DOTALL,
    ),
)
_IN_CONTEXT: Final = (
    _Rule(
        "password in a URL",
        ("://",),
        re.compile(r"\b[A-Za-z][\w+.-]{1,20}://[^\s/:@'\"<>]*:(?P<secret>[^\s/@'\"<>]+)@"),
    ),
    _Rule(
        "Slack webhook",
        ("hooks.slack.com",),
        re.compile(r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>T\w+/\w+/\w+)"),
    ),
    _Rule(
        "Azure key",
        ("AccountKey=", "SharedAccessKey="),
        re.compile(r"\b(?:Account|SharedAccess)Key=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
    ),
    _Rule(
        "bearer token",
        ("earer ",),
        re.compile(r"\b[Bb]earer (?P<secret>[A-Za-z0-9._~+/-]{16,}=*)"),
    ),
    _Rule(
        "basic credentials",
        ("asic ",),
        re.compile(r"\b[Aa]uthorization['\"]?: *['\"]?Basic (?P<secret>[A-Za-z0-9+/]{8,}={0,2})"),
    ),
)

_VALUE: Final = r"[\"'`]?(?P<secret>[^\s\"'`,;<>()\[\]{}]+)"
_NAMED: Final = re.compile(
    r"(?i)(?<![A-Za-z])(?:[A-Za-z0-9]+[_.-])*"
    r"(?P<name>api[ _-]?(?:key|token|secret)|(?:secret|access|private|signing|encryption|auth|"
    r"service|master|account|license)[ _-]?key(?:[ _-]?id)?|secret[ _-]?access[ _-]?key|"
    r"(?:client|app|shared|webhook|consumer)[ _-]?secret|secret|"
    r"(?:access|auth|refresh|bearer|session|bot|deploy|personal access)?[ _-]?token|credentials?)"
    r"[\"'`]?(?:\s*(?:=>|:=|[=:])\s*|\s+is\s+)" + _VALUE
)
_PASSWORD: Final = re.compile(
    r"(?i)(?<![A-Za-z])(?:[A-Za-z0-9]+[_.-])*"
    r"(?:password|passwd|passphrase|passcode|pwd)"
    r"[\"'`]?(?:\s*(?:=>|:=|[=:])\s*|\s+(?:is|was)\s+)" + _VALUE
)
_NAMES: Final = ("key", "secret", "token", "credential", "pass", "pwd")
_DATA_URI: Final = re.compile(r"data:[\w.+/-]+;base64,[A-Za-z0-9+/=]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"(?i)\$|%\w+%|\*{3,}|x{4,}|\.{3}|^your|example|placeholder|changeme|redacted|dummy|"
    r"env[.\[]|process\.|os\.|getenv|^/|^\w+://|\(|^[a-z_]+\.[a-z_.]+$"
)


def scrub(text: str) -> Scrubbed:
    """Return the text with each secret replaced by what kind it was.

    Scrubbing what was scrubbed changes nothing. It is a matter of known forms: a secret without any
    form and without a name before it isn't found.
    """
    found: Counter[str] = Counter()
    kept = {match.group(): f"\0{index}\0" for index, match in enumerate(_DATA_URI.finditer(text))}
    for image, mark in kept.items():
        text = text.replace(image, mark)
    for rule in (_PRIVATE_KEY, *_TOKENS, *_IN_CONTEXT):
        if any(hint in text for hint in rule.hints):
            text = _replaced(text, rule.pattern, rule.kind, found)
    lowered = text.lower()
    if any(name in lowered for name in _NAMES):
        text = _replaced(text, _NAMED, "secret", found)
        text = _replaced(text, _PASSWORD, "password", found)
    for image, mark in kept.items():
        text = text.replace(mark, image)
    return Scrubbed(text=text, found=dict(found))


def scrub_json(value: Any) -> tuple[Any, dict[str, int]]:
    """Return a JSON value with its texts scrubbed, and how many secrets of each kind there were.

    The value of a key that names a secret is taken for one by the same rules as in a text.
    """
    found: Counter[str] = Counter()
    return _scrubbed(value, "", found), dict(found)


def _scrubbed(value: Any, key: str, found: Counter[str]) -> Any:
    match value:
        case str():
            named = scrub(f"{key}: {value}") if key else scrub(value)
            whole = named.text.removeprefix(f"{key}: ") if key else named.text
            found.update(named.found)
            return whole
        case list():
            return [_scrubbed(item, key, found) for item in value]
        case dict():
            return {name: _scrubbed(item, str(name), found) for name, item in value.items()}
        case _:
            return value


def _replaced(text: str, pattern: re.Pattern[str], kind: str, found: Counter[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        groups = match.groupdict()
        secret = groups.get("secret") or match.group()
        if "secret" in groups and not _is_secret(secret.rstrip("."), kind, match):
            return match.group()
        found[kind] += 1
        whole, start = match.group(), match.start()
        if "secret" not in groups:
            return f"[redacted: {kind}]"
        begins, ends = match.start("secret") - start, match.end("secret") - start
        tail = secret[len(secret.rstrip(".")) :] if kind in ("secret", "password") else ""
        return f"{whole[:begins]}[redacted: {kind}]{tail}{whole[ends:]}"

    return pattern.sub(replace, text)


def _is_secret(value: str, kind: str, match: re.Match[str]) -> bool:
    if _PLACEHOLDER.search(value):
        return False
    if kind == "password":
        return len(value) >= PASSWORD_CHARS_MIN and _is_mixed(value)
    if kind == "password in a URL":
        return value.lower() not in ("password", "pass", "pwd", "secret", "token")
    if kind == "secret":
        if _UUID.fullmatch(value) and "token" in match.group("name").lower():
            return False
        return len(value) >= RANDOM_CHARS_MIN and _is_mixed(value) and _is_random(value)
    return _is_mixed(value) or len(value) >= 2 * RANDOM_CHARS_MIN


def _is_mixed(value: str) -> bool:
    """Tell whether it is more than a word or a number."""
    has_letter = any(character.isalpha() for character in value)
    return has_letter and any(not character.isalpha() and character != "-" for character in value)


def _is_random(value: str) -> bool:
    """Tell whether its characters are as many and as mixed as chance makes them.

    Source: Shannon's entropy of the characters' frequencies.
    """
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= ENTROPY_MIN and any(character.isdigit() for character in value)
