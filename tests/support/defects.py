"""Show one defect of Thespian, on the plain library or on Mimo's runtime: prints a JSON object.

Run as `python -m tests.support.defects D4 plain FOLDER`. The process adopts everything it starts
and kills it at its end, so that the plain side's orphans go too.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pickle
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support import defect_actors as actors
from tests.support.defect_actors import state_of, wait_dead

#: How long to wait for something that the plain library never does.
NEVER_S = 1.0
#: How long to wait for something that must happen.
SURELY_S = 15.0


def eventually(condition: Callable[[], Any], within_s: float) -> bool:
    """Wait until the condition holds; tell whether it did."""
    end_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


def children(pid: int) -> list[int]:
    """Return the living children of a process."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(entry.name))
    return sorted(found)


def parent(pid: int) -> int:
    """Return the parent's pid."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def free_port() -> int:
    """Return a free port of all interfaces."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Tell whether somebody listens at a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Flavour:
    """Boots systems: the plain library, or Mimo's runtime."""

    def __init__(self, is_plain: bool, folder: Path) -> None:
        self.is_plain = is_plain
        self.folder = folder
        self.port = free_port()
        self.key = os.urandom(32)
        self.guardian_pid = os.getpid()
        #: How long to wait for what must happen with Mimo, and doesn't with the plain library.
        self.patience_s = NEVER_S if is_plain else SURELY_S

    def boot(self, **capabilities: Any) -> Any:
        if self.is_plain:
            from thespian.actors import ActorSystem

            facts = {"Admin Port": self.port, "Process Startup Method": "fork", **capabilities}
            return ActorSystem("multiprocTCPBase", facts, transientUnique=True)
        from mimo.supervision import runtime

        return runtime.boot(
            self.port, self.key, log_dir=self.folder, guardian_pid=self.guardian_pid
        )

    def ask(self, system: Any, address: Any, *message: Any, timeout_s: float = SURELY_S) -> Any:
        return system.ask(address, message, timeout_s)

    def family(self, system: Any, size: int) -> tuple[Any, list[int]]:
        """Return a parent with `size` children that are up, and their pids."""
        address = system.createActor(actors.Parent)
        system.tell(address, ("make", size))
        eventually(lambda: len(self.ask(system, address, "known")) == size, SURELY_S)
        return address, list(self.ask(system, address, "known"))

    def notices(self, system: Any, address: Any, expected: int) -> int:
        """Return how many death notices the parent has got, after a while."""

        def count() -> int:
            return int(self.ask(system, address, "noted").count("exited"))

        eventually(lambda: count() >= expected, self.patience_s)
        return count()


def d1(flavour: Flavour) -> dict[str, Any]:
    """A segmentation fault ends the process and the parent is told."""
    system = flavour.boot()
    address, (pid,) = flavour.family(system, 1)
    child = flavour.ask(system, address, "child", 0)
    system.tell(child, ("segfault",))
    notices = flavour.notices(system, address, 1)
    return {"notices": notices, "still_alive": state_of(pid) not in ("", "Z")}


def d2(flavour: Flavour) -> dict[str, Any]:
    """Children that die while the death of another is being told are told too."""
    system = flavour.boot()
    address, _ = flavour.family(system, 5)
    flavour.ask(system, address, "have_all_die_during_a_notice")
    return {"notices": flavour.notices(system, address, 5)}


def d3(flavour: Flavour) -> dict[str, Any]:
    """The death of a child that never connected is told."""
    system = flavour.boot()
    address = system.createActor(actors.Parent)
    flavour.ask(system, address, "make_one_that_dies_early")
    return {"notices": flavour.notices(system, address, 1)}


