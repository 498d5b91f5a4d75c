"""Every limit of Mimo, with its unit in its name.

A limit that an operator may change is a setting (`config/settings.py`) whose default stands here.
"""

from __future__ import annotations

from mimo.config.limits_tools import *  # noqa: F403  one name for all limits

# -- Memories
#: Longest text of one memory, in bytes of UTF-8.
MEMORY_BYTES_MAX = 65_536
#: Most memories in one `store_many`.
STORE_MANY_MAX = 100
#: Most tags on one memory, and the longest tag in characters.
TAGS_MAX = 32
TAG_CHARS_MAX = 64
#: Longest project, speaker, session or source name, in characters.
NAME_CHARS_MAX = 128
#: Most bytes of a memory's `metadata` as JSON.
METADATA_BYTES_MAX = 4_096
#: Longest search query, in characters.
QUERY_CHARS_MAX = 4_096
#: Most hits of one search or entries of one page.
PAGE_MAX = 100
#: How long an idempotency key is kept, in seconds.
IDEMPOTENCY_KEPT_S = 86_400

# -- Messages between actors
#: Largest message between two actors, in bytes of its pickle.
MESSAGE_BYTES_MAX = 262_144
#: Most calls outstanding from one actor to one peer.
OUTSTANDING_PER_PEER_MAX = 8
#: Most calls that wait for a place at one peer.
QUEUED_PER_PEER_MAX = 512
#: Most replies remembered for repeated idempotency keys, per actor.
REPLIES_KEPT_MAX = 512
#: A call is sent again after its worker died, up to this many attempts.
ATTEMPTS_MAX = 4
#: A call that was its worker's only one when that died isn't sent again after so many deaths.
DEATHS_ALONE_MAX = 2
#: Most calls that a process has accepted and not yet answered.
MAILBOX_MAX = 64
#: Default deadline of a call between actors, in seconds.
CALL_TIMEOUT_S = 10.0
#: How long a subscription to names lasts, and when it is renewed.
LEASE_S = 120.0
LEASE_RENEWED_S = 50.0
#: A call without an answer for this long makes the caller ask the supervisor to look.
SUSPECT_AFTER_S = 0.3

# -- Supervision
#: Default time for a child to answer `Start`, in seconds.
START_TIMEOUT_S = 15.0
#: Most memory of its own that a worker of a tool may have, in bytes.
TOOL_DATA_BYTES_MAX = 2_147_483_648
#: Default time for a child to leave after `Stop`, in seconds.
SHUTDOWN_S = 5.0
#: How often a supervisor looks at its children: while somebody waits, and otherwise.
PING_FAST_S = 0.25
PING_IDLE_S = 5.0
#: Missed looks after which a stopped (state T) child is killed.
PINGS_MISSED_MAX = 3
#: How long a child may wait for the disk (state D) before it counts as frozen.
DISK_WAIT_S_MAX = 10.0
#: Default time a child may compute inside one handler.
BUSY_S_MAX = 2.0
#: The root supervisor's heartbeat to the watchdog, and how many may be missed.
HEARTBEAT_S = 1.0
HEARTBEATS_MISSED_MAX = 5

# -- Interface
#: Longest line (one JSON-RPC message) accepted from a client, in bytes.
LINE_BYTES_MAX = 4_194_304
#: Longest text of one tool result, in characters.
RESULT_CHARS_MAX = 50_000

# -- Storage -------------------------------------------------------------------------------------
#: A commit that takes longer is reported as `storage.slow`, in seconds.
COMMIT_SLOW_S = 1.0
#: How long a connection waits for another process's lock, in seconds.
BUSY_TIMEOUT_S = 5.0
#: Longest read transaction, in seconds: a reader holds back the write-ahead log.
READ_TRANSACTION_S_MAX = 2.0
#: Pages of the database that a backup copies in one step.
BACKUP_STEP_PAGES = 100
#: Backups of one kind that are kept, unless a setting says otherwise.
BACKUPS_KEPT = 7
#: Tool calls kept in `interactions`.
INTERACTIONS_KEPT_MAX = 100_000

