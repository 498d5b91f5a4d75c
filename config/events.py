"""Every event that Mimo logs: the closed list that `config/logs.py` accepts and the README shows.

A name is `<folder or part>.<fact>`. Reports of supervisors carry OTP's four fields: supervisor,
child, reason, context.
"""

from __future__ import annotations

EVENTS: dict[str, str] = {
    # -- The log itself ----------------------------------------------------------------------
    "log.dropped": "Lines were lost because the disk was full or the file closed; `count` of them.",
    "log.rotated": "The log was set aside beyond its size.",
    "log.unknown_event": "A line with a name outside this list; a bug.",
    # -- Node --------------------------------------------------------------------------------
    "node.started": "A node took the data directory.",
    "node.stopped": "The node left; with the reason.",
    "node.generation_started": "Admin, root supervisor and tree were booted.",
    "node.generation_ended": "Admin or root died or froze, or the tree gave up.",
    "node.gave_up": "Too many generations ended too quickly; the node left with exit code 70.",
    "node.idle_exit": "The last client left long enough ago.",
    "node.swept": "Processes of an earlier generation were killed.",
    "node.card_unwritten": "The card of the node could not be written; clients can't attach.",
    # -- Supervision -------------------------------------------------------------------------
    "supervision.child_started": "A child serves.",
    "supervision.child_ignored": "A child chose not to run.",
    "supervision.child_start_failed": "A child's start failed or took too long.",
    "supervision.child_exited": "A child's process ended; with the reason.",
    "supervision.child_restarted": "A child was started again.",
    "supervision.child_frozen": "A child was silent too long and was killed.",
    "supervision.child_killed": "A child didn't leave within its shutdown time.",
    "supervision.gave_up": "A supervisor went past its restart intensity.",
    "supervision.group_parked": "A group gave up and is parked; the rest serves on.",
    "supervision.group_retried": "A parked group is tried again.",
    "supervision.slept": "The supervisor itself was late: all ages were forgiven.",
    "supervision.command": "An operator stopped, started or killed something; with who and why.",
    # -- Actors ------------------------------------------------------------------------------
    "actor.crashed": "A handler raised; the process left after one reply.",
    "actor.unknown_message": "A message of an unknown kind was dropped.",
    # -- Heirs and tables --------------------------------------------------------------------
    "heir.granted": "A table went to its owner.",
    "heir.inherited": "An owner died; its table went to the heir, whole.",
    "heir.reinherited": "A restarted heir found its tables again by name.",
    "heir.snapshot": "Tables were saved to disk.",
    "heir.restored": "Tables were read from a snapshot.",
    "heir.stale_write": "A write of an older incarnation was refused.",
    "heir.table_lost": "A table is gone: heir and shared memory were lost together.",
    "heir.table_damaged": "A table's file can't be read; it comes from its snapshot.",
    "heir.rebuilt": "A table's file was removed; the heir made it again, whole.",
    "heir.reseeded": "An owner put its rows into the file that a new heir had made.",
    "heir.snapshot_failed": "A table could not be saved; the snapshot before it stays.",
    "heir.no_shared_memory": "Shared memory is taken by somebody else; tables stand on disk.",
    "heir.write_failed": "A change of a table found no room or lock; its owner goes on without it.",
    "heir.gift_failed": "A table could not be given away.",
    # -- Storage -----------------------------------------------------------------------------
    "storage.opened": "The database was opened; with the SQLite it is.",
    "storage.slow": "A commit took longer than it should.",
    "storage.disk_full": "A write was refused: no room; reads go on.",
    "storage.writing_again": "What kept the writer from writing is over.",
    "storage.failed": "An input or output error; the writer reopens.",
    "storage.corrupt": "Damage was found; writing stopped.",
    "storage.checkpoint_failed": "The log could not be merged; it is tried again later.",
    "storage.backup_made": "A backup was made and verified.",
    "storage.backup_failed": "A backup could not be made.",
    "storage.checked": "An integrity check ended.",
    # -- Resilience --------------------------------------------------------------------------
    "breaker.opened": "A circuit breaker opened.",
    "breaker.half_open": "A circuit breaker lets one probe pass.",
    "breaker.closed": "A circuit breaker closed.",
    "breaker.reset": "An operator closed a circuit breaker.",
    "services.level": "The degradation level changed.",
    # -- Memory ------------------------------------------------------------------------------
    "memory.embedding_failed": "The model could not make vectors; they are tried again.",
    "memory.index_failed": "The index of vectors could not be written; the one before stays.",
    "memory.index_made": "The index of vectors was made anew; with their number and its size.",
    "memory.model_released": "The embedding model's memory was given back.",
    # -- Ingest ------------------------------------------------------------------------------
    "ingest.ended": "A job of the ingester ended; with outcome, documents and chunks.",
    # -- Web ---------------------------------------------------------------------------------
    "web.ended": "A job of the web worker ended; with operation and outcome, never with a URL.",
    # -- Lifecycle ---------------------------------------------------------------------------
    "lifecycle.ran": "A run of the lifecycle ended; with what it did.",
    "lifecycle.stage_failed": "A stage of the sleep cycle failed; the others went on.",
    # -- Language models ---------------------------------------------------------------------
    "llm.answered": "A language model answered; with provider, model, purpose and tokens.",
    "llm.attempt_failed": "A provider of language models failed; with why, never with a key.",
    "llm.misconfigured": "The setting llm.providers can't be read; no language model is asked.",
    # -- Procedures --------------------------------------------------------------------------
    "procedures.resumed": "A run that an earlier process began goes on.",
    "procedures.ended": "A run ended; with procedure, run and outcome.",
    "procedures.lost": "Another process has saved a run since; this one lets go of it.",
    "procedures.unreadable": "A run can't go on: its definition fits the tools no more.",
    # -- Tasks -------------------------------------------------------------------------------
    "tasks.resumed": "The queue of tasks goes on where an earlier process left it.",
    "tasks.ended": "A task ended; with its call and outcome.",
    "tasks.lost": "Another process has saved the queue since; this one leaves.",
    # -- Skills ------------------------------------------------------------------------------
    "skills.loaded": "The skills file was read; with how many skills and problems.",
    "skills.started": "An external MCP server has greeted; with the number of its tools.",
    "skills.ended": "An external MCP server is gone; with the reason.",
    # -- Bridge ------------------------------------------------------------------------------
    "bridge.listening": "The bridge accepts connections.",
    "bridge.connected": "A client connected.",
    "bridge.disconnected": "A client left.",
    "bridge.refused": "A connection or a line was refused; with the reason.",
    "bridge.call": "A tool call was answered; with tool, operation, outcome and duration.",
    "bridge.internal_error": "A bug in a handler; the answer carries the request id.",
    # -- Terminal ----------------------------------------------------------------------------
    "terminal.started": "A command was started; with its program, never with its arguments.",
    "terminal.ended": "A command ended; with its program, why and its exit code.",
    "terminal.refused": "A command wasn't run; with the verdict's code.",
    # -- Files -------------------------------------------------------------------------------
    "files.recovered": "An edit that was half done was brought to one side; with its outcome.",
    "files.not_recovered": "An edit is half done and can't be brought to one side now.",
    # -- Fault points ------------------------------------------------------------------------
    "fault.injected": "A fault point fired; only under MIMO_CHAOS.",
}
