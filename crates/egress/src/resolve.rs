//! Resolves host names to addresses.
//!
//! [`SystemResolver`] asks the system (`getaddrinfo`), so the machine's setup applies, with one exception:
//! names are absolute. A customer who types `http://vault.prod/` means that name, and not
//! `vault.prod.corp.example` with a search domain of this machine. The call blocks a thread until the name's
//! servers respond, for ten seconds and more where they do not, and customers choose the names. Hence:
//!
//! - At most [`LOOKUPS_MAX`] lookups run at once, so lookups cannot use up the runtime's blocking threads,
//!   which other code needs. A lookup frees its place when its *thread* finishes, not when the attempt that
//!   wanted it gives up.
//! - Tenants take turns at the places. A tenant has at most a quarter of them for names that resolved
//!   promptly before and a quarter for others, half in all, and each of the two kinds keeps a quarter of all
//!   places free of the other (`turns`).
//! - While a request waits for a place, its timeout stands still ([`Allowance`]). Once the lookup runs, the
//!   request waits for `DEADLINE`, and fails if it passes.
//! - Concurrent requests for one name share one lookup, so a slow name takes one place even after its
//!   requests have given up.
//! - Found addresses are cached for `KEEP_FOUND`. When a hundred connections to a receiver open at once (a
//!   burst after a pause), the cache saves ninety-nine lookups; `getaddrinfo` itself caches nothing. Five
//!   seconds is below any TTL that people rely on. A failure is cached for `KEEP_FAILED`, to serve the
//!   requests that waited for the same lookup.
//! - If a lookup fails or takes too long, the addresses that an earlier one found are used for another
//!   `KEEP_STALE`, so that an outage of a name server fails no delivery. A name that is gone is gone at once.
//!
//! The cache does not weaken the guard, which checks every address when it is dialled, wherever it came from.

mod hosts_file;
mod turns;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::allowance::Allowance;
use crate::connect;
use turns::{Place, Turns};

pub use turns::LOOKUPS_MAX;

/// How long a request waits for a running lookup. Name servers that respond do so within a second or two,
/// even if the first packet is lost.
const DEADLINE: Duration = Duration::from_secs(3);

/// Maximum names in the cache: a few hundred bytes each.
const NAMES_KEPT: usize = 4_000;

/// How long to cache found addresses.
const KEEP_FOUND: Duration = Duration::from_secs(5);

/// How long to cache a failure.
const KEEP_FAILED: Duration = Duration::from_secs(1);

/// For how long after they were found to use addresses whose name cannot be looked up any more.
const KEEP_STALE: Duration = Duration::from_secs(600);

/// Why a lookup returned no addresses. Customers read these messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or it has no addresses, or the guard forbids one of them. The message does
    /// not tell these apart, so that nobody learns which names exist in the network that the client runs in.
    #[error("The host name does not exist, or has an address that webhooks must not reach")]
    NotFound,
    /// The resolver did not answer, or its answer says nothing about the name.
    #[error("The host name lookup failed")]
    Failed,
    /// The resolver did not answer in time.
    #[error("The host name lookup took longer than 3 seconds")]
    TooSlow,
    /// This process, or the system, has no free file descriptor. The client repeats the lookup.
    #[error("The host name lookup failed")]
    OutOfFiles,
}

type Found = Result<Vec<IpAddr>, ResolveError>;

/// Looks up host names.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// Returns the addresses of an absolute name, the preferred one first. `name` has no dot at its end. May
    /// take any length of time; the caller sets the limit.
    async fn resolve(&self, name: &str) -> Found;

    /// Does the same for a tenant, with which other tenants take turns. `allowance` stands still as long as
    /// the lookup waits for its turn.
    async fn resolve_for(&self, tenant: u128, name: &str, allowance: &Allowance) -> Found {
        let _ = (tenant, allowance);
        self.resolve(name).await
    }
}

/// The system's own resolver, bounded and fair.
pub struct SystemResolver(Arc<Shared>);

/// Asks for the addresses of a name; blocks.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

struct Shared {
    look_up: Box<LookUp>,
    deadline: Duration,
    cache: Cache<String, Kept>,
    lookups: Mutex<Lookups>,
}