# -- Supervisors
#: How long a supervisor looks often at a child that somebody waited for, in seconds.
SUSPECTED_S = 3.0
#: A child about which nobody asks and that looks well gets a ping this rarely, in seconds.
PING_RARE_S = 300.0
#: How long a supervisor waits for the last words of a dead child, in seconds.
LAST_WORDS_S = 0.03
#: How often a supervisor looks for dead children where it can't watch their death, in seconds.
POLL_DEATHS_S = 0.1
#: How long a process that has said it leaves may take to do so, in seconds.
LEAVING_S_MAX = 1.0
#: A group that gave up is tried again after this long, doubling up to the most, in seconds.
PARKED_S_MIN = 30.0
PARKED_S_MAX = 1_800.0
#: How long a supervisor waits for the rows of a child supervisor, in seconds.
ROWS_TIMEOUT_S = 0.5

# -- Tool calls ------------------------------------------------------------------------------------
#: Most bytes of text in one `store_many`: it travels as one message between actors.
STORE_MANY_BYTES_MAX = 196_608
#: Shortest and longest life of a note in working memory, in seconds.
NOTE_TTL_S_MIN = 1
NOTE_TTL_S_MAX = 604_800
#: Most notes in working memory, and most bytes of them together.
NOTES_MAX = 1_000
NOTES_BYTES_MAX = 4_194_304

# -- Node
#: How often the watchdog looks at admin and root, in seconds; one look later than twice this means
#: that the whole machine slept.
WATCH_S = 1.0
#: Looks in a row at which admin or root was stopped (state T) before the generation is replaced.
STOPPED_LOOKS_MAX = 2
#: How long a generation may take to come up, in seconds; its database may need a migration.
BOOT_TIMEOUT_S = 120.0
#: How long the tree may take to stop in order before it is killed, in seconds.
NODE_STOP_S = 30.0
#: Lost generations within the period after which the node gives up.
GENERATIONS_LOST_MAX = 5
GENERATIONS_PERIOD_S = 60.0
#: How long the watchdog goes on killing what doesn't die (state D), in seconds.
SWEEP_S = 5.0

# -- Procedures ------------------------------------------------------------------------------------
#: Largest definition (it is shown whole), and largest context and result of a run, in bytes of
#: JSON.
PROCEDURE_BYTES_MAX = 40_000
PROCEDURE_CONTEXT_BYTES_MAX = 65_536
#: Most states of one graph, branches of one state, and levels of branches within branches.
PROCEDURE_STATES_MAX = 100
PROCEDURE_BRANCHES_MAX = 8
PROCEDURE_DEPTH_MAX = 3
#: Most states that one run may enter.
PROCEDURE_ENTRIES_MAX = 2_000
#: Most calls that one run can undo.
PROCEDURE_UNDO_MAX = 200
#: Most runs that are open at once, and ended ones that are kept.
RUNS_OPEN_MAX = 200
RUNS_KEPT_MAX = 1_000
#: Most callers that wait for the end of a run; others are answered at once.
RUNS_AWAITED_MAX = 4

# -- Knowledge
#: Longest name of an entity and of a predicate, in characters.
NODE_NAME_CHARS_MAX = 500
PREDICATE_CHARS_MAX = 64
#: Most facts in one `teach`, and most facts that one pattern retracts.
FACTS_AT_ONCE_MAX = 100
RETRACTED_AT_ONCE_MAX = 1_000
#: Most facts that one file or manifest gives, and most files that one `link` reads.
SOURCE_FACTS_MAX = 1_000
LINKED_FILES_MAX = 500
#: Largest file that `link` and `sync_dependencies` read, in bytes.
LINKED_BYTES_MAX = 2_097_152
#: Most rules of a project, and most premises of one rule.
RULES_MAX = 100
RULE_PREMISES_MAX = 6
#: Nothing less sure than this follows from anything.
INFERRED_CONFIDENCE_MIN = 0.01
#: Most facts that are derived in one project, and most steps of one proof.
DERIVED_FACTS_MAX = 200_000
PROOF_STEPS_MAX = 200_000
#: Most facts of one answer, and most steps from a node.
FACTS_SHOWN_MAX = 200
HOPS_MAX = 10
#: Most nodes that one traversal visits.
VISITED_NODES_MAX = 200_000

