"""Clients that work while faults happen: each stores, reads and searches, one call at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Self

from tests.support.client import CallError, Client
from tests.support.history import History, Op
from tests.support.node import Node
from tests.support.waiting import eventually

#: How often each kind of call is made, in parts of 100; `meaning` is a search by meaning,
#: and `note` (not in the usual mix) puts notes into working memory and reads them.
MIX = {"store": 55, "get": 25, "keyword": 15, "meaning": 5}
#: Pause between two calls of a client, in seconds, so that two cores aren't the fault.
PAUSE_S = 0.004


class Traffic:
    """Some clients of one node, each on its own relay and thread.

    Args:
        node: The node.
        clients: How many.
        seed: Of the calls' order and texts.
        mix: Kind of call -> weight.
        pause_s: Between two calls of one client.
    """

    def __init__(
        self,
        node: Node,
        *,
        clients: int = 4,
        seed: str = "0",
        mix: dict[str, int] | None = None,
        pause_s: float = PAUSE_S,
        history: History | None = None,
    ) -> None:
        self.history = History() if history is None else history
        self._node = node
        self._mix = mix or MIX
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._known: list[tuple[int, str]] = []
        self._names = [f"{seed}-{number}" for number in range(clients)]
        self._connections: list[Client] = []
        self._threads: list[threading.Thread] = []
        self.broken: list[str] = []

    def __enter__(self) -> Self:
        for name in self._names:
            self._connections.append(self._node.connect(name, self.history))
        for client in self._connections:
            thread = threading.Thread(target=self._guarded, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)
        try:
            self.await_oks(len(self._connections))
        except AssertionError:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each client finish its call, and end its relay."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
        for client in self._connections:
            client.close()
        self.history.close()
        assert not self.broken, f"expected clients to go on, got {self.broken}"

    def await_oks(self, count: int = 8, since_s: float | None = None, within_s: float = 60) -> None:
        """Wait until `count` more calls that began after now (or `since_s`) were successful."""
        moment_s = time.monotonic() if since_s is None else since_s

        def enough() -> bool:
            return sum(op.began_s >= moment_s for op in self.history.ops(end="ok")) >= count

        eventually(enough, within_s=within_s, what=f"{count} successful calls")

    def first_ok(self, since_s: float, *kinds: str, within_s: float = 60) -> Op:
        """Wait for the first success of a call that began after `since_s`, and return it."""
        return eventually(
            lambda: self.history.first_ok_after(since_s, *kinds),
            within_s=within_s,
            what=f"a successful call of {', '.join(kinds) or 'any kind'}",
        )

    def recover_ms(self, since_s: float, *kinds: str, within_s: float = 60) -> float:
        """Return the time from a fault to the end of the first success that began after it."""
        ended_s = self.first_ok(since_s, *kinds, within_s=within_s).ended_s or 0.0
        return (ended_s - since_s) * 1000

    def _guarded(self, client: Client) -> None:
        try:
            self._work(client)
        except (CallError, AssertionError, KeyError, OSError, TypeError) as error:
            self.broken.append(f"{client.name}: {error!r}")

    def _work(self, client: Client) -> None:
        chance = random.Random(client.name)
        number = 0
        while not self._stopping.is_set():
            kind = chance.choices(list(self._mix), list(self._mix.values()))[0]
            act: Callable[[Client, random.Random, int], None] = getattr(self, f"_{kind}")
            number += 1
            try:
                act(client, chance, number)
            except CallError:
                if client.process.poll() is not None:
                    raise
                self._stopping.wait(0.02)
            self._stopping.wait(self._pause_s)

    def _store(self, client: Client, chance: random.Random, number: int) -> None:
        content = f"Memory {token(client.name, number)} tells of {chance.choice(_THINGS)}"
        tags = ["traffic", chance.choice(_THINGS)] if chance.random() < 0.5 else []
        memory_id = client.store(content, importance=round(chance.random(), 2), tags=tags)
        self._known.append((memory_id, content))

    def _get(self, client: Client, chance: random.Random, _number: int) -> None:
        if self._known:
            memory_id, content = chance.choice(self._known[-200:])
            client.call("get", subject=content, memory_id=memory_id)

    def _keyword(self, client: Client, chance: random.Random, _number: int) -> None:
        if self._known:
            _, content = chance.choice(self._known[-200:])
            word = content.split()[1]
            client.call("search", subject=content, query=word, mode="keyword", limit=5)

    def _meaning(self, client: Client, chance: random.Random, _number: int) -> None:
        client.call("search", query=f"what is known of {chance.choice(_THINGS)}", limit=5)

    def _note(self, client: Client, chance: random.Random, number: int) -> None:
        # A session holds fewer notes than one page shows, so that each can be looked for.
        session = f"{client.name}-{number // 100}"
        if chance.random() < 0.5:
            content = f"Note {token(client.name, number)}"
            client.call("hold", subject=content, content=content, session_id=session)
        else:
            client.call("held", session_id=session)


def token(name: str, number: int) -> str:
    """Return one word that no other memory holds."""
    return f"zq{''.join(part for part in name if part.isalnum())}x{number}"


_THINGS = ("bridges", "rivers", "violins", "lanterns", "orchards", "glaciers", "anvils", "ferries")