/// Lookups that wait or run.
#[derive(Default)]
struct Lookups {
    by_name: HashMap<String, Lookup>,
    turns: Turns,
}

struct Lookup {
    phase: watch::Sender<Phase>,
    is_running: bool,
    /// The tenants whose turn it may take.
    tenants: Vec<u128>,
}

#[derive(Debug, Clone)]
enum Phase {
    Waiting,
    Running { since: Instant },
    Ended(Found),
}

/// What is known of a name.
#[derive(Clone)]
struct Kept {
    until: Instant,
    found: Found,
    /// The addresses last found, and when.
    last: Option<(Vec<IpAddr>, Instant)>,
    /// Whether the last lookup succeeded within the deadline.
    is_prompt: bool,
}

impl SystemResolver {
    /// Creates a resolver of absolute names with an empty cache.
    pub fn new() -> Self {
        Self::with(DEADLINE, look_up_absolute)
    }

    /// Creates a resolver that completes names with the search domains of this machine. For names that the
    /// operator chose, such as that of a proxy or an identity provider.
    pub fn with_search_domains() -> Self {
        Self::with(DEADLINE, ask_system)
    }

    fn with(
        deadline: Duration,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            look_up: Box::new(look_up),
            deadline,
            cache: Cache::new(NAMES_KEPT),
            lookups: Mutex::default(),
        }))
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Found {
        self.resolve_for(0, name, &Allowance::new(Duration::MAX)).await
    }

    async fn resolve_for(&self, tenant: u128, name: &str, allowance: &Allowance) -> Found {
        let kept = self.0.cache.get(name).filter(|kept| kept.until > Instant::now());
        if let Some(kept) = kept {
            return kept.found;
        }
        let mut phase = self.0.join(tenant, name);
        let begun = phase.wait_for(|it| !matches!(it, Phase::Waiting));
        let begun = allowance.pause(begun).await.map(|it| it.clone());
        let deadline = match begun {
            Ok(Phase::Running { since }) => since + self.0.deadline,
            Ok(Phase::Ended(found)) => return found,
            Ok(Phase::Waiting) | Err(_) => return Err(ResolveError::Failed),
        };
        let ended = phase.wait_for(|it| matches!(it, Phase::Ended(_)));
        match tokio::time::timeout_at(deadline, ended).await {
            Ok(Ok(phase)) => match &*phase {
                Phase::Ended(found) => found.clone(),
                _ => Err(ResolveError::Failed),
            },
            Ok(Err(_)) => Err(ResolveError::Failed),
            Err(_) => self.0.stale(name).ok_or(ResolveError::TooSlow),
        }
    }
}

impl Shared {
    /// Joins the lookup of a name, or adds one.
    fn join(self: &Arc<Self>, tenant: u128, name: &str) -> watch::Receiver<Phase> {
        let mut lookups = self.lookups.lock();
        let Lookups { by_name, turns } = &mut *lookups;
        let lookup = by_name.entry(name.to_owned()).or_insert_with(|| Lookup {
            phase: watch::Sender::new(Phase::Waiting),
            is_running: false,
            tenants: Vec::new(),
        });
        let phase = lookup.phase.subscribe();
        // A lookup that another tenant waits for runs when either's turn comes.
        if !lookup.is_running && !lookup.tenants.contains(&tenant) {
            lookup.tenants.push(tenant);
            let is_prompt = self.cache.get(name).is_some_and(|kept| kept.is_prompt);
            turns.add(tenant, name.to_owned(), is_prompt);
            let started = self.start(&mut lookups);
            drop(lookups);
            started.into_iter().for_each(Running::spawn);
        }
        phase
    }

