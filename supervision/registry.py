"""Who serves where, and who wants to know; pure.

The root supervisor holds it. Supervisors register their children and unregister them; everybody
else subscribes to names. A subscription is a lease, since nobody tells a sender that the receiver
is dead, and sending to the dead is expensive (measured: 2 to 4 ms of CPU a message).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from mimo.config.errors import NotFound, Restarting
from mimo.supervision.messages import (
    Address,
    Down,
    ExitReason,
    Register,
    Resting,
    Unregister,
    Up,
    Wake,
)

#: Most addresses of dead processes remembered.
DEAD_KEPT_MAX = 256
#: What the registry wants sent: a receiver and what it shall hear.
Notice = tuple[Address, Up | Down | Wake]
#: How long a demand for a name that neither serves nor rests is remembered, in seconds.
DEMAND_KEPT_S = 60.0


@dataclass(slots=True)
class _Subscriber:
    address: Address
    ends_s: dict[str, float] = field(default_factory=dict)


class Registry:
    """The names of the tree. Addresses can't be hashed, so their text is the key."""

    def __init__(self) -> None:
        self._up: dict[str, Up] = {}
        self._newest: dict[str, int] = {}
        self._subscribers: dict[str, _Subscriber] = {}
        #: When supervisors died, by address, in microseconds: late reports of theirs are refused.
        self._dead_us: OrderedDict[str, int] = OrderedDict()
        self._resting: dict[str, Address] = {}
        self._demanded: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._up)

    def register(self, entry: Register, now_s: float) -> list[Notice]:
        """Note that a process serves.

        Refused are an incarnation that isn't newer than the newest known one, and what a supervisor
        reported just before its death: the process died with it.
        """
        is_stale = entry.incarnation <= self._newest.get(entry.name, 0)
        if is_stale or entry.incarnation <= self._dead_us.get(str(entry.supervisor), -1):
            return []
        self._newest[entry.name] = entry.incarnation
        self._resting.pop(entry.name, None)
        self._demanded.pop(entry.name, None)
        up = Up(
            name=entry.name,
            address=entry.address,
            incarnation=entry.incarnation,
            pid=entry.pid,
            supervisor=entry.supervisor,
        )
        self._up[entry.name] = up
        return self._tell(up, now_s)

    def unregister(self, entry: Unregister, now_s: float) -> list[Notice]:
        """Note that a process ended, and with a supervisor all that it had registered.

        A process's children die with it (PDEATHSIG), so nobody else reports them.
        """
        up = self._up.get(entry.name)
        if up is None or up.incarnation != entry.incarnation:
            return []
        return self._take_down(up, entry.reason, now_s)

    def rest(self, entry: Resting, now_s: float) -> list[Notice]:
        """Note that a process starts when it is called; somebody may be waiting already.

        A demand is good for one more try: what can't start isn't forked for ever.
        """
        self._resting[entry.name] = entry.supervisor
        if self._demanded.pop(entry.name, 0.0) > now_s:
            return [(entry.supervisor, Wake(name=entry.name))]
        return []

    def demand(self, name: str, now_s: float) -> list[Notice]:
        """Have a process started that rests; one that is on its way to rest as soon as it does."""
        if name in self._up:
            return []
        self._demanded[name] = now_s + DEMAND_KEPT_S
        supervisor = self._resting.get(name)
        return [] if supervisor is None else [(supervisor, Wake(name=name))]

    def subscribe(
        self, address: Address, names: tuple[str, ...], lease_s: float, now_s: float
    ) -> list[Up]:
        """Begin or renew the lease of `address` on `names`; return those that are up now."""
        key = str(address)
        subscriber = self._subscribers.setdefault(key, _Subscriber(address))
        for name in names:
            subscriber.ends_s[name] = now_s + lease_s
        return [self._up[name] for name in names if name in self._up]

    def whereis(self, name: str) -> Up:
        """Return where `name` serves.

        Raises:
            Restarting: It has served and will again, unless its supervisor leaves it down.
            NotFound: Nobody has registered that name.
        """
        up = self._up.get(name)
        if up is not None:
            return up
        if name in self._newest or name in self._resting:
            raise Restarting(f"expected {name} to be up, got a restart", retry_after_s=0.1)
        raise NotFound(f"expected the name of a process, got {name!r}; see 'mimo tree'")

    def all(self) -> tuple[Up, ...]:
        """Return every process that serves, by name."""
        return tuple(self._up[name] for name in sorted(self._up))

    def below(self, supervisor: Address) -> tuple[Up, ...]:
        """Return the processes that the supervisor at this address has registered."""
        return tuple(up for up in self._up.values() if up.supervisor == supervisor)

    def prune(self, now_s: float) -> int:
        """Drop the leases that have run out and return how many subscribers are left."""
        self._demanded = {name: end_s for name, end_s in self._demanded.items() if end_s > now_s}
        for key, subscriber in list(self._subscribers.items()):
            subscriber.ends_s = {
                name: end_s for name, end_s in subscriber.ends_s.items() if end_s > now_s
            }
            if not subscriber.ends_s:
                del self._subscribers[key]
        return len(self._subscribers)

    def _take_down(self, up: Up, reason: ExitReason, now_s: float) -> list[Notice]:
        notices: list[Notice] = []
        del self._up[up.name]
        self._dead_us[str(up.address)] = int(now_s * 1e6)
        if len(self._dead_us) > DEAD_KEPT_MAX:
            self._dead_us.popitem(last=False)
        resting = [name for name, above in self._resting.items() if above == up.address]
        for name in resting:
            del self._resting[name]
        for child in self.below(up.address):
            below = ExitReason(kind=reason.kind, detail=f"its supervisor {up.name} ended")
            notices.extend(self._take_down(child, below, now_s))
        self._subscribers.pop(str(up.address), None)
        down = Down(name=up.name, incarnation=up.incarnation, reason=reason)
        return notices + self._tell(down, now_s)

    def _tell(self, fact: Up | Down, now_s: float) -> list[Notice]:
        return [
            (subscriber.address, fact)
            for subscriber in self._subscribers.values()
            if subscriber.ends_s.get(fact.name, 0.0) > now_s
        ]
