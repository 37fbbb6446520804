use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn host(name: &str) -> Arc<Host> {
    Arc::new(Host::Name(name.to_owned()))
}

async fn permit(hosts: &Arc<Hosts>, name: &str, tenant: u128) -> Result<Permit, Crowded> {
    let allowance = Allowance::new(Duration::MAX);
    hosts.permit(&host(name), tenant, &allowance).await
}

/// Spawns a request that notes `name` once it has its permit, and keeps the permit for a millisecond.
fn spawn(
    hosts: &Arc<Hosts>,
    tenant: u128,
    name: &'static str,
    served: &Arc<Mutex<Vec<&'static str>>>,
) -> JoinHandle<()> {
    let (hosts, served) = (Arc::clone(hosts), Arc::clone(served));
    tokio::spawn(async move {
        let _permit = permit(&hosts, "a", tenant).await.unwrap();
        served.lock().push(name);
        tokio::time::sleep(MS).await;
    })
}

/// Lets all spawned tasks run until they wait.
async fn settle() {
    tokio::time::sleep(MS / 10).await;
}

fn is_empty(hosts: &Hosts) -> bool {
    hosts.by_host.lock().is_empty()
}

/// What is known of the host: requests with permits, those that wait, tenants of these, and all tenants.
fn known(hosts: &Hosts) -> (usize, usize, usize, usize) {
    let by_host = hosts.by_host.lock();
    let of_host = &by_host[&host("a")];
    let tenants = of_host.tenants.len();
    (of_host.in_flight, of_host.waiting, of_host.order.len(), tenants)
}