def d4(flavour: Flavour) -> dict[str, Any]:
    """The admin survives the death of its logger, which comes back."""
    system = flavour.boot()
    worker = flavour.ask(system, system.createActor(actors.Worker), "pid")
    admin = parent(worker)
    (logger,) = [pid for pid in children(admin) if pid != worker]
    os.kill(logger, signal.SIGKILL)
    wait_dead(logger)
    if flavour.is_plain:
        return {"admin_died": wait_dead(admin, SURELY_S)}
    is_back = eventually(lambda: len(children(admin)) == 2, SURELY_S)
    again = flavour.ask(system, system.createActor(actors.Worker), "pid")
    return {"admin_died": parent(again) != admin, "logger_is_back": is_back}


def d5(flavour: Flavour) -> dict[str, Any]:
    """The admin's port is free as soon as the admin is dead."""
    system = flavour.boot()
    admin = parent(flavour.ask(system, system.createActor(actors.Worker), "pid"))
    os.kill(admin, signal.SIGKILL)
    wait_dead(admin)
    is_free = eventually(lambda: not accepts(flavour.port), flavour.patience_s)
    return {"port_is_held": not is_free}


def d6(flavour: Flavour) -> dict[str, Any]:
    """Neither the starter's sockets nor its stdout live on in the system."""
    read, write = os.pipe()
    port = free_port()
    pid = os.fork()
    if pid == 0:
        listener = socket.create_server(("127.0.0.1", port))
        os.dup2(write, 1)
        os.close(write)
        flavour.boot()
        os.write(1, b"!")
        listener.close()
        os._exit(0)
    os.close(write)
    os.read(read, 1)
    os.waitpid(pid, 0)
    has_eof = bool(select.select([read], [], [], flavour.patience_s)[0])
    is_free = eventually(lambda: not accepts(port), flavour.patience_s)
    return {"stdout_is_held": not has_eof, "listener_is_held": not is_free}


def d7(flavour: Flavour) -> dict[str, Any]:
    """Children die with their parent, and all with the admin."""
    system = flavour.boot()
    address, pids = flavour.family(system, 3)
    top = flavour.ask(system, address, "pid")
    admin = parent(top)
    os.kill(top, signal.SIGKILL)
    orphans = [pid for pid in pids if not wait_dead(pid, flavour.patience_s)]
    _, pids = flavour.family(system, 1)
    os.kill(admin, signal.SIGKILL)
    orphans += [pid for pid in pids if not wait_dead(pid, flavour.patience_s)]
    return {"orphans": len(orphans)}


def d8(flavour: Flavour) -> dict[str, Any]:
    """Messages from one actor to another keep their order."""
    if flavour.is_plain:
        return {"order": _overtaken(flavour)}
    system = flavour.boot()
    first, second = system.createActor(actors.Talker), system.createActor(actors.Talker)
    total = 2_000
    flavour.ask(system, first, "talk", second, total)
    flavour.ask(system, second, "talk", first, total)
    talkers = (first, second)
    eventually(
        lambda: all(flavour.ask(system, t, "result")[0] == total for t in talkers), 4 * SURELY_S
    )
    results = [flavour.ask(system, talker, "result") for talker in talkers]
    return {
        "received": [received for received, _ in results],
        "inversions": sum(inversions for _, inversions in results),
    }


def _overtaken(flavour: Flavour) -> list[str]:
    """Return the order in which a receiver reads two messages when the first's socket is lost.

    That is what happens when two actors connect to each other at once: one socket of the two is
    closed before its message was acknowledged, and the message waits for its retry.
    """
    from thespian.actors import ActorAddress
    from thespian.system.transport import TransmitIntent, TransmitOnly
    from thespian.system.transport.IPBase import TCPv4ActorAddress
    from thespian.system.transport.streamBuffer import ReceiveBuffer, ackMsg

    receiver = socket.create_server(("127.0.0.1", 0))
    transport = flavour.boot()._systemBase.transport
    address = ActorAddress(TCPv4ActorAddress("127.0.0.1", receiver.getsockname()[1]))
    order: list[str] = []

    def read(*, acknowledge: bool) -> None:
        connection = None
        end_s = time.monotonic() + SURELY_S
        while connection is None and time.monotonic() < end_s:
            transport.run(TransmitOnly, 0.02)
            if select.select([receiver], [], [], 0)[0]:
                connection, _ = receiver.accept()
        assert connection is not None
        buffer = ReceiveBuffer(pickle.loads)
        while not buffer.isDone():
            transport.run(TransmitOnly, 0.02)
            buffer.addMore(connection.recv(buffer.remainingAmount()))
        if acknowledge:
            connection.send(ackMsg)
            order.append(buffer.completed()[0][1])
        connection.close()

    transport.scheduleTransmit(None, TransmitIntent(address, "first"))
    read(acknowledge=False)
    transport.run(TransmitOnly, 0.02)
    transport.scheduleTransmit(None, TransmitIntent(address, "second"))
    read(acknowledge=True)
    return order


