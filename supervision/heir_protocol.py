"""Who owns a table: the messages between owners and their heir, and the pure rules of the heir.

A table belongs to the *name* of its owner. At most one process at a time may change it, the one
whose grant has the latest epoch; the store refuses everybody else inside the change itself. The
heir holds what an owner's death leaves and gives it to the successor that claims it.

Source: OTP ets (heir, give_away/3, 'ETS-TRANSFER'); reliability.md 2.2. One message,
`TableTransfer`, carries the whole fact; OTP's manager pattern needs two, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mimo.config.errors import Conflict

#: Most rows and bytes of a table whose specification doesn't say.
ROWS_MAX = 1_000
BYTES_MAX = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """What an owner wants kept.

    Args:
        name: Unique to its heir.
        rows_max: Most rows.
        bytes_max: Most bytes of keys and values together.
        on_full: refuse a change that finds no room, or evict what was left unchanged for longest.
    """

    name: str
    rows_max: int = ROWS_MAX
    bytes_max: int = BYTES_MAX
    on_full: Literal["refuse", "evict"] = "refuse"


# -- Requests that a heir answers ------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Ask for a table; the answer is a `TableTransfer`, or conflict when another one owns it.

    Asked again by the same incarnation, the answer is the same: so an owner may ask after its heir
    was replaced.

    Args:
        spec: The table.
        owner: Name of the process that claims.
        incarnation: Of this process; among claimants of one name the highest wins.
    """

    spec: TableSpec
    owner: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTransfer:
    """The receiver owns the table from now on, until a later epoch is granted.

    Args:
        table: Its name.
        epoch: Of this grant.
        seq: Number of the last change that it holds.
        from_owner: Who had it before: the heir's name after a death, the giver's after a gift.
        store: Dotted path of the store's class.
        path: The store's handle; nobody else reads it.
    """

    table: str
    epoch: int
    seq: int
    from_owner: str
    store: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveAway:
    """Give a table to another name; the answer is True once the giver can't change it any more.

    The receiver is told by `TableOffered` and claims it; while it is down, the heir keeps it for
    its successor. Source: OTP ets:give_away/3.

    Args:
        table: Its name.
        owner: Who gives.
        incarnation: Of the giver.
        to: Name of the receiver.
    """

    table: str
    owner: str
    incarnation: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOffered:
    """Tell a process that a table waits for it at this heir (cast)."""

    table: str
    heir: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTables:
    """Tell the tables of this heir: a tuple of `TableStatus`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTables:
    """Save every changed table to disk now; the answer is how many were saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatus:
    """One row of `mimo tables`.

    Args:
        table: Its name.
        heir: Who holds it.
        owner: Name of the process it belongs to; "" before the first claim.
        incarnation: Of the owner; the last one's after its death.
        epoch: Of the last grant.
        state: owned; inherited (the heir has it).
        seq: Number of the last change.
        rows: Rows, expired ones not yet removed included.
        bytes: Of keys and values.
        rows_max: Most rows.
        bytes_max: Most bytes.
        snapshot_age_s: Seconds since its last snapshot; None if there is none.
        snapshot_seq: Number of the last change in that snapshot.
    """

    table: str
    heir: str
    owner: str
    incarnation: int
    epoch: int
    state: Literal["owned", "inherited"]
    seq: int
    rows: int
    bytes: int
    rows_max: int
    bytes_max: int
    snapshot_age_s: float | None
    snapshot_seq: int


# -- The rules -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Ownership:
    """Who has a table.

    Args:
        owner: Name of the process it belongs to; "" before the first claim.
        incarnation: The last one it was granted to; 0 before the first grant to this name.
        epoch: Of the last decision; each decision that changes anything makes it one larger.
        is_inherited: Whether the heir has it, so that nobody may change it.
    """

    owner: str
    incarnation: int
    epoch: int
    is_inherited: bool

    def claimed(self, owner: str, incarnation: int) -> Ownership:
        """Return the ownership after a claim: this very one when the claimant has it already.

        Raises:
            Conflict: Another name owns it; or a later incarnation of this name has it or had it.
        """
        if self.owner not in ("", owner):
            raise Conflict(
                f"expected a claim by {self.owner}, got one by {owner}; let its owner give it away"
            )
        if incarnation == self.incarnation and not self.is_inherited:
            return self
        if incarnation <= self.incarnation:
            raise Conflict(
                f"expected an incarnation of {owner} after {self.incarnation}, got {incarnation}; "
                "it has a successor or was declared dead"
            )
        return Ownership(owner, incarnation, self.epoch + 1, is_inherited=False)

    def died(self, owner: str, incarnation: int) -> Ownership:
        """Return the ownership after a death: this very one unless the dead process had it."""
        if self.is_inherited or self.owner != owner or self.incarnation > incarnation:
            return self
        return Ownership(owner, self.incarnation, self.epoch + 1, is_inherited=True)

    def given(self, owner: str, incarnation: int, to: str) -> Ownership:
        """Return the ownership after a gift: the heir keeps it until `to` claims it.

        Given again, as by a message that was repeated to the heir's successor, nothing changes.

        Raises:
            Conflict: The giver doesn't own it.
        """
        if self.owner == to:
            return self
        if (self.owner, self.incarnation, self.is_inherited) != (owner, incarnation, False):
            raise Conflict(
                f"expected the owner to give it away, got {owner}; only {self.owner} may"
            )
        return Ownership(to, 0, self.epoch + 1, is_inherited=True)

    def moved(self) -> Ownership:
        """Return the ownership after the heir made a new file: its owner must claim it again."""
        last_dead = self.incarnation if self.is_inherited else self.incarnation - 1
        return Ownership(self.owner, last_dead, self.epoch + 1, is_inherited=True)
