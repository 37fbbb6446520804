//! Leases after the server was away.

use crate::support::TestDatabase;
use postrider_model::Timestamp;
use postrider_storage::SessionStore;

#[tokio::test]
async fn a_session_whose_lease_ended_while_the_server_was_down_renews() {
    let database = TestDatabase::create().await;
    let store = database.open().await.expect("an open store");
    let now = Timestamp::from_unix_ms(0);
    let lease = database.longer_than_the_server_runs().await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        sessions.push(store.open_session(lease, now).await.expect("open_session"));
    }
    let client = database.client().await;
    let expire = "UPDATE sessions SET alive_until = pg_postmaster_start_time() - interval '1 minute'";
    client.batch_execute(expire).await.expect("expired leases");
    let live = store.sessions(now).await.expect("sessions");
    let live: Vec<_> = live.into_iter().map(|session| session.id).collect();
    assert_eq!(live, sessions);
    // Whichever node comes first, it takes nothing from the other.
    assert_eq!(store.renew_session(sessions[0], now).await, Ok(true));
    assert_eq!(store.reclaim(now, 100).await, Ok(0));
    assert_eq!(store.renew_session(sessions[1], now).await, Ok(true));
}
