"""Every limit of Mimo, with its unit in its name.

A limit that an operator may change is a setting (`config/settings.py`) whose default stands here.
"""

from __future__ import annotations

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
#: A worker that may rest leaves after this long without a call, in seconds.
REST_AFTER_S = 30.0
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

# -- Workspace -------------------------------------------------------------------------------------
#: Longest path, in characters.
PATH_CHARS_MAX = 4_096

# -- Files -----------------------------------------------------------------------------------------
#: Largest file that is read or edited, in bytes.
FILE_BYTES_MAX = 10_485_760
#: Largest text that one call writes, in bytes of UTF-8: it travels as one message.
FILE_TEXT_BYTES_MAX = 196_608
#: Most lines, and most characters, of one page of a file.
FILE_PAGE_LINES_MAX = 500
FILE_PAGE_CHARS_MAX = 40_000
#: Most files that one call reads or changes, and most bytes of them together.
FILES_AT_ONCE_MAX = 50
FILES_AT_ONCE_BYTES_MAX = 67_108_864
#: Edits that can be undone: how many are kept, and bytes of what they replaced, compressed.
EDITS_KEPT_MAX = 1_000
EDITS_BYTES_MAX = 268_435_456
#: Longest pattern, in characters, and most patterns of one search.
SEARCH_PATTERN_CHARS_MAX = 1_000
SEARCH_PATTERNS_MAX = 20
#: Largest file that is searched, in bytes; time for one file, and for one search, in seconds.
SEARCHED_BYTES_MAX = 2_097_152
SEARCH_FILE_S = 0.5
SEARCH_S = 20.0
#: Most matches, or entries, of one answer, and most searches at once.
FILES_SHOWN_MAX = 500
SEARCHES_MAX = 16
#: Most lines of the changed part of two files that are compared.
DIFF_LINES_MAX = 20_000

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

# -- Web -------------------------------------------------------------------------------------------
#: Jobs at once, those of them with a browser, and most that wait.
WEB_AT_ONCE_MAX = 3
WEB_BROWSERS_MAX = 1
WEB_WAITING_MAX = 16
#: How long a job may take, and one with a browser, in seconds.
WEB_JOB_S_MAX = 45.0
WEB_BROWSER_JOB_S_MAX = 55.0
#: Memory that a job may take beyond what it begins with, and CPU time in seconds.
WEB_JOB_BYTES_MAX = 805_306_368
WEB_JOB_CPU_S_MAX = 40
#: Memory of a browser with all its processes, CPU seconds of each, and its largest file.
WEB_BROWSER_BYTES_MAX = 1_610_612_736
WEB_BROWSER_CPU_S_MAX = 60
WEB_BROWSER_FILE_BYTES_MAX = 134_217_728
#: Connections of a browser at once.
WEB_CONNECTIONS_MAX = 64
#: Most bytes that one visit of a browser may send and receive.
WEB_VISIT_BYTES_MAX = 134_217_728
#: Largest answer of a job, in bytes: it travels as one message.
WEB_ANSWER_BYTES_MAX = 229_376
#: Longest text of one answer, in characters; the rest comes with an offset.
WEB_TEXT_CHARS_MAX = 40_000
#: Largest picture or PDF that stands in an answer or goes to a language model, in bytes.
WEB_PICTURE_BYTES_MAX = 150_000
#: Largest JSON body of a POST, in bytes, and most headers of a request.
WEB_POST_BYTES_MAX = 65_536
WEB_HEADERS_MAX = 20
#: Longest script, most actions of one `interact`, and most cases of one `test`.
WEB_SCRIPT_CHARS_MAX = 20_000
WEB_ACTIONS_MAX = 50
WEB_CASES_MAX = 50

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

