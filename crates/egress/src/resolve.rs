//! From host names to addresses.
//!
//! [`SystemResolver`] asks the system (`getaddrinfo`), so that `/etc/hosts`, search domains and whatever else
//! the machine is set up with hold here too. That call blocks a thread for as long as the name's servers
//! please, and customers choose the names. Hence:
//!
//! - at most [`LOOKUPS_MAX`] run at once, and a lookup gives its place back when the *thread* is done, not
//!   when the attempt that wanted it has given up. The runtime's blocking threads, which others need, cannot
//!   be used up;
//! - those who want the same name at the same time share one lookup, so that one slow name takes one place;
//! - a response is kept for `KEEP_FOUND`. When a hundred connections to a receiver are opened at once (a
//!   burst after a pause) this saves ninety-nine lookups; `getaddrinfo` keeps nothing by itself. Five seconds
//!   are below the TTL that anyone relies on. A failure is kept for `KEEP_FAILED`, which is for those who
//!   waited for the same lookup.
//!
//! Keeping answers does not weaken the guard, which judges addresses when they are dialled, wherever they
//! came from.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Most lookups under way. The runtime has 512 blocking threads, and others need them too.
pub const LOOKUPS_MAX: usize = 64;

/// Most names whose answers are kept: a few hundred bytes each.
const NAMES_KEPT: usize = 1_000;

/// How long addresses are kept.
const KEEP_FOUND: Duration = Duration::from_secs(5);

/// How long a failure is kept.
const KEEP_FAILED: Duration = Duration::from_secs(1);

/// Why there are no addresses. The sentences are for customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// There is no such name, or it has no addresses.
    #[error("The host name does not exist")]
    NotFound,
    /// No response, or one that says nothing about the name.
    #[error("The host name could not be looked up")]
    Failed,
}

/// Looks host names up.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name, the preferred first. May take as long as it likes; the caller sets the bound.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// The system's own resolver, bounded.
pub struct SystemResolver {
    places: Arc<Semaphore>,
    answers: Cache<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    until: Instant,
    found: Result<Vec<IpAddr>, ResolveError>,
}

impl SystemResolver {
    /// A resolver with nothing in its memory.
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            answers: Cache::new(NAMES_KEPT),
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
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| ResolveError::Failed)?;
        let lookup = tokio::task::spawn_blocking(move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(place);
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
        self.answers.remove_if(name, |kept| kept.until <= Instant::now());
        let kept = self
            .answers
            .get_or_insert_async(name, async { Ok::<_, ResolveError>(self.look_up(name).await) })
            .await?;
        kept.found
    }
}

/// The standard library hides `getaddrinfo`'s code and shows its text only: glibc's, musl's and macOS's words
/// for a name that does not exist or has no address.
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
        assert!(resolver.answers.get("localhost").is_some());
        assert_eq!(resolver.places.available_permits(), LOOKUPS_MAX);
    }

    #[test]
    fn an_absent_name_is_told_from_a_failed_lookup() {
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
