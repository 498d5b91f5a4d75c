"""The limits of the tools that act: files, commands, the web, code, reasoning, tasks, skills.

Part of `config.limits`, which has them all by name.
"""

from __future__ import annotations

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

# -- Code ------------------------------------------------------------------------------------------
#: Longest name and longest signature of a symbol, in characters.
SYMBOL_CHARS_MAX = 200
SIGNATURE_CHARS_MAX = 240
#: Largest source file that is read, in bytes, and the longest text of a message, in characters.
CODE_FILE_BYTES_MAX = 4_194_304
CODE_SOURCE_CHARS_MAX = 100_000
#: How long one file may be parsed, and one for which somebody waits, in seconds, and what its
#: reader may map meanwhile, in bytes.
CODE_FILE_S_MAX = 10.0
CODE_PROBE_S_MAX = 0.8
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
