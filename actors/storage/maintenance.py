"""The caretaker: backups on time, integrity checks on demand, log files kept in bounds.

It reads on a connection of its own and never writes to the database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mimo.actors.storage.messages import BackupNow, CheckNow
from mimo.config import logs
from mimo.config.errors import MimoError
from mimo.config.settings import Settings
from mimo.storage import backups, database, integrity
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer

#: How often log files are measured, in seconds.
LOG_CHECK_S = 60.0


class _Backup:
    """Timer payload: the next backup is due."""


class _RotateLogs:
    """Timer payload: look at the log files' sizes."""


class Maintenance(GenServer):
    """Keep backups and logs; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Plan the next backup from the age of the newest one."""
        self._settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self.after(LOG_CHECK_S, _RotateLogs())
        if self._settings.backups.interval_s:
            self.after(self._next_backup_s(), _Backup())

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Back up or check now."""
        match request:
            case BackupNow():
                return str(self._backup())
            case CheckNow():
                return self._check()
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Do what is due."""
        match info:
            case _Backup():
                try:
                    self._backup()
                except MimoError as error:
                    self._log.error(
                        "storage.backup_failed", reason=error.code, detail=error.message
                    )
                self.after(self._settings.backups.interval_s, info)
            case _RotateLogs():
                kept = self._settings.logs
                if logs.rotate(self._settings.paths.log, kept.file_bytes, kept.keep):
                    self._log.info("log.rotated")
                self.after(LOG_CHECK_S, info)

    def _backup(self) -> Path:
        paths = self._settings.paths
        keep = self._settings.backups.keep
        made = backups.backup(paths.database, paths.backups, clock=self.clock, keep=keep)
        self._log.info("storage.backup_made", detail=made.name)
        return made

    def _check(self) -> tuple[str, ...]:
        db = database.open_reader(self._settings.paths.database)
        try:
            report = integrity.check(db, full=True)
        finally:
            db.close()
        self._log.info("storage.checked", detail="; ".join(report.problems))
        return report.problems

    def _next_backup_s(self) -> float:
        """Return the seconds until the newest backup is old enough.

        A minute at least, for a calm start.
        """
        found = backups.newest(self._settings.paths.backups)
        age_s = self.clock.wall_s() - found.created_at_s if found else float("inf")
        return max(60.0, self._settings.backups.interval_s - age_s)