# -- Evaluators
#: Longest expression, in characters, and its deepest nesting.
EXPRESSION_CHARS_MAX = 1_000
EXPRESSION_DEPTH_MAX = 50
#: Largest value on the way, in bits of its numerator or denominator, and of a factorial's number.
EXPRESSION_BITS_MAX = 13_000
FACTORIAL_MAX = 1_300
#: Longest number that is shown whole, in digits.
DIGITS_SHOWN_MAX = 60
#: Longest text in which claims are looked for, in characters, and most claims that are judged.
CLAIM_TEXT_CHARS_MAX = 8_192
CLAIMS_MAX = 50
#: Most different plain statements or kinds of one question of logic, and deepest nesting.
ATOMS_MAX = 16
STATEMENT_DEPTH_MAX = 30
#: Most statements of one question of logic, and longest one, in characters.
STATEMENTS_MAX = 50
STATEMENT_CHARS_MAX = 500
#: Longest question and answer that are checked, in characters.
PROBLEM_CHARS_MAX = 2_000

# -- Reasoning -------------------------------------------------------------------------------------
#: Sessions of reasoning that are kept; beyond, those touched longest ago go.
REASONING_SESSIONS_KEPT_MAX = 2_000
#: Topics that were asked about and are kept.
REASONING_TOPICS_KEPT_MAX = 2_000
#: Most steps and branches of one session.
REASONING_STEPS_MAX = 200
REASONING_BRANCHES_MAX = 30
#: Longest thought, problem, response or claim, in characters.
THOUGHT_CHARS_MAX = 8_000
#: Most thoughts in one call, and most insights of one perspective.
THOUGHTS_MAX = 10
#: Most claims of one thought that are checked against memory; each is one search.
CLAIMS_SEARCHED_MAX = 4
#: Rows and bytes of sessions that wait for the writer.
REASONING_ROWS_MAX = 5_000
REASONING_BYTES_MAX = 8_388_608
#: Sessions that the worker holds beside the database.
REASONING_SESSIONS_HELD_MAX = 64

# -- Tasks -----------------------------------------------------------------------------------------
#: Most tasks that are open at once, and ended ones that are kept.
TASKS_OPEN_MAX = 1_000
TASKS_KEPT_MAX = 1_000
#: Most tasks in one `queue`, and most that one task needs.
TASKS_AT_ONCE_MAX = 50
TASK_NEEDS_MAX = 50
#: Largest arguments of one task, and of all in one `queue`, and largest result, in bytes of JSON.
TASK_BYTES_MAX = 32_768
TASKS_BYTES_MAX = 131_072
TASK_RESULT_BYTES_MAX = 16_384
#: Most attempts of one task, and the longest time of one, in seconds.
TASK_ATTEMPTS_MAX = 20
TASK_TIMEOUT_S_MAX = 3_600.0
#: Latest deadline, and latest beginning, of a task, in seconds from when it was queued.
TASK_DEADLINE_S_MAX = 2_592_000.0
#: Most steps of one plan.
PLAN_STEPS_MAX = 40
#: How long a plan is kept without a run, in seconds.
PLAN_KEPT_S = 86_400.0

# -- Usage and experience --------------------------------------------------------------------------
#: Most rows of one list of statistics.
USAGE_ROWS_MAX = 200
#: Calls of sessions from which it is learnt what follows what.
SEQUENCE_CALLS_MAX = 10_000
#: Longest description of a task, in characters.
TASK_CHARS_MAX = 2_000

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

# -- Code ------------------------------------------------------------------------------------------
#: Longest name and longest signature of a symbol, in characters.
SYMBOL_CHARS_MAX = 200
SIGNATURE_CHARS_MAX = 240
#: Largest source file that is read, in bytes, and the longest text of a message, in characters.
CODE_FILE_BYTES_MAX = 4_194_304
CODE_SOURCE_CHARS_MAX = 100_000
#: How long one file may be parsed, and one for which somebody waits, in seconds, and what its reader
#: may map meanwhile, in bytes.
CODE_FILE_S_MAX = 10.0
CODE_PROBE_S_MAX = 2.0
CODE_READER_BYTES_MAX = 1_073_741_824
#: Most that is kept of one file.
CODE_SYMBOLS_PER_FILE_MAX = 20_000
CODE_USES_PER_FILE_MAX = 200_000
#: Files that are handed to a reader at once, and its longest answer about one, in bytes.
CODE_BATCH_MAX = 16
CODE_ANSWER_BYTES_MAX = 67_108_864
#: Most files of one folder that are indexed.
CODE_FILES_MAX = 50_000
#: Most rows of one answer, and lines of the source of a definition that it shows.
CODE_ROWS_MAX = 500
CODE_SHOWN_LINES_MAX = 200
#: Most calls that wait for the index, texts parsed by themselves at a time, and characters of a
#: syntax tree that are shown.
CODE_WAITING_MAX = 64
CODE_PROBES_MAX = 4
CODE_TREE_CHARS_MAX = 2_000
#: Most projects that are made known at a time.
ONBOARDED_AT_A_TIME_MAX = 4