# -- Ingest ----------------------------------------------------------------------------------------
#: Largest file, and largest YAML file, that is ingested, in bytes.
INGEST_FILE_BYTES_MAX = 16_777_216
INGEST_YAML_BYTES_MAX = 2_097_152
#: Largest inline text, in bytes of UTF-8: it travels as one message.
INGEST_TEXT_BYTES_MAX = 196_608
#: Most chunks of one document, and most files of one job.
INGEST_CHUNKS_MAX = 20_000
INGEST_FILES_MAX = 50_000
#: Longest chunk of prose, of sentences and of code, in characters.
CHUNK_CHARS_MAX = 1_200
CHUNK_SENTENCE_CHARS_MAX = 400
CHUNK_CODE_CHARS_MAX = 2_000
#: What a chunk of prose repeats of the one before, in characters at most.
CHUNK_OVERLAP_CHARS = 150
#: Deepest nesting of JSON and YAML that is read, and pages of one PDF.
INGEST_DEPTH_MAX = 40
INGEST_PAGES_MAX = 2_000
#: Most jobs that wait, and most finished ones that are remembered.
INGEST_JOBS_MAX = 32
INGEST_JOBS_KEPT_MAX = 64
#: Longest path or URL, in characters.
INGEST_SOURCE_CHARS_MAX = 4_096
#: Largest answer of a web server, how long it may take in all, and redirects followed.
WEB_BYTES_MAX = 8_388_608
WEB_TIMEOUT_S = 30.0
WEB_REDIRECTS_MAX = 5

# -- Lifecycle -------------------------------------------------------------------------------------
#: Memories that are looked at, and exported, in one slice.
LIFECYCLE_SLICE = 500
EXPORT_SLICE = 50
#: Memories that one answer lists.
FADED_SHOWN_MAX = 100
#: Runs that are kept, and that wait.
LIFECYCLE_RUNS_KEPT_MAX = 1_000
LIFECYCLE_WAITING_MAX = 8
#: Notes that one consolidation promotes.
PROMOTED_AT_ONCE_MAX = 50
#: Largest file of the archive, in bytes; the next one is begun beyond it.
ARCHIVE_FILE_BYTES_MAX = 67_108_864

# -- Sessions --------------------------------------------------------------------------------------
#: The same client resumes a session within this, and after this it is over, in seconds.
SESSION_RESUMED_WITHIN_S = 1_800.0
#: An old session is archived, in seconds after its last call.
SESSION_ARCHIVED_AFTER_S = 604_800.0
#: Calls that wait to be written down, and that are written at once; the oldest go beyond.
CALLS_QUEUED_MAX = 4_000
CALLS_BATCH_MAX = 50
#: What is kept of a call's arguments: bytes of JSON, and characters of one text.
CALL_BYTES_MAX = 1_000
CALL_TEXT_CHARS_MAX = 160
#: Memories of an answer that are remembered with the call.
CALL_IDS_MAX = 50
#: Longest briefing, in tokens by estimate.
BRIEFING_TOKENS_MAX = 8_000

# -- Language models -------------------------------------------------------------------------------
#: Most bytes of a question to a language model, and most tokens of an answer.
LLM_PROMPT_BYTES_MAX = 131_072
LLM_TOKENS_MAX = 8_192
#: Longest data URL of a picture that belongs to a question, in characters.
LLM_IMAGE_CHARS_MAX = 229_376
#: Longest time for one completion with all its attempts, in seconds.
LLM_DEADLINE_S_MAX = 600.0
#: Completions at once, and most that wait.
LLM_AT_ONCE_MAX = 2
LLM_WAITING_MAX = 16
#: Largest answer of a provider, in bytes.
LLM_ANSWER_BYTES_MAX = 1_048_576
#: Most answers that are kept to be given again, and most bytes of them.
LLM_CACHE_ROWS_MAX = 256
LLM_CACHE_BYTES_MAX = 2_097_152

# -- Composites of several tools -------------------------------------------------------------------
#: How long each part may take, in seconds: facts of a file, a search, code, a checker or package.
META_FACTS_S = 5.0
META_SEARCH_S = 6.0
META_CODE_S = 10.0
META_CHECK_S = 15.0
#: Longest error message or traceback that is read, in characters.
ERROR_TEXT_CHARS_MAX = 20_000
#: Largest budget of a context, in tokens by estimate.
CONTEXT_TOKENS_MAX = 8_000
#: Most rows of one list, lines of a file's beginning, and characters of one memory, of one item of
#: a context and of one definition that are shown.
META_ROWS_MAX = 20
META_LINES_MAX = 100
META_EXCERPT_CHARS = 400
META_ITEM_CHARS = 600
META_SOURCE_CHARS = 1_600