#[tokio::test(start_paused = true)]
async fn a_host_never_has_more_requests_than_it_may_and_every_request_is_sent() {
    for max in [1, 3, 20] {
        let hosts = Hosts::new(max);
        let (now, most, sent) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = Arc::new((now, most, sent));
        let requests: Vec<_> = (0..200_u64)
            .map(|n| {
                let (hosts, counts) = (Arc::clone(&hosts), Arc::clone(&counts));
                tokio::spawn(async move {
                    let (now, most, sent) = &*counts;
                    let permit = loop {
                        match permit(&hosts, "a", u128::from(n % 7)).await {
                            Ok(permit) => break permit,
                            Err(Crowded) => tokio::time::sleep(MS * (n as u32 % 5 + 1)).await,
                        }
                    };
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(MS * (n as u32 * 13 % 11)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    sent.fetch_add(1, Ordering::SeqCst);
                    drop(permit);
                })
            })
            .collect();
        for request in requests {
            request.await.unwrap();
        }
        let (_, most, sent) = &*counts;
        assert_eq!(
            (most.load(Ordering::SeqCst), sent.load(Ordering::SeqCst)),
            (max, 200)
        );
        assert!(is_empty(&hosts));
    }
}

#[tokio::test(start_paused = true)]
async fn the_requests_of_a_tenant_wait_in_order_and_tenants_take_turns() {
    let hosts = Hosts::new(32);
    let mut held = Vec::new();
    for tenant in 0..32 {
        held.push(permit(&hosts, "a", 100 + tenant).await.unwrap());
    }
    let served = Arc::default();
    for (tenant, name) in [(1, "1a"), (1, "1b"), (1, "1c"), (2, "2a"), (3, "3a"), (2, "2b")] {
        spawn(&hosts, tenant, name, &served);
        settle().await;
    }
    for _ in 0..6 {
        held.pop();
        settle().await;
    }
    assert_eq!(*served.lock(), ["1a", "2a", "3a", "1b", "2b", "1c"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_leaves_nothing_and_its_turn_to_the_next() {
    let hosts = Hosts::new(16);
    let mut held = Vec::new();
    for tenant in 0..16 {
        held.push(permit(&hosts, "a", 100 + tenant).await.unwrap());
    }
    let served = Arc::default();
    let waiting: Vec<_> = [(1, "1a"), (1, "1b"), (2, "2a"), (1, "1c"), (3, "3a")]
        .map(|(tenant, name)| spawn(&hosts, tenant, name, &served))
        .into();
    settle().await;
    // One in the middle gives up while it waits, so does the only one of a tenant, and the first one when its
    // permit is granted.
    waiting[1].abort();
    waiting[4].abort();
    settle().await;
    assert_eq!(known(&hosts), (16, 3, 2, 18));
    held.pop();
    waiting[0].abort();
    settle().await;
    assert_eq!(*served.lock(), ["2a"]);
    tokio::time::sleep(MS * 10).await;
    assert_eq!(*served.lock(), ["2a", "1c"]);
    tokio::time::sleep(MS * 10).await;
    assert_eq!(known(&hosts), (15, 0, 0, 15));
    drop(held);
    assert!(is_empty(&hosts));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_panics_gives_its_permit_back() {
    let hosts = Hosts::new(1);
    let shared = Arc::clone(&hosts);
    let request = tokio::spawn(async move {
        let _permit = permit(&shared, "a", 1).await.unwrap();
        panic!("a defect");
    });
    assert!(request.await.is_err());
    assert!(is_empty(&hosts));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_too_long_leaves_nothing() {
    let hosts = Hosts::new(1);
    let held = permit(&hosts, "a", 1).await.unwrap();
    let allowance = Allowance::new(MS);
    let name = host("a");
    let waited = allowance.limit(hosts.permit(&name, 2, &allowance)).await;
    assert!(matches!(waited, Err(crate::allowance::Exceeded::Wait)));
    assert_eq!(allowance.waited(), crate::allowance::WAIT_MAX);
    drop(held);
    assert!(is_empty(&hosts));
}

#[tokio::test(start_paused = true)]
async fn requests_to_another_host_do_not_wait() {
    let hosts = Hosts::new(4);
    let mut held = Vec::new();
    while let Some(Ok(permit)) = permit_now(&hosts, "a", held.len() as u128).await {
        held.push(permit);
    }
    assert_eq!(held.len(), 4);
    assert!(permit_now(&hosts, "b", 1).await.is_some_and(|it| it.is_ok()));
}

/// The permit, unless it has to be waited for.
async fn permit_now(hosts: &Arc<Hosts>, name: &str, tenant: u128) -> Option<Result<Permit, Crowded>> {
    tokio::time::timeout(MS, permit(hosts, name, tenant)).await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_tenant_leaves_permits_and_turns_to_others() {
    let hosts = Hosts::new(1_024);
    let mut held = Vec::new();
    while let Some(Ok(permit)) = permit_now(&hosts, "a", 1).await {
        held.push(permit);
    }
    assert_eq!(held.len(), 1_009);
    let served = Arc::default();
    while hosts.by_host.lock()[&host("a")].waiting < 19 {
        spawn(&hosts, 1, "1", &served);
        settle().await;
    }
    assert!(matches!(permit_now(&hosts, "a", 1).await, Some(Err(Crowded))));
    // Each further tenant gets its permit at once, and one that finds none gets a turn.
    for tenant in 2..17 {
        held.push(permit_now(&hosts, "a", tenant).await.unwrap().unwrap());
    }
    spawn(&hosts, 17, "17", &served);
    settle().await;
    held.remove(0);
    settle().await;
    assert_eq!(*served.lock(), ["17"]);
}

#[tokio::test(start_paused = true)]
async fn requests_for_which_there_is_no_room_do_not_wait() {
    for (max, waiting) in [(1, 4), (4, 5), (1_024, 260)] {
        let hosts = Hosts::new(max);
        let mut asked: Vec<_> = (0..(max + waiting) as u128)
            .map(|tenant| hosts.ask(&host("a"), tenant).unwrap())
            .collect();
        assert!(hosts.ask(&host("a"), 1_000_000).is_err());
        let permits = asked.iter().filter(|it| matches!(it, Asked::Permit(_)));
        assert_eq!(permits.count(), max);
        asked.remove(0);
        assert!(hosts.ask(&host("a"), 1_000_000).is_ok());
        drop(asked);
        assert!(is_empty(&hosts));
    }
}