def d9(flavour: Flavour) -> dict[str, Any]:
    """A receiver that stands still blocks nobody else's messages."""
    system = flavour.boot()
    sender = system.createActor(actors.Worker)
    still = system.createActor(actors.Worker)
    pid = flavour.ask(system, still, "pid")
    flavour.ask(system, sender, "pid")
    os.kill(pid, signal.SIGSTOP)
    flavour.ask(system, sender, "tell", still, *[("note", n) for n in range(60)], timeout_s=0.5)
    answer = flavour.ask(system, sender, "pid", timeout_s=flavour.patience_s)
    os.kill(pid, signal.SIGCONT)
    return {"answered_meanwhile": answer is not None}


def d10(flavour: Flavour) -> dict[str, Any]:
    """Messages to an actor that stands still are not lost in silence (limit: 1 s)."""
    if not flavour.is_plain:
        importlib.import_module("mimo.supervision.runtime")
    transport: Any = importlib.import_module("thespian.system.transport")
    transport.DEFAULT_MAX_TRANSMIT_PERIOD = timedelta(seconds=1)
    system = flavour.boot()
    sender, still = system.createActor(actors.Worker), system.createActor(actors.Worker)
    flavour.ask(system, sender, "tell", still, ("note", "first"))
    eventually(lambda: flavour.ask(system, still, "noted"), SURELY_S)
    pid = flavour.ask(system, still, "pid")
    os.kill(pid, signal.SIGSTOP)
    flavour.ask(system, sender, "tell", still, *[("note", n) for n in range(5)])
    time.sleep(2.5)
    os.kill(pid, signal.SIGCONT)
    eventually(lambda: len(flavour.ask(system, still, "noted")) == 6, flavour.patience_s)
    return {
        "arrived": len(flavour.ask(system, still, "noted")) - 1,
        "sender_was_told": bool(flavour.ask(system, sender, "noted")),
    }


class Counted:
    """A message that counts how often it is turned into text in the sender's process."""

    texts = 0

    def __repr__(self) -> str:
        Counted.texts += 1
        return "counted"


def d11(flavour: Flavour) -> dict[str, Any]:
    """Sending a message doesn't turn it into text."""
    system = flavour.boot()
    system.ask(system.createActor(actors.Worker), ("note", Counted()), 0.2)
    return {"texts": Counted.texts}


def d12(flavour: Flavour) -> dict[str, Any]:
    """Only loopback listens, and a stranger's pickle is never opened."""
    from tests.support import intruder

    system = flavour.boot()
    worker = system.createActor(actors.Worker)
    pid = flavour.ask(system, worker, "pid")
    admin = parent(pid)
    listening = intruder.listeners([admin, *children(admin)])
    marker = flavour.folder / "intruded"
    for _, port in sorted(listening):
        intruder.send_library_frame(port, marker)
    intruded = eventually(marker.exists, NEVER_S)
    return {
        "interfaces": sorted({host for host, _ in listening}),
        "ports": len(listening),
        "intruded": intruded,
        "goes_on": flavour.ask(system, worker, "pid") == pid,
    }


