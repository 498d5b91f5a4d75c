"""Secrets are taken out before a text is stored; what only looks random stays."""

from __future__ import annotations

import base64
import random
import re
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory.scrubbing import scrub, scrub_json

LETTERS = string.ascii_letters + string.digits


def _made(form: str, seed: int = 7) -> str:
    """Return a made-up secret: `{40}` stands for so many letters and digits, `{x32}` for hex.

    Built at run time, so that no scanner takes this file for a leak.
    """
    chance = random.Random(seed)

    def fill(match: re.Match[str]) -> str:
        kind, count = match.group(1), int(match.group(2))
        alphabet = {"x": "0123456789abcdef", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "": LETTERS}
        alphabet |= {"a": string.ascii_letters, "d": string.digits}
        return "".join(chance.choices(alphabet[kind], k=count))

    return re.sub(r"\{([xAad]?)(\d+)\}", fill, form)


FORMS = {
    "AWS key id": ["AKIA{A16}", "ASIA{A16}"],
    "GitHub token": ["ghp_{36}", "gho_{36}", "ghs_{36}", "github_pat_{22}_{59}"],
    "GitLab token": ["glpat-{20}"],
    "Slack token": ["xoxb-{d12}-{d12}-{24}", "xapp-1-{A11}-{d13}-{x64}"],
    "Slack webhook": ["https://hooks.slack.com/services/T{A8}/B{A8}/{24}"],
    "OpenAI key": ["sk-proj-{48}", "sk-{48}"],
    "Anthropic key": ["sk-ant-api03-{93}AA"],
    "OpenRouter key": ["sk-or-v1-{x64}"],
    "Groq key": ["gsk_{52}"],
    "Cerebras key": ["csk-{x48}"],
    "Google key": ["AIza{35}"],
    "Google secret": ["GOCSPX-{28}"],
    "Stripe key": ["sk_live_{24}", "rk_test_{24}"],
    "Hugging Face token": ["hf_{a34}"],
    "npm token": ["npm_{36}"],
    "PyPI token": ["pypi-AgE{100}"],
    "SendGrid key": ["SG.{22}.{43}"],
    "Twilio key": ["SK{x32}"],
    "DigitalOcean token": ["dop_v1_{x64}"],
    "Shopify token": ["shpat_{x32}"],
    "Telegram token": ["{d9}:AA{33}"],
    "Vault token": ["hvs.{28}"],
    "Databricks token": ["dapi{x32}"],
    "Notion token": ["ntn_{46}"],
    "Azure key": ["AccountName=a;AccountKey={86}==;EndpointSuffix=core"],
    "JWT": ["eyJ{30}.eyJ{60}.{43}"],
    "bearer token": ["curl -H 'X-Auth: Bearer {40}'"],
    "basic credentials": ["Authorization: Basic {24}="],
    "secret": [
        "aws_secret_access_key = {40}",
        "API_KEY={32}",
        'export STAGING_API_TOKEN="{40}"',
        '"client_secret": "{x40}"',
        "api key: {24}",
        "the access token is {40}.",
        "MAILGUN_SECRET: '{x32}'",
    ],
    "password": [
        "password: Tr0ub4dor&3",
        "DB_PASSWORD=s3cret-{8}",
        "The wifi password is blue-{4}42!",
        "passwd = 'hunter2'",
        "pwd=Abc123!xyz;",
    ],
    "password in a URL": [
        "postgres://ann:{16}@db.example.com/app",
        "redis://:{12}@localhost:6379/0",
        "https://deploy:p4ss-{6}@git.internal/repo.git",
    ],
    "private key": [
        "-----BEGIN RSA PRIVATE KEY-----\n{64}\n{64}\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{70}\n{70}\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{64}\n{64}",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{64}\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
}
SECRETS = [
    pytest.param(kind, _made(form, seed), id=f"{kind}-{index}-{seed}")
    for kind, forms in FORMS.items()
    for index, form in enumerate(forms)
    for seed in (1, 2, 3)
]
HARMLESS = (
    "Fixed in commit 3f786850e387550fdab836ed7e6dc881de23001b on main",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "The image digest is sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "request id 01890a5d-ac96-774b-bcce-b302099a8057 failed",
    "session token: 01890a5d-ac96-774b-bcce-b302099a8057",
    "The password policy wants 12 characters",
    "password: required",
    "Password is stored in the vault under team/prod",
    "Set password=$DB_PASSWORD before you start",
    "API_KEY=${API_KEY} or api_key = os.environ['API_KEY']",
    "api_key=YOUR_API_KEY_GOES_HERE_1234",
    "max_tokens: 4096, token_count = 123456789",
    "The token expires after 3600 seconds",
    "The secret is to salt the water early",
    "primary_key: customer_identifier_2024",
    "cache key: user/profile/2024/05/v2",
    "postgres://localhost:5432/app",
    "Mail ann@example.com about https://example.com/a:b@c",
    "postgresql://user:password@localhost/db is the form",
    "ISBN 978-3-16-148410-0, IBAN DE89 3704 0044 0532 0130 00",
    "skill-based matchmaking, sk-learn, risk-averse, ask-me-anything-about-kubernetes",
    "Basic training was hard; a bearer of good news",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBg\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQc\n-----END PUBLIC KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKzq2mGQFJ3Yk5nZ0gkqkq ann@laptop",
    "numpy==2.1.3 --hash=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "https://s3.amazonaws.com/bucket/2024/05/IMG_20240511_183042.jpg?versionId=3sL4kqtJlcpXroDTDmJ",
    "The access key is under the mat",
    "credentials: see 1Password, item prod-database",
    "ETag: 33a64df551425fcc55e4d42a148795d9f25f89d4",
)


@pytest.mark.parametrize(("kind", "text"), SECRETS)
def test_a_secret_is_replaced_by_its_kind(kind: str, text: str) -> None:
    """In a sentence and alone; nothing of it stays. Source: the issuers' documentation."""
    for given_text in (text, f"Note to self:\n{text}\nthat was it"):
        scrubbed = scrub(given_text)

        assert scrubbed.found == {kind: 1}
        assert f"[redacted: {kind}]" in scrubbed.text
        runs = re.findall(r"[A-Za-z0-9]{16,}", text.replace("BEGIN", ""))
        assert not [run for run in runs if run in scrubbed.text]
        assert scrub(scrubbed.text).text == scrubbed.text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_stays(text: str) -> None:
    """Hashes, UUIDs, placeholders, prose. Source: ours."""
    assert scrub(text).text == text
    assert scrub(text).found == {}


def test_images_and_long_base64_are_left_alone() -> None:
    """A picture holds every short token by chance. Source: ours."""
    chance = random.Random(1)
    for size in (300, 3_000, 30_000):
        body = base64.b64encode(chance.randbytes(size)).decode()
        for text in (f"![chart](data:image/png;base64,{body})", body, f"logo = {body[:4000]}"):
            assert scrub(text).text == text


def test_hashes_and_identifiers_in_bulk_are_never_hit() -> None:
    """10,000 random ones in the places where they stand. Source: ours."""
    chance = random.Random(2)
    for _ in range(2_500):
        sha = f"{chance.getrandbits(160):040x}"
        one = uuid.UUID(int=chance.getrandbits(128), version=4)
        for text in (f"commit {sha}", f"id={one}", f"sha: {sha[:12]}", f"see {one}, {sha}."):
            assert scrub(text).text == text


def test_several_secrets_of_one_text_are_counted() -> None:
    """Source: ours."""
    text = _made("a ghp_{36} b AKIA{A16} c ", 4) + _made("ghp_{36}", 5)

    assert scrub(text).found == {"GitHub token": 2, "AWS key id": 1}


def test_json_is_scrubbed_by_key_and_by_form() -> None:
    """A key that names a secret says what its value is. Source: ours."""
    value, found = scrub_json(
        {
            "db": {"password": "hunter2!", "port": 5432},
            "keys": [_made("ghp_{36}"), "harmless"],
            "commit": "3f786850e387550fdab836ed7e6dc881de23001b",
        }
    )

    assert value == {
        "db": {"password": "[redacted: password]", "port": 5432},
        "keys": ["[redacted: GitHub token]", "harmless"],
        "commit": "3f786850e387550fdab836ed7e6dc881de23001b",
    }
    assert found == {"password": 1, "GitHub token": 1}


@given(st.text(max_size=300))
def test_scrubbing_is_done_once_for_all(text: str) -> None:
    """A second time changes nothing, and any text is survived. Source: ours."""
    once = scrub(text).text

    assert scrub(once).text == once


def test_a_long_text_of_beginnings_is_read_to_its_end() -> None:
    """No pattern backtracks without end on what looks like many beginnings. Source: ours."""
    line = "key: value, https://a:b token = sk- eyJ -----BEGIN a.b.c password is AKIA 12:AA\n"
    work = [len(scrub(line * times).text) for times in (10, 100, 700)]

    assert work == [len(line) * times for times in (10, 100, 700)]
