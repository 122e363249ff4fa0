"""Which tests answer which threat: each line of the table of threats that touches the endpoint.

The table is the contract of the service; a threat whose test is renamed or lost fails here.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

ANSWERS = {
    "1 SSRF by SERVICE": {
        "unit/test_sparql_policy.py": [
            "test_service_is_refused_in_every_spelling",
            "test_no_choice_of_escapes_hides_a_command",
            "test_nothing_that_passes_makes_oxigraph_fetch",
        ],
        "unit/test_sparql_workers.py": [
            "test_nothing_reaches_out",
            "test_behind_the_policy_the_sandbox_lets_nothing_out_either",
        ],
        "server/test_federation.py": [
            "test_nothing_but_what_is_on_the_list_is_asked",
            "test_a_name_that_leads_to_a_private_address_is_not_asked",
            "test_without_a_list_nobody_is_asked",
        ],
        "server/test_search_in_sparql.py": ["test_every_other_service_stays_forbidden"],
    },
    "2 FROM, GRAPH, default-graph-uri": {
        "server/test_sparql_endpoint.py": [
            "test_a_graph_that_is_not_held_is_empty_and_never_fetched"
        ],
        "server/test_sparql_formats_of_people.py": ["test_a_graph_that_is_not_held_is_not_found"],
    },
    "3 LOAD and updates": {
        "server/test_sparql_endpoint.py": [
            "test_whatever_reaches_out_or_writes_is_forbidden",
            "test_an_update_request_is_forbidden",
        ],
        "server/test_sparql_protocol.py": ["test_every_case_of_the_protocol_suite"],
    },
    "4 contexts and imports of files": {
        "server/test_uploads.py": ["test_nothing_in_a_file_reaches_out_or_shows_a_file"],
    },
    "5 entities and document types of files": {
        "server/test_uploads.py": [
            "test_nothing_in_a_file_reaches_out_or_shows_a_file",
            "test_a_document_type_of_ead_is_read_and_its_address_is_not",
        ],
    },
    "6 bombs of markup": {"server/test_uploads.py": ["test_a_bomb_of_markup_ends_with_words"]},
    "7 path traversal": {
        "server/test_security.py": ["test_nothing_is_served_but_what_is_meant_to_be"],
        "server/test_uploads.py": ["test_a_name_is_never_a_path"],
    },
    "8 XSS": {
        "server/test_security.py": ["test_what_a_client_sends_comes_back_as_text_only"],
        "server/test_uploads.py": [
            "test_what_a_file_holds_is_text",
            "test_what_a_file_is_called_is_text",
            "test_a_report_for_people_is_saved_and_never_shown_as_ours",
        ],
    },
    "9 header injection, Host and X-Forwarded": {
        "server/test_security.py": ["test_no_answer_repeats_a_host_that_the_client_made_up"],
        "server/test_fair_use.py": ["test_only_the_configured_header_says_who_the_client_is"],
        "server/test_gallery.py": ["test_a_citation_names_no_host_that_the_client_made_up"],
    },
    "10 CSV formulas": {
        "server/test_sparql_endpoint.py": ["test_csv_is_exact_and_never_guessed_at"],
        "server/test_sparql_formats_of_people.py": [
            "test_rows_are_a_workbook_whose_texts_are_never_formulas"
        ],
        "server/test_rest.py": ["test_csv_for_people_holds_no_formula"],
        "server/test_uploads.py": ["test_a_value_never_runs_in_a_spreadsheet"],
    },
    "11 injection by parameters": {
        "server/test_rest.py": [
            "test_a_value_is_a_term_and_never_text_of_the_query",
        ],
        "server/test_rest_described.py": [
            "test_every_bound_of_every_sort_of_parameter_is_answered_as_described"
        ],
        "server/test_federation.py": ["test_a_wrong_answer_is_an_error_that_says_whose"],
    },
    "12 and 13 CSRF, methods, tricks": {
        "server/test_security.py": [
            "test_only_the_endpoint_takes_anything_but_reading",
            "test_no_header_makes_a_client_more_than_a_reader",
            "test_no_other_spelling_of_a_path_is_that_path",
        ],
        "server/test_sparql_formats_of_people.py": ["test_no_graph_can_be_written"],
        "server/test_uploads.py": ["test_a_form_of_another_site_is_refused"],
    },
    "14 huge and compressed bodies": {
        "server/test_security.py": [
            "test_a_body_announced_too_large_is_refused_before_it_is_read",
            "test_a_compressed_body_is_not_unpacked",
        ],
        "server/test_serving.py": ["test_a_chunked_body_is_cut_at_the_limit"],
        "server/test_connections.py": ["test_a_body_that_was_cut_is_not_taken_for_the_whole"],
        "server/test_uploads.py": [
            "test_twenty_gigabytes_are_refused_before_they_are_read",
            "test_a_body_longer_than_announced_by_nobody_is_cut_at_the_limit",
            "test_a_compressed_body_is_not_unpacked",
            "test_an_archive_that_grows_without_end_is_refused_with_the_reason",
            "test_a_path_that_leads_out_of_an_archive_is_refused",
            "test_whoever_comes_beyond_the_places_is_told_when_to_come_back",
        ],
    },
    "15 slow and garbage clients": {
        "server/test_serving.py": [
            "test_what_is_no_request_gets_a_problem_document",
            "test_a_client_that_does_not_close_its_side_keeps_nobody_waiting",
            "test_a_client_that_goes_on_sending_after_its_answer_is_let_go",
        ],
        "server/test_connections.py": [
            "test_clients_that_send_by_the_byte_hold_nobody_up",
            "test_clients_that_take_nothing_hold_nobody_up",
            "test_a_request_that_does_not_end_is_told_that_its_time_is_over",
            "test_a_new_client_takes_the_place_of_the_one_that_was_silent_longest",
            "test_chunks_that_are_none_begin_no_other_request",
            "test_what_cannot_be_told_apart_begins_no_other_request",
        ],
        "unit/test_sparql_workers.py": [
            "test_a_stream_that_nobody_reads_frees_its_worker_at_the_limit"
        ],
    },
    "16 queries of death": {
        "unit/test_sparql_policy.py": [
            "test_nesting_is_counted_whatever_makes_it",
            "test_a_chain_is_limited_though_it_has_no_brackets",
        ],
        "server/test_serving.py": ["test_a_query_of_death_in_the_address_is_a_bad_request"],
    },
    "17 runaway queries": {
        "unit/test_sparql_workers.py": [
            "test_a_query_over_its_time_is_stopped_and_the_next_one_answers",
            "test_a_canary_answers_beside_bombs",
        ],
    },
    "18 memory": {
        "unit/test_sparql_workers.py": [
            "test_a_memory_bomb_ends_alone",
            "test_memory_is_named_as_the_reason",
        ]
    },
    "19 floods of results": {
        "unit/test_sparql_workers.py": [
            "test_a_flood_breaks_visibly_at_the_limit",
            "test_a_flood_of_triples_breaks_visibly",
        ],
        "server/test_serving.py": ["test_a_client_notices_that_a_result_was_cut"],
        "server/test_sparql_formats_of_people.py": [
            "test_a_text_longer_than_a_cell_is_an_error_not_a_cut"
        ],
    },
    "20 many clients, clients that leave": {
        "server/test_serving.py": [
            "test_a_client_that_leaves_takes_its_query_with_it",
            "test_a_client_that_leaves_a_stream_takes_its_query_with_it",
            "test_two_hundred_clients_at_once_are_all_answered",
        ],
        "server/test_connections.py": ["test_clients_that_wait_for_the_same_result_hold_nobody_up"],
        "server/test_fair_use.py": [
            "test_eight_misses_at_once_are_computed_once",
            "test_a_client_without_budget_is_told_when_to_come_back",
            "test_a_client_has_so_many_queries_computed_at_once_and_no_more",
            "test_nobody_takes_all_the_places_to_wait_in",
            "test_a_query_that_runs_can_be_stopped",
        ],
    },
    "22 readers while data are replaced": {
        "unit/test_sparql_workers.py": [
            "test_a_switch_under_load_shows_the_old_or_the_new_state_and_no_error"
        ],
        "server/test_fair_use.py": ["test_a_new_snapshot_is_asked_anew"],
        "server/test_rest.py": ["test_a_link_to_a_page_of_other_data_is_gone"],
    },
    "26 signals": {
        "server/test_serving.py": [
            "test_a_signal_ends_everything_even_while_a_query_runs",
            "test_a_killed_server_takes_everything_with_it",
        ]
    },
    "27 encodings": {
        "unit/test_sparql_policy.py": ["test_a_lone_surrogate_is_refused_with_its_place"],
        "server/test_uploads.py": ["test_letters_are_read_rightly_or_refused"],
    },
    "28 wrong values": {
        "server/test_uploads.py": [
            "test_a_file_that_is_sent_is_judged_as_the_command_line_judges_it",
            "test_a_document_type_of_ead_is_read_and_its_address_is_not",
        ]
    },
    "29 leaks": {
        "server/test_security.py": [
            "test_a_debugger_never_opens",
            "test_nothing_is_served_but_what_is_meant_to_be",
        ],
        "server/test_monitoring.py": [
            "test_a_line_says_what_was_answered_and_neither_to_whom_nor_which_query"
        ],
    },
    "31 hostile remote answers": {
        "server/test_federation.py": [
            "test_an_endpoint_that_does_not_answer_is_given_up",
            "test_an_endpoint_that_trickles_is_given_up",
            "test_a_wrong_answer_is_an_error_that_says_whose",
        ],
        "server/test_uploads.py": [
            "test_only_https_addresses_of_the_list_are_read",
            "test_a_name_that_leads_to_a_private_address_is_not_asked",
            "test_an_address_that_redirects_is_not_followed",
            "test_a_file_larger_than_files_may_be_is_not_fetched",
        ],
    },
    "limits of a check": {
        "server/test_uploads.py": [
            "test_a_judge_has_no_network_no_program_no_large_file_and_one_processor",
            "test_a_check_over_its_time_is_killed",
            "test_a_check_over_its_memory_time_or_room_ends_alone",
            "test_a_client_that_leaves_takes_its_check_with_it",
            "test_what_is_on_disk_goes_with_the_server",
            "test_what_a_source_keeps_to_itself_is_in_no_answer_and_no_log",
        ]
    },
}


@pytest.mark.parametrize("threat", ANSWERS)
def test_every_threat_has_the_tests_that_answer_it(threat):
    for name, tests in ANSWERS[threat].items():
        text = (TESTS / name).read_text(encoding="utf-8")
        for test in tests:
            assert f"def {test}(" in text, test
