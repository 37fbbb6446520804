//! The suite's tests about events and deliveries once more, with partitions for the suite's days: its times
//! are in the past, so elsewhere all rows are in the default partitions.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_storage_postgres::PostgresStore;

/// The day on which the suite's times begin, and how many days follow it.
const FIRST_DAY: i64 = 20_468;
const DAYS: i64 = 3;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn make_store() -> (Arc<PostgresStore>, TestDatabase) {
    let database = TestDatabase::create().await;
    let store = database.open().await.expect("a new store");
    let client = database.client().await;
    for day in FIRST_DAY..FIRST_DAY + DAYS {
        client.batch_execute(&partitions(day)).await.expect("partitions");
    }
    (Arc::new(store), database)
}

fn partitions(day: i64) -> String {
    let (from, to) = (day * DAY_MS, (day + 1) * DAY_MS);
    let name = format!("202601{:02}", day - FIRST_DAY + 15);
    let id = |ms: i64| format!("{:08x}-{:04x}-0000-0000-000000000000", ms >> 16, ms & 0xffff);
    let mut sql =
        format!("CREATE TABLE events_{name} PARTITION OF events FOR VALUES FROM ({from}) TO ({to});");
    for table in ["deliveries", "attempts"] {
        sql.push_str(&format!(
            "CREATE TABLE {table}_{name} PARTITION OF {table} FOR VALUES FROM ('{}') TO ('{}');",
            id(from),
            id(to)
        ));
    }
    sql
}

mod tables {
    /// Guards the premise of this module.
    #[tokio::test]
    async fn the_suites_rows_lie_in_partitions_of_their_days() {
        let (store, database) = super::make_store().await;
        let store: std::sync::Arc<dyn postrider_storage::Store> = store;
        let scene = postrider_storage_testkit::scene::Scene::new(store).await;
        let key = scene
            .append_in_status(1, postrider_model::DeliveryStatus::Succeeded)
            .await;
        assert_eq!(scene.attempts(key).await.len(), 1);
        let client = database.client().await;
        for table in ["events", "deliveries", "attempts"] {
            let sql = format!("SELECT count(*) FROM {table}_20260115");
            let count: i64 = client.query_one(&sql, &[]).await.expect("a count").get(0);
            assert_eq!(count, 1, "{table}");
        }
        // The store notices dropped tables, and finds rows where they are now.
        client
            .batch_execute(
                "DROP TABLE events_20260115; DROP TABLE deliveries_20260115; DROP TABLE attempts_20260115",
            )
            .await
            .expect("dropped");
        let key = scene
            .append_in_status(2, postrider_model::DeliveryStatus::Succeeded)
            .await;
        assert_eq!(scene.attempts(key).await.len(), 1);
    }
}

postrider_storage_testkit::conformance_tests! { make_store,
    append: [
        an_event_and_its_deliveries_read_back_as_they_were_appended,
        an_event_that_triggers_nothing_is_kept,
        a_large_call_is_answered_in_order,
        an_event_can_have_many_deliveries,
    ]
    repeats: [
        the_same_id_and_event_again_is_known,
        the_same_key_with_another_id_of_the_producers_is_a_conflict,
        items_of_one_call_are_treated_as_if_one_came_after_the_other,
        ids_and_keys_are_each_accounts_own,
    ]
    claim: [
        a_claimed_delivery_comes_with_all_that_an_attempt_needs,
        those_due_first_are_claimed_first,
                what_is_due_earlier_than_asked_for_is_left,
        requests_of_one_call_are_served_in_order,
        deliveries_of_one_event_claimed_together_share_it,
        every_action_with_waiting_deliveries_is_a_lane_due_or_not,
    ]
    finish: [
        a_failure_with_retries_left_waits_and_the_last_one_settles,
        attempts_read_back_exactly_and_in_order,
        news_of_a_delivery_that_does_not_exist_is_missing,
        one_call_is_answered_in_order_and_applied_whole,
        an_owner_whose_number_a_late_attempt_took_is_recorded_under_the_next,
    ]
    reported_again: [
        a_result_that_is_reported_again_is_applied_once,
        a_result_that_is_reported_again_leaves_the_next_attempt_alone,
    ]
    advance: [
        both_halves_of_a_step_are_written_and_answered_in_order,
        events_that_cannot_be_stored_take_no_results_along,
    ]
    resend: [
        a_settled_delivery_is_due_again_at_once,
    ]
    replay: [
        every_filter_replays_exactly_what_it_matches,
        a_long_replay_goes_in_bounded_steps_newest_first,
    ]
    cancel: [
        every_filter_cancels_exactly_the_pending_deliveries_that_match,
        many_deliveries_are_canceled_in_bounded_steps_newest_first,
        the_late_result_of_a_canceled_delivery_is_recorded_and_changes_nothing,
    ]
    lists: [
        events_are_listed_in_the_reverse_order_of_acceptance,
        events_whose_times_run_backwards_are_each_listed_once,
        deliveries_are_listed_newest_first_in_pages_that_stay,
    ]
    filters: [
        event_filters_hold_alone_and_together,
        delivery_filters_hold_alone_and_together,
    ]
    sessions: [
        closing_a_session_makes_what_it_owned_wait,
    ]
    concurrency: [
        concurrent_claims_never_share_a_delivery,
        one_of_many_concurrent_events_with_one_key_is_stored,
        one_of_many_concurrent_results_is_applied_and_each_attempt_recorded,
    ]
}
