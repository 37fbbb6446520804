use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex as StdMutex};

use super::*;

const GOOD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A scripted system. Names that begin with `slow` block their thread until it is released, and so does every
/// name while the system is down.
#[derive(Default)]
struct System {
    released: StdMutex<bool>,
    changed: Condvar,
    asked: AtomicUsize,
    fails: StdMutex<bool>,
}

impl System {
    fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if name.starts_with("slow") {
            let released = self.released.lock().unwrap();
            drop(self.changed.wait_while(released, |released| !*released).unwrap());
            return Err(io::Error::other("Temporary failure in name resolution"));
        }
        if *self.fails.lock().unwrap() {
            return Err(io::Error::other("Temporary failure in name resolution"));
        }
        Ok(vec![GOOD])
    }

    fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// Releases blocked threads even if the test fails, because the runtime waits for them.
struct Releases(Arc<System>);

impl Drop for Releases {
    fn drop(&mut self) {
        self.0.release();
    }
}

fn resolver(deadline_ms: u64) -> (Arc<SystemResolver>, Releases) {
    let system = Arc::new(System::default());
    let asked = Arc::clone(&system);
    let resolver = SystemResolver::with(Duration::from_millis(deadline_ms), move |name| {
        asked.look_up(name)
    });
    (Arc::new(resolver), Releases(system))
}

/// Looks a name up for a tenant, within a timeout that waits for a place do not count against.
async fn look_up(resolver: &SystemResolver, tenant: u128, name: &str, timeout_ms: u64) -> Option<Found> {
    let allowance = Allowance::new(Duration::from_millis(timeout_ms));
    let found = allowance.limit(resolver.resolve_for(tenant, name, &allowance));
    found.await.ok()
}

#[tokio::test]
async fn a_name_from_the_hosts_file_is_found_and_kept() {
    let resolver = SystemResolver::new();
    let found = resolver.resolve("localhost").await.unwrap();
    assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    assert!(resolver.0.cache.get("localhost").is_some());
    assert!(resolver.0.lookups.lock().by_name.is_empty());
}

#[tokio::test]
async fn a_tenant_whose_names_are_silent_does_not_delay_another() {
    let (resolver, _releases) = resolver(60_000);
    let silent: Vec<_> = (0..200)
        .map(|number| {
            let resolver = Arc::clone(&resolver);
            tokio::spawn(async move { look_up(&resolver, 1, &format!("slow{number}.test"), 60_000).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for number in 0..50 {
        let found = look_up(&resolver, 2, &format!("good{number}.test"), 5_000).await;
        assert_eq!(found, Some(Ok(vec![GOOD])));
    }
    silent.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Waits until this many lookups have reached the system.
async fn asked(releases: &Releases, lookups: usize) {
    while releases.0.asked.load(Ordering::SeqCst) < lookups {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_name_fails_at_the_deadline_and_waiting_for_a_place_does_not_count() {
    let (resolver, releases) = resolver(100);
    let lookups: Vec<_> = (0..100)
        .map(|number| {
            let resolver = Arc::clone(&resolver);
            tokio::spawn(async move { look_up(&resolver, 1, &format!("slow{number}"), 2_000).await })
        })
        .collect();
    // The share of the tenant runs; the others wait behind it.
    asked(&releases, 32).await;
    tokio::time::advance(Duration::from_millis(101)).await;
    let mut lookups = lookups.into_iter();
    for _ in 0..32 {
        let found = lookups.next().unwrap().await.unwrap();
        assert_eq!(found, Some(Err(ResolveError::TooSlow)));
    }
    // A name of the same tenant that waits behind them does not fail, and resolves when a place is free.
    let good = tokio::spawn({
        let resolver = Arc::clone(&resolver);
        async move { look_up(&resolver, 1, "good.test", 50).await }
    });
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(!good.is_finished());
    assert_eq!(releases.0.asked.load(Ordering::SeqCst), 32);
    lookups.for_each(|it| it.abort());
    releases.0.release();
    assert_eq!(good.await.unwrap(), Some(Ok(vec![GOOD])));
}

#[tokio::test]
async fn a_slow_name_takes_one_place_whoever_gives_up() {
    let (resolver, releases) = resolver(60_000);
    for _ in 0..200 {
        assert_eq!(look_up(&resolver, 1, "slow.test", 1).await, None);
    }
    assert_eq!(releases.0.asked.load(Ordering::SeqCst), 1);
    assert_eq!(
        look_up(&resolver, 1, "good.test", 5_000).await,
        Some(Ok(vec![GOOD]))
    );
}

#[tokio::test]
async fn a_shared_name_runs_when_the_turn_of_either_tenant_comes() {
    let (resolver, _releases) = resolver(60_000);
    let lookups: Vec<_> = (0..100)
        .map(|number| format!("slow{number}"))
        .chain(["good.test".to_owned()])
        .map(|name| {
            let resolver = Arc::clone(&resolver);
            tokio::spawn(async move { look_up(&resolver, 1, &name, 60_000).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(
        look_up(&resolver, 2, "good.test", 5_000).await,
        Some(Ok(vec![GOOD]))
    );
    lookups.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn addresses_outlive_an_outage_of_the_name_server() {
    let (resolver, releases) = resolver(60_000);
    assert_eq!(
        look_up(&resolver, 1, "good.test", 5_000).await,
        Some(Ok(vec![GOOD]))
    );
    *releases.0.fails.lock().unwrap() = true;
    for name in ["good.test", "new.test"] {
        let mut kept = resolver.0.cache.get(name);
        if let Some(kept) = &mut kept {
            kept.until = Instant::now();
            resolver.0.cache.insert(name.to_owned(), kept.clone());
        }
        let expected = if kept.is_some() {
            Ok(vec![GOOD])
        } else {
            Err(ResolveError::Failed)
        };
        assert_eq!(look_up(&resolver, 1, name, 5_000).await, Some(expected), "{name}");
    }
    assert_eq!(releases.0.asked.load(Ordering::SeqCst), 3);
}

#[test]
fn a_lookup_that_starts_while_the_runtime_shuts_down_fails() {
    let (resolver, _releases) = resolver(60_000);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (done, is_done) = std::sync::mpsc::channel();
    // In another thread, so that the test ends even if this does not.
    std::thread::spawn(move || {
        let _entered = handle.enter();
        let phase = resolver.0.join(1, "good.test").borrow().clone();
        done.send(phase).unwrap();
    });
    let phase = is_done.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(
        matches!(phase, Phase::Ended(Err(ResolveError::Failed))),
        "{phase:?}"
    );
}

#[test]
fn an_absent_name_is_distinguished_from_a_failed_lookup() {
    let lookup = |text: &str| {
        classify(&io::Error::other(format!(
            "failed to lookup address information: {text}"
        )))
    };
    for text in [
        "Name or service not known",
        "nodename nor servname provided, or not known",
        "No address associated with hostname",
        "Name does not resolve",
    ] {
        assert_eq!(lookup(text), ResolveError::NotFound, "{text}");
    }
    for text in ["Temporary failure in name resolution", "Try again"] {
        assert_eq!(lookup(text), ResolveError::Failed, "{text}");
    }
}

#[test]
fn the_system_is_asked_for_absolute_names() {
    assert_eq!(absolute("vault.prod"), "vault.prod.");
}
