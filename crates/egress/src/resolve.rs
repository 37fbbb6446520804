//! Resolves host names to addresses.
//!
//! [`SystemResolver`] asks the system (`getaddrinfo`), so `/etc/hosts`, search domains and the rest of the
//! machine's setup apply. The call blocks a thread until the name's servers answer, and customers choose the
//! names. Hence:
//!
//! - At most [`LOOKUPS_MAX`] lookups run at once, so lookups cannot use up the runtime's blocking threads,
//!   which other code needs. A lookup frees its place when its *thread* finishes, not when the attempt that
//!   wanted it gives up.
//! - Concurrent requests for one name share one lookup, so a slow name takes one place.
//! - Found addresses are cached for `KEEP_FOUND`. When a hundred connections to a receiver open at once (a
//!   burst after a pause), the cache saves ninety-nine lookups; `getaddrinfo` itself caches nothing. Five
//!   seconds is below any TTL that people rely on. A failure is cached for `KEEP_FAILED`, to serve the
//!   requests that waited for the same lookup.
//!
//! The cache does not weaken the guard, which checks every address when it is dialled, wherever it came from.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Maximum concurrent lookups. The runtime has 512 blocking threads, and other code needs them too.
pub const LOOKUPS_MAX: usize = 64;

/// Maximum names in the cache: a few hundred bytes each.
const NAMES_KEPT: usize = 1_000;

/// How long to cache found addresses.
const KEEP_FOUND: Duration = Duration::from_secs(5);

/// How long to cache a failure.
const KEEP_FAILED: Duration = Duration::from_secs(1);

/// Why a lookup returned no addresses. Customers read these messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or it has no addresses.
    #[error("The host name does not exist")]
    NotFound,
    /// The resolver did not answer, or its answer says nothing about the name.
    #[error("The host name lookup failed")]
    Failed,
}

/// Looks up host names.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// Returns the addresses of a name, the preferred one first. May take any length of time; the caller sets
    /// the limit.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// The system's own resolver, bounded.
pub struct SystemResolver {
    permits: Arc<Semaphore>,
    cache: Cache<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    until: Instant,
    found: Result<Vec<IpAddr>, ResolveError>,
}

impl SystemResolver {
    /// Creates a resolver with an empty cache.
    pub fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            cache: Cache::new(NAMES_KEPT),
        }
    }

    async fn look_up(&self, name: &str) -> Kept {
        let found = self.ask_system(name.to_owned()).await;
        let keep = if found.is_ok() { KEEP_FOUND } else { KEEP_FAILED };
        Kept {
            until: Instant::now() + keep,
            found,
        }
    }

    async fn ask_system(&self, name: String) -> Result<Vec<IpAddr>, ResolveError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| ResolveError::Failed)?;
        let lookup = tokio::task::spawn_blocking(move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(permit);
            found.map(|addresses| addresses.map(|address| address.ip()).collect::<Vec<_>>())
        });
        match lookup.await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(ResolveError::NotFound),
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(ResolveError::Failed),
        }
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        self.cache.remove_if(name, |kept| kept.until <= Instant::now());
        let kept = self
            .cache
            .get_or_insert_async(name, async { Ok::<_, ResolveError>(self.look_up(name).await) })
            .await?;
        kept.found
    }
}

/// Tells a name that does not exist, or has no address, from a failed lookup. The standard library hides
/// `getaddrinfo`'s error code, so this searches the text for the words of glibc, musl and macOS.
fn classify(error: &io::Error) -> ResolveError {
    let text = error.to_string();
    let absent = [
        "not known",
        "No address associated",
        "does not resolve",
        "has no usable address",
    ];
    if absent.iter().any(|words| text.contains(words)) {
        ResolveError::NotFound
    } else {
        ResolveError::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_from_the_hosts_file_is_found_and_kept() {
        let resolver = SystemResolver::new();
        let found = resolver.resolve("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
        assert!(resolver.cache.get("localhost").is_some());
        assert_eq!(resolver.permits.available_permits(), LOOKUPS_MAX);
    }

    #[test]
    fn an_absent_name_is_distinguished_from_a_failed_lookup() {
        let lookup = |text: &str| {
            classify(&io::Error::other(format!(
                "failed to lookup address information: {text}"
            )))
        };
        assert_eq!(lookup("Name or service not known"), ResolveError::NotFound);
        assert_eq!(
            lookup("nodename nor servname provided, or not known"),
            ResolveError::NotFound
        );
        assert_eq!(
            lookup("No address associated with hostname"),
            ResolveError::NotFound
        );
        assert_eq!(lookup("Name does not resolve"), ResolveError::NotFound);
        assert_eq!(
            lookup("Temporary failure in name resolution"),
            ResolveError::Failed
        );
        assert_eq!(lookup("Try again"), ResolveError::Failed);
    }
}