def d13(flavour: Flavour) -> dict[str, Any]:
    """A file that is registered twice harms nobody; threads may send."""
    system = flavour.boot()
    worker = system.createActor(actors.Worker)
    pid = flavour.ask(system, worker, "pid")
    flavour.ask(system, worker, "watch_twice", timeout_s=2.0)
    if flavour.is_plain:
        return {"died": wait_dead(pid, SURELY_S)}
    sender, threads, each = system.createActor(actors.Worker), 4, 250
    flavour.ask(system, sender, "tell_from_threads", worker, threads, each)
    expected = threads * each
    eventually(lambda: len(flavour.ask(system, worker, "noted")) == expected, 2 * SURELY_S)
    notes = flavour.ask(system, worker, "noted")
    in_order = all(
        [count for n, count in notes if n == number] == list(range(each))
        for number in range(threads)
    )
    return {"died": wait_dead(pid, 0.1), "lost": expected - len(notes), "in_order": in_order}


def d14(flavour: Flavour) -> dict[str, Any]:
    """Whoever forks actors has no second thread."""
    import threading

    never = threading.Event()
    threading.Thread(target=never.wait, daemon=True).start()
    try:
        flavour.boot()
    except Exception as error:  # noqa: BLE001  the plain side must not import Mimo's errors
        return {"refused": str(error)}
    return {"refused": ""}


def d15(flavour: Flavour) -> dict[str, Any]:
    """A host that is lost is reported; Mimo uses one host and joins no convention."""
    if not flavour.is_plain:
        system = flavour.boot()
        return {"joins": [fact for fact in system.capabilities if "Convention" in fact]}
    convention = {"Convention Address.IPv4": f"127.0.0.1:{flavour.port}"}
    near = flavour.boot(**convention)
    far = Flavour(is_plain=True, folder=flavour.folder)
    pid = os.fork()
    if pid == 0:
        far.boot(far=True, **convention)
        os._exit(0)
    os.waitpid(pid, 0)
    address = near.createActor(actors.FarParent)
    known: tuple[int, ...] = ()
    for _ in range(20):
        near.tell(address, ("make_far",))
        if eventually(lambda: bool(flavour.ask(near, address, "known")), 1.0):
            known = flavour.ask(near, address, "known")
            break
    if not known:
        return {"far_was_up": False}
    admin = parent(known[0])
    before = flavour.ask(near, address, "noted").count("exited")
    for lost in (admin, *children(admin)):
        os.kill(lost, signal.SIGKILL)
    time.sleep(2 * NEVER_S)
    after = flavour.ask(near, address, "noted").count("exited")
    return {"far_was_up": True, "notices": after - before}


def d16(flavour: Flavour) -> dict[str, Any]:
    """A handler that raises is called once, and its process ends."""
    calls = flavour.folder / "calls"
    system = flavour.boot()
    if flavour.is_plain:
        worker = system.createActor(actors.Worker)
        pid = flavour.ask(system, worker, "pid")
        system.tell(worker, ("fail", str(calls)))
    else:
        from mimo.supervision import messages as m

        worker = system.createActor("tests.support.defect_process.Failing")
        start = m.Start(name="failing", incarnation=1, args={"calls": str(calls)})
        pid = system.ask(worker, start, SURELY_S).pid
        system.tell(worker, "fail")
    eventually(lambda: calls.exists() and len(calls.read_text().split()) >= 2, NEVER_S)
    is_dead = wait_dead(pid, flavour.patience_s)
    return {"calls": len(calls.read_text().split()), "process_ended": is_dead}


def sweep() -> None:
    """Kill everything that this process has started or adopted."""
    while True:
        queue, found = [os.getpid()], []
        while queue:
            below = children(queue.pop())
            found += below
            queue += below
        if not found:
            return
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            pass


def main() -> None:
    """Run one scenario and print what it found."""
    name, flavour_name, folder = sys.argv[1:]
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # adopt orphans
    flavour = Flavour(flavour_name == "plain", Path(folder))
    try:
        found = globals()[name.lower()](flavour)
    finally:
        sweep()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
