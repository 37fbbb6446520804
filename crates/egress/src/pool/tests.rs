use super::*;
use crate::destination::Destination;
use crate::http2;
use crate::wire::Stream;

const SECOND: Duration = Duration::from_secs(1);

fn pool() -> Arc<Pool> {
    Pool::new(PoolSettings {
        idle_timeout: 4 * SECOND,
        max_age: 60 * SECOND,
        max_idle_per_host: 8,
        max_idle: 8,
    })
}

fn origin(url: &str) -> Arc<Origin> {
    Arc::new(Destination::parse(url).unwrap().origin().clone())
}

/// Takes a connection out that must not have to be waited for.
async fn check_out(pool: &Arc<Pool>, origin: &Arc<Origin>) -> CheckedOut {
    pool.check_out(origin, 1, &Allowance::new(SECOND)).await
}

#[tokio::test(start_paused = true)]
async fn an_http1_connection_that_is_too_old_takes_no_more_requests() {
    let (pool, origin) = (pool(), origin("http://receiver.example/"));
    let (stream, _peer) = Stream::pair().await;
    let mut http1 = Box::new(Http1::new(stream));
    // Steady load would keep the connection for ever.
    for _ in 1..20 {
        pool.check_in(&origin, http1, None);
        tokio::time::advance(3 * SECOND).await;
        let CheckedOut::Reused(Connection::Http1(again)) = check_out(&pool, &origin).await else {
            panic!("a connection that is young enough is not reused");
        };
        http1 = again;
    }
    pool.check_in(&origin, http1, None);
    tokio::time::advance(3 * SECOND).await;
    assert!(matches!(check_out(&pool, &origin).await, CheckedOut::Dial(_)));
}

#[tokio::test]
async fn an_http2_connection_that_is_too_old_takes_no_new_streams_and_ends_with_its_last() {
    let (pool, origin) = (pool(), origin("https://receiver.example/"));
    let (stream, peer) = Stream::pair().await;
    let receiver = tokio::spawn(async move {
        let mut connection = h2::server::handshake(peer).await.unwrap();
        while let Some(Ok(_)) = connection.accept().await {}
    });
    let CheckedOut::Dial(dial) = check_out(&pool, &origin).await else {
        panic!("a connection to an unknown origin");
    };
    let lease = http2::handshake(stream, dial).await;
    let lease = lease.unwrap_or_else(|_| panic!("no connection"));
    while !pool.has_streams(&origin) {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(59 * SECOND).await;
    let young = check_out(&pool, &origin).await;
    assert!(matches!(young, CheckedOut::Reused(Connection::Http2(_))));
    tokio::time::advance(SECOND).await;
    tokio::time::resume();
    assert!(matches!(check_out(&pool, &origin).await, CheckedOut::Dial(_)));
    drop(young);
    assert!(lease.connection().is_open());
    drop(lease);
    receiver.await.unwrap();
}

#[tokio::test]
async fn idle_connections_to_one_host_leave_room_for_those_to_others() {
    let pool = pool();
    let mut peers = Vec::new();
    let (busy, other) = (origin("http://busy.example/"), origin("http://other.example/"));
    for origin in [&busy; 8].into_iter().chain([&other]) {
        let (stream, peer) = Stream::pair().await;
        peers.push(peer);
        pool.check_in(origin, Box::new(Http1::new(stream)), None);
    }
    assert!(matches!(check_out(&pool, &other).await, CheckedOut::Reused(_)));
    assert!(matches!(check_out(&pool, &busy).await, CheckedOut::Reused(_)));
}
