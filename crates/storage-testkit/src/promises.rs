//! The list of promises: one line each.

/// Generates one `#[tokio::test]` per promise, in one module per area, so that test output shows both names
/// (`append::an_event_that_triggers_nothing_is_kept`).
///
/// The argument is the name of an `async fn` without arguments in the invoking module. It returns a new,
/// empty store in an `Arc`, and a guard that is dropped after the test (a temporary folder, or a database to
/// be removed).
#[macro_export]
macro_rules! conformance {
    ($make_store:ident) => {
        $crate::conformance_tests! { $make_store,
            accounts: [
                an_account_reads_back_by_id_and_by_uid_as_it_was_saved,
                an_account_that_was_never_made_is_not_found,
                a_uid_belongs_to_one_account_and_a_refused_account_leaves_nothing,
                uids_differ_by_case_and_accounts_without_one_never_collide,
                a_deleted_accounts_uid_is_free_again,
                an_update_replaces_what_it_may_and_raises_the_version_by_one,
                an_update_from_an_older_version_writes_nothing,
                an_update_cannot_take_anothers_uid_but_may_keep_or_drop_its_own,
                deleting_an_account_removes_its_configuration_at_once,
                a_configuration_is_what_the_single_reads_say,
            ]
            keys: [
                secrets_read_back_exactly,
                a_rotated_key_stays_live_until_the_overlap_ends,
                a_second_rotation_within_the_overlap_ends_no_key_early,
                an_overlap_of_zero_ends_the_old_key_at_once,
                a_key_that_has_ended_keeps_its_end,
                rotation_touches_no_other_account_and_needs_one,
            ]
            secrets: [
                every_secret_is_counted,
                what_the_first_key_sealed_is_not_sealed_again,
            ]
            automations: [
                an_automation_reads_back_as_it_was_saved,
                the_most_actions_keep_their_order,
                an_automation_needs_its_account,
                an_update_keeps_the_identity_of_actions_and_raises_the_version,
                an_update_of_an_automation_from_an_older_version_writes_nothing,
                a_deleted_automation_is_gone_with_its_actions_and_its_deliveries_stay,
                an_action_is_disabled_once,
                an_action_that_a_person_switched_off_keeps_no_reason,
                only_a_result_that_is_applied_disables_an_action_and_only_once,
                an_account_has_a_bounded_number_of_automations,
            ]
            connections: [
                a_connection_of_each_type_reads_back_as_it_was_saved,
                an_update_of_a_connection_replaces_it_unless_it_is_stale,
                an_account_has_a_bounded_number_of_connections,
                an_automation_names_only_connections_that_its_account_has,
                a_connection_that_an_automation_names_is_not_deleted,
                deleting_a_connection_and_naming_it_exclude_each_other,
                connections_go_with_their_account_and_are_counted_as_secrets,
            ]
            installation_connections: [
                an_automation_of_any_account_names_a_connection_of_the_installation,
                a_connection_of_the_installation_is_not_deleted_while_any_account_uses_it,
                no_number_of_urls_with_its_id_hides_the_user_of_a_connection,
                deleting_a_connection_of_the_installation_and_naming_it_exclude_each_other,
            ]
            automation_uids: [
                a_uid_finds_the_automation_of_its_account_alone,
                a_uid_belongs_to_one_automation_of_its_account,
                a_deleted_automations_uid_is_free_again,
                a_taken_uid_is_told_even_where_the_account_is_full,
                one_of_many_concurrent_automations_takes_a_uid,
                one_of_many_automations_renamed_at_once_takes_a_uid,
            ]
            audit: [
                entries_read_back_newest_first_in_pages,
                entries_are_filtered_by_all_that_a_filter_says,
                staff_is_not_found_by_its_id_where_it_is_hidden,
                a_page_that_looked_at_many_entries_ends_early,
                entries_outlive_their_account,
                old_entries_are_pruned_in_steps,
            ]
            audited: [
                every_verb_that_changes_something_leaves_its_entry,
                a_verb_that_changes_nothing_leaves_no_entry,
                a_change_whose_entry_cannot_be_written_is_not_made,
                a_replaced_event_type_shows_exactly_what_it_was,
                a_disabled_action_is_noted_once_by_the_node,
            ]
            fan_out: [
                an_event_has_a_bounded_number_of_deliveries_whatever_is_saved,
                one_of_many_concurrent_automations_takes_the_last_deliveries_of_an_event,
                one_of_many_automations_switched_on_takes_the_last_deliveries_of_an_event,
            ]
            search: [
                every_id_is_found_in_its_account_and_from_everywhere, an_id_of_producers_is_found_in_each_account_that_has_it,
                the_beginnings_of_data_come_in_the_order_of_the_events,
                a_uid_finds_accounts_and_automations_and_a_name_its_event_type,
            ]
            preconditions: [
                a_deletion_from_an_older_version_is_refused_and_writes_nothing,
                an_event_type_is_put_only_where_its_condition_holds,
                one_of_many_concurrent_creations_of_an_event_type_succeeds,
                a_deletion_and_an_edit_from_one_version_exclude_each_other,
            ]
            event_types: [
                an_entry_reads_back_as_it_was_put,
                putting_an_entry_again_replaces_all_but_its_beginning,
                a_deleted_entry_is_gone_and_may_return,
                entries_are_listed_newest_first_and_by_name_within_a_moment,
                entries_that_arrive_or_go_do_not_disturb_the_next_page,
            ]
            api_keys: [
                api_keys_read_back_oldest_first,
                api_keys_keep_permissions_account_and_times,
                no_api_key_is_added_for_an_account_that_is_gone,
                the_last_use_of_an_api_key_never_goes_back,
                a_configured_api_key_replaces_the_one_before_and_no_other,
                a_deleted_api_key_opens_nothing,
                of_many_first_keys_one_is_added,
                the_last_permanent_admin_key_stays,
                of_all_api_keys_deleted_at_once_one_stays,
            ]
            grants: [
                every_grant_reads_back_as_it_was_put,
                grants_are_listed_by_kind_and_scope,
                grants_of_one_filter_are_deleted_together,
                an_expired_grant_is_none,
                of_many_who_take_a_grant_one_gets_it,
                a_deleted_grant_is_gone,
                grants_go_with_their_account_and_no_others,
                grants_go_with_their_api_key_and_no_others,
                another_configured_api_key_ends_the_grants_of_the_one_before,
                no_grant_is_put_for_an_account_or_an_api_key_that_is_gone,
                putting_a_grant_removes_a_bounded_number_of_expired_ones,
            ]
            people: [
                a_person_begins_a_bounded_number_of_sessions,
                sessions_that_the_settings_no_longer_permit_end,
            ]
            portal_links: [
                a_portal_link_begins_a_bounded_number_of_sessions,
                a_link_that_is_gone_begins_no_session,
                sessions_go_with_their_link_and_no_others,
                an_api_key_begins_a_bounded_number_of_sessions_besides_those_of_its_links,
                an_account_has_a_bounded_number_of_portal_links,
            ]
            append: [
                an_event_and_its_deliveries_read_back_as_they_were_appended,
                an_event_that_triggers_nothing_is_kept,
                data_reads_back_byte_for_byte,
                what_is_known_of_an_event_survives,
                a_delivery_keeps_how_its_body_is_made,
                a_large_call_is_answered_in_order,
                an_event_can_have_many_deliveries,
                an_owned_delivery_is_claimed_by_nobody,
                a_waiting_delivery_is_due_at_once_and_not_the_appenders,
                an_unseen_type_enters_the_catalogue_undescribed,
                a_described_type_is_not_overwritten_and_a_deleted_one_returns,
                appending_goes_on_in_a_later_session,
            ]
            deliver_later: [
                an_event_to_deliver_later_waits_until_its_time,
                a_time_before_the_acceptance_means_at_once,
                a_time_headers_and_a_trace_read_back_as_they_were_appended,
                due_times_ahead_say_what_the_event_asks_for_until_its_first_attempt,
                an_event_that_waits_for_its_time_outlives_the_retention,
            ]
            missed: [
                events_that_lack_a_delivery_for_an_action_are_found,
                an_added_delivery_is_one_of_its_event_and_waits,
                an_action_gets_one_delivery_of_an_event_whoever_adds_it,
                nothing_is_added_to_an_event_that_is_gone_canceled_or_a_test,
                an_added_delivery_waits_for_the_time_of_its_event,
                an_event_and_what_was_added_to_it_are_pruned_together,
                what_was_added_leaves_the_answer_to_a_repeated_event_as_it_was,
            ]
            missed_bounds: [
                missed_events_come_once_each_whatever_the_bounds,
                an_event_with_as_many_deliveries_as_it_can_have_is_missed_by_no_action,
                a_step_of_looking_is_bounded_in_deliveries_too,
            ]
            cancel_event: [
                an_event_is_canceled_with_its_waiting_deliveries,
                an_event_is_canceled_if_it_has_no_deliveries_or_only_canceled_ones,
                an_event_that_was_or_may_be_attempted_is_not_canceled,
                an_event_of_another_account_or_of_none_is_not_canceled,
                a_canceled_event_is_still_known_by_its_id_and_its_key,
            ]
            repeats: [
                an_event_whose_data_is_spelled_anew_is_the_same,
                the_same_id_and_event_again_is_known,
                the_same_id_with_another_event_is_a_conflict,
                the_same_key_and_event_again_is_known,
                the_same_key_with_another_event_is_a_conflict,
                the_same_key_with_another_id_of_the_producers_is_a_conflict,
                a_key_and_an_id_of_two_events_is_a_conflict,
                a_known_event_takes_no_further_key,
                what_is_refused_or_known_adds_no_type_to_the_catalogue,
                items_of_one_call_are_treated_as_if_one_came_after_the_other,
                what_is_known_is_found_without_storing_the_rest,
                ids_and_keys_are_each_accounts_own,
                a_later_session_knows_ids_and_keys_of_earlier_ones,
            ]
            claim: [
                a_claimed_delivery_comes_with_all_that_an_attempt_needs,
                a_delivery_is_claimed_once,
                nothing_is_claimed_before_it_is_due,
                those_due_first_are_claimed_first,
                what_is_due_earlier_than_asked_for_is_left,
                no_room_claims_nothing_and_tells_what_is_due,
                bytes_bound_a_claim_but_never_keep_the_first_back,
                headers_of_events_count_toward_the_bytes_of_a_claim,
                requests_of_one_call_are_served_in_order,
                deliveries_of_one_event_claimed_together_share_it,
                every_action_with_waiting_deliveries_is_a_lane_due_or_not,
                a_lane_that_only_waits_for_a_retry_is_listed,
                due_times_ahead_are_listed_in_order_and_brought_forward,
            ]
            finish: [
                a_receipt_settles_a_delivery,
                a_failure_with_retries_left_waits_and_the_last_one_settles,
                a_canceled_delivery_has_no_attempt,
                canceling_after_a_failure_keeps_what_was_tried,
                attempts_read_back_exactly_and_in_order,
                attempts_are_their_accounts_own,
                news_of_a_delivery_that_does_not_exist_is_missing,
                a_second_finish_is_fenced_and_only_adds_to_the_record,
                one_call_is_answered_in_order_and_applied_whole,
                another_sessions_news_is_fenced_and_changes_no_state,
                late_news_after_another_session_claimed_changes_no_state,
                an_owner_whose_number_a_late_attempt_took_is_recorded_under_the_next,
            ]
            reported_again: [
                a_result_that_is_reported_again_is_applied_once,
                a_result_that_comes_twice_in_one_call_is_applied_once,
                a_result_that_is_reported_again_leaves_the_next_attempt_alone,
                a_result_that_differs_from_what_is_on_record_is_not_taken_for_it,
                a_fenced_result_that_is_reported_again_is_fenced_again,
            ]
            resend: [
                a_settled_delivery_is_due_again_at_once,
                a_failed_resend_leaves_a_receipt_in_place,
                a_resend_can_be_asked_for_again_and_again,
                a_waiting_delivery_is_hurried_and_its_schedule_left_alone,
                a_delivery_that_waits_untried_is_due_no_later_than_before,
                an_owned_delivery_is_under_way_and_not_changed,
                the_record_of_one_delivery_is_bounded,
                a_resend_needs_the_accounts_own_delivery,
            ]
            replay: [
                every_filter_replays_exactly_what_it_matches,
                only_the_actions_that_are_given_are_replayed,
                deliveries_with_too_many_attempts_are_passed_over,
                a_replay_touches_no_other_account,
                a_long_replay_goes_in_bounded_steps_newest_first,
                what_arrives_after_a_replay_began_is_not_visited,
                a_replayed_delivery_is_claimed_and_finished_as_a_resend,
                a_count_is_what_a_replay_replays_and_changes_nothing,
                a_replay_leaves_a_canceled_event_out,
            ]
            cancel: [
                every_filter_cancels_exactly_the_pending_deliveries_that_match,
                a_step_that_cancels_says_what_it_canceled,
                canceling_touches_no_other_account,
                many_deliveries_are_canceled_in_bounded_steps_newest_first,
                what_is_created_after_canceling_began_stays_pending,
                only_a_canceled_delivery_that_was_owned_is_noted_at_its_account,
                a_canceled_delivery_is_claimed_by_nobody_and_can_be_resent,
                the_late_result_of_a_canceled_delivery_is_recorded_and_changes_nothing,
                an_attempt_from_before_a_cancellation_does_not_decide_a_resend,
                only_a_step_that_cancels_leaves_its_entry,
            ]
            lists: [
                accounts_are_listed_newest_first_in_pages_that_stay,
                automations_are_listed_newest_first_in_pages_that_stay,
                events_are_listed_in_the_reverse_order_of_acceptance,
                events_of_one_call_were_accepted_in_its_order,
                events_whose_times_run_backwards_are_each_listed_once,
                deliveries_are_listed_newest_first_in_pages_that_stay,
                deliveries_of_all_accounts_are_listed_newest_first_in_pages_that_stay,
                a_position_outlives_the_item_it_was_made_from,
                anothers_objects_are_invisible,
            ]
            filters: [
                event_filters_hold_alone_and_together,
                delivery_filters_hold_alone_and_together,
            ]
            advance: [
                both_halves_of_a_step_are_written_and_answered_in_order,
                either_half_of_a_step_may_be_empty,
                events_that_cannot_be_stored_take_no_results_along,
            ]
            requests: [
                a_request_is_claimed_once_and_its_repetitions_get_its_response,
                a_request_that_was_forgotten_can_be_claimed_again,
                a_claimed_request_without_a_response_is_never_claimed_again,
                requests_that_are_claimed_at_the_same_time_are_handled_once,
                a_day_later_a_request_is_new,
                an_api_key_is_remembered_by_its_newest_requests,
                an_api_key_takes_its_requests_with_it,
            ]
            rate_limits: [
                slots_are_reserved_once_and_only_so_far_ahead,
                a_limit_that_was_not_used_has_free_slots_since_a_while,
                slots_of_a_slower_limit_do_not_hold_up_a_faster_one,
                slots_that_are_reserved_at_the_same_time_are_different,
            ]
            sessions: [
                a_fresh_store_answers_its_check,
                session_ids_are_never_reused,
                a_session_that_was_never_opened_is_dead,
                a_session_lives_as_long_as_it_renews,
                a_session_that_missed_its_renewal_is_dead_for_good,
                living_sessions_are_told_with_the_end_of_their_lease,
                no_more_sessions_are_told_than_the_limit,
                closing_a_session_makes_what_it_owned_wait,
                reclaiming_goes_in_steps_and_takes_from_the_dead_only,
                a_dead_session_cannot_take_back_what_was_reclaimed,
                closing_a_session_leaves_what_another_owned,
                what_a_dead_session_knows_counts_until_another_takes_over,
                what_a_dead_session_appends_is_not_lost,
            ]
            retention: [
                an_empty_store_has_nothing_to_prune,
                a_confirmed_time_is_kept,
                retention_counts_from_the_last_settlement,
                whole_events_go_and_those_of_the_boundary_stay,
                pruning_goes_in_small_steps_oldest_first_and_never_splits_an_event,
                pending_events_stay_whole_and_keep_no_newer_ones,
                a_resend_that_is_due_keeps_its_event,
                an_id_and_a_key_are_free_again_with_their_event,
                news_of_a_pruned_delivery_is_missing,
                what_a_deleted_account_left_behind_goes_step_by_step,
                events_are_accepted_while_others_are_pruned,
                an_old_event_accepted_behind_younger_ones_goes_too,
                events_of_a_clock_that_was_ahead_keep_none_behind_them,
                what_is_accepted_for_a_deleted_account_is_not_kept_for_good,
            ]
            statistics: [
                what_is_added_adds_up_over_calls_and_within_one,
                steps_are_those_of_the_span_and_the_scope_oldest_first,
                latencies_add_up_within_their_span,
                an_accounts_actions_are_summed_up_each_for_itself,
                what_an_account_stored_is_summed_over_the_hours_of_a_span,
                actions_that_fail_most_come_first,
                successes_are_summed_over_the_most_hours_that_a_span_may_have,
                old_steps_go_in_bounded_pieces_and_young_ones_stay,
                concurrent_additions_to_the_same_sums_all_count,
                the_backlog_is_what_is_pending_and_its_age,
            ]
            health: [
                a_failure_makes_an_action_failing_and_the_next_success_healthy,
                only_results_that_are_applied_change_health_and_announce_it,
                announcements_are_stored_with_their_deliveries_in_the_commit_of_the_result,
                an_action_that_is_switched_off_announces_this_alone,
                an_action_that_recovered_is_not_switched_off_as_failing,
                edits_begin_the_health_of_what_they_change_anew,
                unhealthy_actions_are_listed_newest_trouble_first,
            ]
            announced: [
                a_rotation_stores_what_announces_it,
                a_rotation_that_is_not_made_announces_nothing,
                an_edit_stores_what_announces_it_if_it_is_saved,
                a_delivery_that_a_verb_announces_waits_for_a_session,
            ]
            held_back: [
                what_conditions_held_back_is_summed_by_automation,
            ]
            statistics_by_time: [
                an_accounts_sums_are_read_page_by_page_in_the_order_of_time,
                latencies_are_those_of_each_step,
            ]
            templates: [
                a_template_has_one_number_in_its_account_and_reads_back_exactly,
                unused_templates_go_once_no_delivery_refers_to_them,
            ]
            concurrency: [
                concurrent_claims_never_share_a_delivery,
                one_of_many_concurrent_events_with_one_key_is_stored,
                one_of_many_concurrent_events_with_one_id_wins,
                one_of_many_concurrent_updates_from_one_version_is_saved,
                one_of_many_concurrent_accounts_takes_a_uid,
                one_of_many_concurrent_results_is_applied_and_each_attempt_recorded,
                one_of_many_concurrent_automations_takes_the_last_place,
                one_of_many_concurrent_results_disables_an_action,
                concurrent_rotations_leave_one_current_key_and_a_bounded_number_of_live_ones,
                concurrent_reclaims_take_each_delivery_once,
                a_configuration_is_one_snapshot_while_it_is_changed,
                paging_while_others_append_shows_each_earlier_item_once,
            ]
            model_check: [
                random_verbs_agree_with_the_model_from_seed_1,
                random_verbs_agree_with_the_model_from_seed_2,
                random_verbs_agree_with_the_model_from_seed_3,
            ]
        }
    };
}

mod each;
#[cfg(test)]
mod tests;
