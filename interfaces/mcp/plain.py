"""Names that say it all: a description of them would cost tokens in every prompt and tell nothing.

The whole text stands at `mimo://schema/{tool}/{operation}` and is shown with errors.
"""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


#: Operations that are listed by name and required parameters alone.
OPERATIONS: Final = _words(
    """
    amplify_challenge amplify_conclude amplify_decomposition amplify_perspective amplify_status
    amplify_think analyze_file approve arxiv_paper arxiv_search batch_search branch call_graph
    cancel cancel_procedure code_search create_directory deactivate_procedure debug_error delete
    delete_lines deny detail diff documents execute fetch force_kill forget_document get get_info
    glob health held history image_search ingest_status insert_after insert_before interact kill
    library_search library_stats lint list list_approvals list_directory list_procedures
    list_processes list_queue list_runs list_sessions list_symbols ls move node parse path pause pdf
    plan prepare_context procedure_status read read_lines read_multiple read_output read_symbol
    references register_procedure reject_procedure reload_skills replace_lines reset_circuit restore
    resume revert rules screenshot search_symbols sequential session_show sessions show_procedure
    start_process stats status steps task_status thought traverse trends typecheck undo unprotect
    update verify_compare verify_count vision write
    """
)
#: Parameters that are listed by type alone.
PARAMETERS: Final = _words(
    """
    answered answers arguments attempts categories category challenge_id claim claimed_answer
    claimed_result command confidence confidence_min content context cursor cwd days deadline_s
    definition delay_s depends_on depth description destination document_id dry_run ecosystem
    edit_id end_line env error event expected_count explain expression extract_sections force
    from_node full_page global headers html id image importance_min include_achievements
    include_archived include_content include_daily include_deleted include_guidance include_pdf
    include_superseded input issue_id job_id json kind language level limit line_number max_chars
    max_tokens memory_id memory_ids message method min_confidence name new_id new_str node_id
    node_name node_type note object object_type offset old_id old_str other_id pages path paths
    pattern patterns payload perspective pid plan predicate predicates priority problem procedure
    project prompt protected pty query reason recent_tools relation replacements resolve_all
    response result run_id script selector session_id severity shell since sort_by source
    speaker start_line status steps strategy subject subject_type success symbol symbol_name tags
    target task task_id text thought thoughts time_filter timeout timeout_s title to_branch to_node
    tool tool_name topic triple_id triple_ids trust_levels type undo until url value_a value_b
    version wait_for_selector wait_s
    """
)
