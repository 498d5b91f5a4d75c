"""Lines of JSON-RPC as a client writes them: cut, capped and looked at; standard library only.

Nothing a client sends ends a relay: what is no message is answered with what was expected.
"""

from __future__ import annotations

import json
from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
#: The connection to the node is gone, and what to do.
UNAVAILABLE = -32000

#: How much of an over-long line is kept at each end, to find its id.
_ENDS_BYTES = 512

RequestId = str | int


class TooLong:
    """A line beyond the limit, of which only the ends were kept.

    Args:
        head: Its first bytes.
        tail: Its last bytes.
    """

    __slots__ = ("head", "tail")

    def __init__(self, head: bytes, tail: bytes) -> None:
        self.head = head
        self.tail = tail

    def request_id(self) -> RequestId | None:
        """Return the request's id where it stands first or last in the message, as clients put it.

        Inside a JSON text quotes are escaped, so neither pattern can match there.
        """
        import re

        value = rb'"id"\s*:\s*(-?\d{1,18}|"[^"\\]{1,128}")'
        before = rb'\s*\{\s*(?:"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,\s*){0,2}'
        found = re.match(before + value, self.head) or re.search(
            rb"[,{]\s*" + value + rb"\s*\}\s*$", self.tail
        )
        return json.loads(found[1]) if found else None


class Lines:
    """Cuts a byte stream into lines in bounded memory.

    Args:
        bytes_max: Longest line, without its newline.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """Return the lines that `data` completes, without their newlines."""
        found: list[bytes | TooLong] = []
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._add(data[start:end])
            found.append(self._take())
            start = end + 1
        if start < len(data):
            self._add(data[start:])
        return found

    def end(self) -> list[bytes | TooLong]:
        """Return the last line, which had no newline."""
        return [self._take()] if self._size else []

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._bytes_max:
            self._parts.append(piece)
            return
        if self._parts:
            joined = b"".join(self._parts)
            self._head, self._tail = joined[:_ENDS_BYTES], joined[-_ENDS_BYTES:]
            self._parts = []
        if len(self._head) < _ENDS_BYTES:
            self._head = (self._head + piece)[:_ENDS_BYTES]
        self._tail = (self._tail + piece[-_ENDS_BYTES:])[-_ENDS_BYTES:]

    def _take(self) -> bytes | TooLong:
        if self._size > self._bytes_max:
            line: bytes | TooLong = TooLong(self._head, self._tail)
        else:
            line = b"".join(self._parts)
        self._parts, self._size, self._head, self._tail = [], 0, b"", b""
        return line


class Refused(Exception):  # noqa: N818  a fact about a line, not a failure of ours
    """A line is no message.

    Args:
        code: JSON-RPC's error code.
        message: What was expected, what came.
        request_id: The id, where it could be read.
    """

    def __init__(self, code: int, message: str, request_id: RequestId | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id


class Message:
    """A well-formed line.

    Args:
        line: As it came.
        body: What it says.
    """

    __slots__ = ("body", "line")

    def __init__(self, line: bytes, body: dict[str, Any]) -> None:
        self.line = line
        self.body = body

    @property
    def method(self) -> str:
        """Return the method, or "" for an answer."""
        found = self.body.get("method", "")
        return found if isinstance(found, str) else ""

    @property
    def request_id(self) -> RequestId | None:
        """Return the id, or None for a notification."""
        found = self.body.get("id")
        return found if isinstance(found, (str, int)) else None

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters, {} where there are none."""
        return self.body.get("params") or {}

    @property
    def is_request(self) -> bool:
        """Tell whether it wants an answer."""
        return "method" in self.body and "id" in self.body


def parse(line: bytes) -> Message | None:
    """Return the message of a line; None for a blank one.

    Raises:
        Refused: It is no message. Source: JSON-RPC 2.0, "Error object"; MCP, "Requests".
    """
    line = line.strip(b" \t\r")
    if not line:
        return None
    body = _json(line)
    if isinstance(body, list):
        raise Refused(INVALID_REQUEST, "expected one message a line, got a batch; send them singly")
    if not isinstance(body, dict):
        raise Refused(INVALID_REQUEST, "expected a JSON object, got another kind of value")
    request_id = body.get("id")
    known_id = request_id if _is_id(request_id) else None
    if body.get("jsonrpc") != "2.0":
        raise Refused(INVALID_REQUEST, 'expected "jsonrpc": "2.0", got none or another', known_id)
    if "id" in body and known_id is None:
        raise Refused(INVALID_REQUEST, "expected an id that is a text or a whole number")
    if "method" in body:
        if not isinstance(body["method"], str):
            raise Refused(INVALID_REQUEST, "expected a method that is a text", known_id)
        if not isinstance(body.get("params", {}), (dict, type(None))):
            raise Refused(INVALID_REQUEST, "expected params that are an object", known_id)
    elif known_id is None or not ("result" in body or "error" in body):
        raise Refused(INVALID_REQUEST, "expected a method, or an answer with its id", known_id)
    return Message(line, body)


def _is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _json(line: bytes) -> Any:
    try:
        text = line.decode("utf-8")
        body = json.loads(text, parse_constant=_no_constant)
        if "\\u" in text:
            # An escaped lone surrogate is JSON for Python and for nobody else.
            json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        got = f"got the byte 0x{line[error.start]:02x} at {error.start}"
        raise Refused(PARSE_ERROR, f"expected UTF-8, {got}") from None
    except UnicodeEncodeError:
        found = body.get("id") if isinstance(body, dict) else None
        # With its id, if that is whole: somebody waits for the answer.
        known_id = found if _is_id(found) and str(found).isprintable() else None
        said = "expected Unicode text, got half a surrogate pair; send whole characters"
        raise Refused(PARSE_ERROR, said, known_id) from None
    except RecursionError:
        raise Refused(PARSE_ERROR, "expected JSON nested less deeply; flatten it") from None
    except ValueError as error:
        raise Refused(PARSE_ERROR, f"expected JSON, got: {str(error)[:200]}") from None
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name}, which is no JSON")


def error_line(code: int, message: str, request_id: RequestId | None) -> bytes:
    """Return the line that answers a request, or with None nobody in particular, with an error."""
    body = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def result_line(result: object, request_id: RequestId) -> bytes:
    """Return the line that answers a request, in the form the node writes."""
    body = {"jsonrpc": "2.0", "id": request_id, "result": result}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
