"""One HTTP request to a service of the user's: bounded in size, never redirected, key out of sight.

Whoever sends it does so in a thread of its own and waits only as long as it likes: no setting of a
client ends a service that sends a byte a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

#: Longest time that a service may ask for with Retry-After, in seconds.
RETRY_AFTER_S_MAX: Final = 600.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
OK, TOO_MANY = 200, 429
UNAUTHORISED: Final = frozenset({401, 403})
_BLOCK_BYTES: Final = 65_536


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what came back; `run` belongs to a thread of its own.

    Args:
        session: From `open_session`.
        url: Where the request goes.
        body: Sent as JSON.
        key: Sent as a bearer's; "" for none.
        timeout_s: Longest wait for the connection and for each read.
        bytes_max: Most bytes of an answer.
        status: Of the answer; 0 before it is there.
        answer: Its body.
        retry_after: Its header of that name; see `seconds_of`.
        trouble: Why there is no answer; without the address, which may hold a secret.
    """

    session: requests.Session
    url: str
    body: dict[str, Any]
    key: str = field(repr=False)
    timeout_s: float
    bytes_max: int
    status: int = 0
    answer: bytes = b""
    retry_after: str = ""
    trouble: str = ""

    def run(self) -> None:
        """Send, and read the answer; whatever fails is told in `trouble`."""
        import requests

        try:
            with self.session.post(
                self.url,
                json=self.body,
                # A request with an auth of its own gets none from a netrc file.
                auth=self._signed,
                timeout=self.timeout_s,
                stream=True,
                # The key goes to nobody else.
                allow_redirects=False,
            ) as response:
                self.retry_after = response.headers.get("Retry-After", "")
                self.answer = self._body(response)
                self.status = response.status_code
        except (requests.RequestException, OSError, ValueError) as error:
            # The error's own words may hold the address with a key in it.
            self.trouble = self.trouble or type(error).__name__

    def _body(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(_BLOCK_BYTES):
            size += len(part)
            if size > self.bytes_max:
                self.trouble = f"more than {self.bytes_max} bytes"
                raise ValueError(self.trouble)
            parts.append(part)
        return b"".join(parts)

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.key:
            request.headers["Authorization"] = f"Bearer {self.key}"
        return request


def open_session(url: str) -> requests.Session:
    """Return a session for requests to one service; `requests` is loaded now."""
    import requests

    session = requests.Session()
    # A proxy of this machine's surroundings can't reach a service on it.
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    return session


def seconds_of(retry_after: str, wall_s: float) -> float:
    """Return the seconds that a Retry-After header asks for, 0 to `RETRY_AFTER_S_MAX`.

    Args:
        retry_after: Seconds, or a date; 0.0 for anything else.
        wall_s: Now, for a date.

    Source: RFC 9110, 10.2.3.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_S_MAX)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    at_s = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return min(max(at_s - wall_s, 0.0), RETRY_AFTER_S_MAX)
