"""The base of all models of tables."""

from __future__ import annotations

import peewee


class Table(peewee.Model):
    """Base of the models; a query is given its database when it is executed."""
