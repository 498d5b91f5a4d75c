"""Bad input: every malformed line is answered, and too long a text is refused at once."""

from __future__ import annotations

import json
import time

from mimo.config import limits
from tests.load.rows import Row, ms
from tests.support.client import CallError
from tests.support.node import Node
from tests.support.waiting import eventually

REFUSED_S_MAX = 0.5
TEXT_BYTES = 10_000_000
#: Lines that are no message of the protocol; each has to be answered with an error.
MALFORMED = (
    b"{broken\n",
    b"\xff\xfe\xfd\n",
    b"[]\n",
    b"42\n",
    b'"text"\n',
    b"null\n",
    b'{"jsonrpc":"1.0","id":7,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":8}\n',
    b'{"jsonrpc":"2.0","id":9,"method":42}\n',
    b'{"jsonrpc":"2.0","id":10,"method":"\x00"}\n',
)


def measure(node: Node) -> list[Row]:
    """Send what no decent client sends, and see that the connection goes on."""
    with node.connect("rude") as client:
        answered = 0
        for line in MALFORMED:
            before = len(client.unmatched)
            client.write_raw(line)
            try:
                eventually(lambda: len(client.unmatched) > before, within_s=5)  # noqa: B023
                answered += 1
            except AssertionError:
                continue
        refused_s, detail = _refused(node)
        client.store("the connection goes on")
        limit_named = any(
            text in detail.replace(",", "")
            for text in (str(limits.LINE_BYTES_MAX), str(limits.MEMORY_BYTES_MAX))
        )
    return [
        Row(
            what="malformed lines",
            bar="every one answered, the connection goes on",
            figure=f"{answered} of {len(MALFORMED)} answered",
            how="one line of each kind by a raw client",
            is_met=answered == len(MALFORMED),
            raw={"answered": answered},
        ),
        Row(
            what="a memory of 10 MB",
            bar=f"refused in < {REFUSED_S_MAX:g} s with the limit named",
            figure=f"{ms(refused_s)}: {detail[:80]}",
            how="from the first byte written to the answer",
            is_met=refused_s < REFUSED_S_MAX and limit_named,
            raw={"refused_s": refused_s, "detail": detail},
        ),
    ]


def _refused(node: Node) -> tuple[float, str]:
    """Return how long the refusal of a huge text took, and its sentence."""
    call = {
        "jsonrpc": "2.0",
        "id": "huge",
        "method": "tools/call",
        "params": {
            "name": "memory",
            "arguments": {"operation": "store", "content": "x" * TEXT_BYTES},
        },
    }
    line = json.dumps(call).encode() + b"\n"
    with node.connect("huge") as client:
        pending = client.expect("huge")
        began_s = time.perf_counter()
        client.write_raw(line)
        answered = eventually(lambda: pending.is_done or client.unmatched, within_s=30)
        took_s = time.perf_counter() - began_s
        assert answered
        try:
            pending.result(0)
        except CallError as error:
            if error.code != "no_answer":
                return took_s, error.detail
        return took_s, json.dumps(client.unmatched[-1])
