//! Tests that frequent statements, and statements over tables that grow without bound, use the index written
//! for them.

use rusqlite::Connection;

use crate::deliveries::list_of_all::{OF_ALL, UNHAPPY_OF_ALL};
use crate::deliveries::{claim, finish, list as delivery_list, waiting};
use crate::events::list as event_list;
use crate::options::WRITER_CACHE_KIB;
use crate::{
    accounts, audit, automations, connections, event_types, events, grants, open, retention, schema, search,
    sessions, statistics,
};

fn database() -> (Connection, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let mut conn = open::open_writer(folder.path(), WRITER_CACHE_KIB).unwrap();
    schema::migrate(&mut conn).unwrap();
    (conn, folder)
}

/// SQLite's plan, one step per line.
fn plan(conn: &Connection, sql: &str) -> String {
    let sql = match sql.strip_prefix("FROM") {
        Some(rest) => format!("EXPLAIN QUERY PLAN SELECT * FROM{rest}"),
        None => format!("EXPLAIN QUERY PLAN {sql}"),
    };
    let mut statement = conn.prepare(&sql).unwrap();
    // No parameters are bound, because the plan does not depend on them.
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps.join("\n")
}

#[test]
fn statements_over_large_tables_seek_in_the_index_meant_for_them() {
    let (conn, _folder) = database();
    let waiting = "SEARCH deliveries USING INDEX deliveries_waiting";
    let owned = "SEARCH deliveries USING COVERING INDEX deliveries_not_succeeded";
    for (sql, step) in [
        (claim::DUE, format!("{waiting} (action_id=? AND state_at>? AND state_at<?)")),
        (claim::NEXT_DUE, format!("{waiting} (action_id=? AND state_at>?)")),
        (waiting::NEXT_LANE, format!("{waiting} (action_id>?)")),
        (waiting::AHEAD, format!("{waiting} ((action_id,state_at,id)>(?,?,?))")),
        (
            finish::SETTLE_FIRST,
            "SEARCH deliveries USING PRIMARY KEY (id=?)".to_owned(),
        ),
        (
            delivery_list::RANGE,
            "SEARCH d USING PRIMARY KEY (id>? AND id<?)".to_owned(),
        ),
        (
            &format!("SELECT 1, {OF_ALL}"),
            "SEARCH d USING PRIMARY KEY (id>? AND id<?)".to_owned(),
        ),
        (
            &format!("SELECT 1, {UNHAPPY_OF_ALL}"),
            "SEARCH d USING INDEX deliveries_unhappy (id>? AND id<?)".to_owned(),
        ),
        (
            delivery_list::IN_STATUS,
            format!("{owned} (owner=? AND status=? AND account_id=? AND id>? AND id<?)"),
        ),
        (sessions::NEXT_OWNER, format!("{owned} (owner>?)")),
        (sessions::OWNED, format!("{owned} (owner=?)")),
        (
            events::BY_ID,
            "SEARCH events USING INDEX events_by_id (id=?)".to_owned(),
        ),
        (
            events::BY_KEY,
            "SEARCH events USING INDEX events_by_idempotency_key (account_id=? AND idempotency_key=?)"
                .to_owned(),
        ),
        (
            event_list::WALK,
            "SEARCH events USING INDEX events_by_account (account_id=? AND created_at>? AND created_at<?)"
                .to_owned(),
        ),
        (
            retention::NEXT,
            "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)".to_owned(),
        ),
        (
            retention::NEXT_ACCOUNT,
            "SEARCH events USING COVERING INDEX events_by_account (account_id>?)".to_owned(),
        ),
        (
            retention::NEXT_OF_ACCOUNT,
            "SEARCH events USING INDEX events_by_account (account_id=? AND created_at>? AND created_at<?)"
                .to_owned(),
        ),
        (
            retention::OF_ACCOUNT,
            "SEARCH events USING INDEX events_by_account (account_id=?)".to_owned(),
        ),
        (
            retention::KEPT,
            "SEARCH deliveries USING PRIMARY KEY (id>? AND id<?)".to_owned(),
        ),
        (
            grants::REMOVE_EXPIRED,
            "SEARCH grants USING COVERING INDEX grants_by_end (expires_at<?)".to_owned(),
        ),
        (
            audit::ALL,
            "SEARCH audit USING INDEX sqlite_autoindex_audit_1 (id>? AND id<?)".to_owned(),
        ),
        (
            audit::OF_ACCOUNT,
            "SEARCH audit USING INDEX audit_by_account (account_id=? AND id>? AND id<?)".to_owned(),
        ),
        (
            audit::ON_TARGET,
            "SEARCH audit USING INDEX audit_by_target (target_id=? AND id>? AND id<?)".to_owned(),
        ),
        (
            audit::PRUNE,
            "SEARCH audit USING COVERING INDEX sqlite_autoindex_audit_1 (id<?)".to_owned(),
        ),
        (
            &format!("SELECT id {}", grants::OF_PERSON),
            "SEARCH grants USING INDEX grants_by_person (person_subject=? AND person_issuer=?)".to_owned(),
        ),
        (
            accounts::LIST,
            "SEARCH accounts USING INDEX sqlite_autoindex_accounts_1 (id<?)".to_owned(),
        ),
        (
            automations::LIST,
            "SEARCH automations USING INDEX sqlite_autoindex_automations_1 (account_id=? AND id<?)"
                .to_owned(),
        ),
        (
            automations::BY_UID,
            "SEARCH automations USING INDEX automations_by_uid (account_id=? AND uid=?)".to_owned(),
        ),
        (
            connections::LIST,
            "SEARCH connections USING INDEX sqlite_autoindex_connections_1 (account_id=? AND id<?)"
                .to_owned(),
        ),
        (
            event_types::LIST,
            "SEARCH event_types USING INDEX event_types_by_age (created_at<?)".to_owned(),
        ),
        (
            statistics::STEPS,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND at>? AND at<?)".to_owned(),
        ),
        (
            statistics::OF_ACTIONS,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND at>? AND at<?)".to_owned(),
        ),
        (
            statistics::HELD_BACK,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND at>? AND at<?)".to_owned(),
        ),
        (
            statistics::OF_ACCOUNT,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND (at,automation_id,action_id)>(?,?,?) AND at<?)"
                .to_owned(),
        ),
        (
            statistics::LATENCY_STEPS,
            "SEARCH latencies USING PRIMARY KEY (step=? AND at>? AND at<?)".to_owned(),
        ),
        (
            statistics::MOST,
            "SEARCH statistics USING COVERING INDEX statistics_failing (at>? AND at<?)".to_owned(),
        ),
        (
            statistics::SUCCEEDED,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND at=? AND automation_id=? AND action_id=?)"
                .to_owned(),
        ),
        (
            statistics::STORED,
            "SEARCH statistics USING PRIMARY KEY (account_id=? AND step=? AND at=? AND automation_id=? AND action_id=?)"
                .to_owned(),
        ),
        (
            statistics::LATENCIES,
            "SEARCH latencies USING PRIMARY KEY (step=? AND at>? AND at<?)".to_owned(),
        ),
        (
            statistics::OLD_COUNTS,
            "SEARCH statistics USING COVERING INDEX statistics_by_age (step=? AND at<?)".to_owned(),
        ),
        (
            statistics::OLD_LATENCIES,
            "SEARCH latencies USING PRIMARY KEY (step=? AND at<?)".to_owned(),
        ),
        (
            statistics::WAITING_COUNT,
            format!("{owned} (owner=? AND status=?)"),
        ),
        (
            statistics::OWNED_COUNT,
            format!("{owned} (owner>?)"),
        ),
    ] {
        let plan = plan(&conn, sql);
        assert!(plan.contains(&step), "{sql}\nis done by\n{plan}\nnot by\n{step}");
        assert!(
            !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"),
            "{sql}\nis done by\n{plan}"
        );
    }
}

#[test]
fn a_search_within_an_account_reads_no_other_account() {
    let (conn, _folder) = database();
    for sql in search::OF_ACCOUNTS {
        let plan = plan(&conn, &search::statement(sql, true));
        assert!(
            !plan.contains("SCAN") && (plan.contains("account_id=?") || plan.contains("(id=?)")),
            "{sql}\nis done by\n{plan}"
        );
    }
    for sql in [search::EVENT, search::DELIVERY] {
        let plan = plan(&conn, &search::statement(sql, false));
        assert!(
            plan.contains("(id=?)") && !plan.contains("SCAN"),
            "{sql}\nis done by\n{plan}"
        );
    }
}