    /// Gives lookups their places. [`Running::spawn`] each after unlocking: a runtime that shuts down drops
    /// them on the spot, which takes the lock.
    fn start(self: &Arc<Self>, lookups: &mut Lookups) -> Vec<Running> {
        let mut started = Vec::new();
        while let Some((place, name)) = lookups.turns.next() {
            match lookups.by_name.get_mut(&name) {
                Some(lookup) if lookup.is_running => lookups.turns.give_back(place),
                Some(lookup) if lookup.phase.receiver_count() > 0 => {
                    lookup.is_running = true;
                    let since = Instant::now();
                    lookup.phase.send_replace(Phase::Running { since });
                    started.push(Running {
                        shared: Arc::clone(self),
                        name,
                        place,
                        since,
                        found: Err(ResolveError::Failed),
                        has_run: false,
                    });
                }
                // Everybody has given up, or another tenant's turn came first.
                Some(_) => {
                    lookups.by_name.remove(&name);
                    lookups.turns.give_back(place);
                }
                None => lookups.turns.give_back(place),
            }
        }
        started
    }

    /// Addresses that were found not too long ago.
    fn stale(&self, name: &str) -> Option<Vec<IpAddr>> {
        let (addresses, at) = self.cache.get(name)?.last?;
        (at.elapsed() < KEEP_STALE).then_some(addresses)
    }

    /// Keeps what a lookup found, and returns what those who wait for it get.
    fn keep(&self, name: &str, since: Instant, found: Found) -> Found {
        let now = Instant::now();
        let is_outage = matches!(found, Err(ResolveError::Failed | ResolveError::OutOfFiles));
        let stale = self.stale(name).filter(|_| is_outage);
        let is_prompt = match found {
            // This says nothing about the name.
            Err(ResolveError::OutOfFiles) => self.cache.get(name).is_some_and(|kept| kept.is_prompt),
            _ => found.is_ok() && since.elapsed() < self.deadline,
        };
        let last = match (&found, &stale) {
            (Ok(addresses), _) => Some((addresses.clone(), now)),
            (Err(_), Some(_)) => self.cache.get(name).and_then(|kept| kept.last),
            (Err(_), None) => None,
        };
        let until = match found {
            Ok(_) => now + KEEP_FOUND,
            Err(ResolveError::OutOfFiles) => now,
            Err(_) => now + KEEP_FAILED,
        };
        let found = stale.map_or(found, Ok);
        self.cache.insert(
            name.to_owned(),
            Kept {
                until,
                found: found.clone(),
                last,
                is_prompt,
            },
        );
        found
    }
}

/// Looks a name up in `/etc/hosts`, then with a dot at its end, so that neither search domains nor `ndots`
/// apply.
fn look_up_absolute(name: &str) -> io::Result<Vec<IpAddr>> {
    let listed = hosts_file::look_up(name)?;
    if listed.is_empty() {
        ask_system(&absolute(name))
    } else {
        Ok(listed)
    }
}

fn absolute(name: &str) -> String {
    format!("{name}.")
}

fn ask_system(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// A lookup that runs. Its place is given back when it is dropped.
struct Running {
    shared: Arc<Shared>,
    name: String,
    place: Place,
    since: Instant,
    found: Found,
    /// Whether it has begun. If not, the runtime shuts down.
    has_run: bool,
}

impl Running {
    fn spawn(self) {
        tokio::task::spawn_blocking(move || self.run());
    }

    fn run(mut self) {
        self.has_run = true;
        self.found = match (self.shared.look_up)(&self.name) {
            Ok(addresses) if addresses.is_empty() => Err(ResolveError::NotFound),
            Ok(addresses) => Ok(addresses),
            Err(_) if is_out_of_files() => Err(ResolveError::OutOfFiles),
            Err(error) => Err(classify(&error)),
        };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let found = std::mem::replace(&mut self.found, Err(ResolveError::Failed));
        let found = self.shared.keep(&self.name, self.since, found);
        let mut lookups = self.shared.lookups.lock();
        lookups.turns.give_back(self.place);
        if let Some(lookup) = lookups.by_name.remove(&self.name) {
            lookup.phase.send_replace(Phase::Ended(found));
        }
        if self.has_run {
            let started = self.shared.start(&mut lookups);
            drop(lookups);
            started.into_iter().for_each(Self::spawn);
        }
    }
}

/// Whether the process has run out of file descriptors. `getaddrinfo` then fails as if the name server were
/// down or the name did not exist.
fn is_out_of_files() -> bool {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None);
    socket.is_err_and(|error| connect::is_out_of_files(&error))
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
mod tests;