# -- Child processes -------------------------------------------------------------------------------
#: What a command may use unless it is told otherwise: memory besides files and processes of it and
#: all its descendants; seconds of processor, open files and size of a written file of each process.
CHILD_MEMORY_BYTES = 2_147_483_648
CHILD_PROCESSES_MAX = 256
CHILD_CPU_S = 900
CHILD_FILES_MAX = 1_024
CHILD_FILE_BYTES = 2_147_483_648
#: Seconds until it is ended.
CHILD_TIMEOUT_S = 30.0
#: Output that is kept of each of its streams, in bytes.
CHILD_OUTPUT_BYTES = 1_048_576

# -- Terminal --------------------------------------------------------------------------------------
#: Longest command line and longest input of a session, in bytes.
COMMAND_BYTES_MAX = 16_384
SESSION_INPUT_BYTES_MAX = 32_768
#: Most sessions and commands that run at once, and ended ones whose output can still be read.
SESSIONS_MAX = 16
SESSIONS_ENDED_MAX = 16
#: How long after its end a session's output can be read, in seconds.
SESSION_LINGERS_S = 1_800.0
#: Output in one answer, in bytes.
TERMINAL_PAGE_BYTES = 30_000
#: Longest time for `execute`, in seconds; what takes longer is a session.
EXECUTE_S_MAX = 50.0
#: Most variables that a caller sets.
COMMAND_VARIABLES_MAX = 32
#: Outcomes that an experience is made of, and operations of which one is kept.
EXPERIENCE_CALLS = 5
EXPERIENCES_MAX = 512
#: Calls that are read for it when the bridge starts.
EXPERIENCE_READ_MAX = 1_000
#: Longest memory that is made without being asked for, in characters.
AUTO_MEMORY_CHARS_MAX = 600

# -- Skills ----------------------------------------------------------------------------------------
#: Largest skills file, most skills in it, and most arguments and variables of one.
SKILLS_FILE_BYTES_MAX = 65_536
SKILLS_MAX = 20
SKILL_ARGUMENTS_MAX = 30
#: Longest argument and value of a variable, in characters.
SKILL_TEXT_CHARS_MAX = 1_024
#: Most tools of one skill, longest description in characters, and largest schema in bytes.
SKILL_TOOLS_MAX = 40
SKILL_DESCRIPTION_CHARS = 600
SKILL_SCHEMA_BYTES_MAX = 8_192
#: Longest line of a skill, and most that is kept of one answer, in bytes.
SKILL_LINE_BYTES_MAX = 4_194_304
SKILL_ANSWER_BYTES_MAX = 131_072
#: How long a skill may take to greet, one reload may wait for open calls, in seconds.
SKILL_START_S = 20.0
SKILL_DRAIN_S = 20.0
#: A skill without calls leaves after this long, in seconds.
SKILL_IDLE_S = 300.0
#: Calls in a row that got no answer in time, after which a skill's process is ended.
SKILL_SILENT_MAX = 2

# -- Libraries and diagnostics
#: Most dependencies of a package that are shown, and most entries kept of registries.
DEPENDENCIES_SHOWN_MAX = 100
LIBRARY_ENTRIES_MAX = 2_000
#: Largest description of a package on disk, in bytes.
LIBRARY_FILE_BYTES_MAX = 1_048_576
#: Most dependencies that one discovery looks up in registries.
DISCOVERED_MAX = 40
#: Jobs of the library at once, and most that wait.
LIBRARY_AT_ONCE_MAX = 2
LIBRARY_WAITING_MAX = 32
#: How long one lookup, and all checkers of one call together, may take, in seconds.
LIBRARY_JOB_S = 50.0
CHECKERS_S = 50.0
#: Most files of Python whose syntax is checked at once, and most diagnostics shown.
CHECKED_FILES_MAX = 2_000
DIAGNOSTICS_MAX = 500
