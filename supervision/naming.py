"""The part of a supervisor that makes its children known by name, and the root's registry."""

from __future__ import annotations

from mimo.config.errors import InvalidRequest
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer
from mimo.supervision.registry import Notice, Registry

#: What supervisors report to the registry, and what callers ask of it.
NamingMessage = m.Register | m.Unregister | m.Subscribe | m.Resting | m.Demand


class Naming(GenServer):
    """Registers names with the root, or holds the registry when it is the root itself."""

    def __init__(self) -> None:
        super().__init__()
        self._names: Registry | None = None

    @property
    def is_root(self) -> bool:
        """Tell whether this supervisor holds the registry."""
        return self._names is not None

    @property
    def registry_address(self) -> m.Address:
        """Return where names are looked up."""
        return self.myAddress if self._names is not None else self.registry

    def names(self) -> Registry:
        """Return the registry.

        Raises:
            InvalidRequest: This isn't the root.
        """
        if self._names is None:
            raise InvalidRequest(f"expected the root supervisor to be asked, got {self.name}")
        return self._names

    def hold_registry(self) -> None:
        """Become the holder of all names."""
        self._names = Registry()

    def publish_up(self, up: m.Up) -> None:
        """Make known that a process serves."""
        entry = m.Register(
            name=up.name,
            address=up.address,
            incarnation=up.incarnation,
            pid=up.pid,
            supervisor=up.supervisor,
        )
        self._tell_registry(entry)
        self.dispatch(up, self.myAddress)

    def publish_down(self, down: m.Down) -> None:
        """Make known that a process ended."""
        entry = m.Unregister(name=down.name, incarnation=down.incarnation, reason=down.reason)
        self._tell_registry(entry)
        self.dispatch(down, self.myAddress)

    def handle_naming(self, message: NamingMessage, sender: m.Address) -> None:
        """Handle what supervisors report and subscribers ask."""
        now_s = self.clock.monotonic_s()
        match message:
            case _ if self._names is None:
                self.log_unknown(message)
            case m.Register():
                self._send_notices(self._names.register(message, now_s))
            case m.Unregister():
                self._send_notices(self._names.unregister(message, now_s))
            case m.Resting():
                self._send_notices(self._names.rest(message, now_s))
            case m.Demand(name=name):
                self._send_notices(self._names.demand(name, now_s))
            case m.Subscribe(names=names, lease_s=lease_s):
                for up in self._names.subscribe(sender, names, lease_s, now_s):
                    self.post(sender, up)

    def publish_resting(self, name: str) -> None:
        """Make known that a child starts when it is called."""
        self._tell_registry(m.Resting(name=name, supervisor=self.myAddress))

    def _tell_registry(self, entry: m.Register | m.Unregister | m.Resting) -> None:
        if self._names is None:
            self.post(self.registry, entry)
        else:
            self.handle_naming(entry, self.myAddress)

    def _send_notices(self, notices: list[Notice]) -> None:
        for address, fact in notices:
            self.post(address, fact)

    def _subscribe(self, names: tuple[str, ...]) -> None:
        """Ask nobody: a supervisor calls only its own children, whose `Up` it makes itself."""
