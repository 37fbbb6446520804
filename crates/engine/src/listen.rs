//! Hands the requests of webhook actions to clients that listen, such as `postrider listen`, instead of
//! sending them.
//!
//! The URL of such an action is `https://<name>.listen.invalid/…` ([`DOMAIN`]). A client that listens for the
//! name in the action's account gets each request as it would be sent, signed as always, makes it on its own
//! machine, and returns the response, which becomes the attempt's. While nobody listens, attempts fail.
//!
//! * [`Listeners`]: who listens on this node. [`Listener`]: one of them. [`Listening`]: the transport, which
//!   sends all other requests. [`Absence`]: an automation that nobody listens to any more.
//!
//! A name has one listener on a node; a new one supersedes it. A listener sees the requests that this node
//! makes, so a client listens at every node of a cluster. Nothing here is stored.

mod absence;
mod transport;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_egress::{Request, Response};
use postrider_model::{AccountId, AutomationId, By};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;

use absence::Absences;

pub use absence::Absence;
pub use transport::Listening;

/// The domain of the URLs. `invalid` is reserved (RFC 6761, section 6.4): no lookup finds it, so a request
/// that were sent after all would reach nobody.
pub const DOMAIN: &str = "listen.invalid";

/// Most listeners on one node. Each is an open response.
pub const LISTENERS_MAX: usize = 512;

/// Most listeners of one account on one node: a team of developers.
pub const LISTENERS_PER_ACCOUNT: usize = 32;

/// Most requests that one listener has at a time. Further ones wait in their lane and spend no attempt.
pub const REQUESTS_MAX: usize = 32;

/// Who listens on this node.
pub struct Listeners {
    /// A random number, so that a response which reaches another node is recognised.
    node: u64,
    open: Mutex<Open>,
    stopping: watch::Sender<bool>,
    /// What is done about automations that nobody listens to any more.
    jobs: Mutex<JoinSet<()>>,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_name: HashMap<Name, Entry>,
    absences: Absences,
}

/// What a listener listens for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    account: AccountId,
    label: String,
}

struct Entry {
    listener: u64,
    automation: AutomationId,
    /// See [`Listener::by`].
    by: Option<By>,
    /// Wakes the listener.
    news: Arc<Notify>,
    /// The attempts that wait, by the numbers of their requests; at most [`REQUESTS_MAX`].
    waiting: BTreeMap<u64, Attempt>,
}

/// An attempt that waits for its response. Its request is kept here and nowhere else, so that a listener
/// which reads slowly holds no request whose attempt is over.
struct Attempt {
    /// `None` once the listener has taken it.
    request: Option<Request>,
    respond: oneshot::Sender<Response>,
}

/// A request that was handed over, by which its response is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedId {
    node: u64,
    number: u64,
}

/// A request to make.
#[derive(Debug)]
pub struct Handed {
    /// By which the response is returned.
    pub id: HandedId,
    /// The request, with the URL of the action.
    pub request: Request,
}

/// What comes to a listener.
#[derive(Debug)]
pub enum Heard {
    /// A request.
    Request(Box<Handed>),
    /// Another listener has taken the name.
    Superseded,
    /// The node stops.
    Stopping,
}

/// Nobody can listen as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many clients listen already")]
pub struct TooManyListeners;

/// Why a response cannot be returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWaiting {
    /// The request was handed over by another node.
    #[error("another node waits for the response")]
    Elsewhere,
    /// The attempt has ended, or there was none.
    #[error("no attempt waits for the response")]
    Ended,
}

/// Why a request cannot be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotHanded {
    /// Nobody listens.
    Absent,
    /// The listener has too many requests.
    Busy,
}

/// Somebody who listens, until dropped.
pub struct Listener {
    listeners: Arc<Listeners>,
    name: Name,
    automation: AutomationId,
    number: u64,
    /// Who wants the automation deleted once nobody listens to it; `None` to keep it.
    by: Option<By>,
    news: Arc<Notify>,
    stopping: watch::Receiver<bool>,
}

/// A request that waits for its response, until dropped.
struct Waiting {
    listeners: Arc<Listeners>,
    name: Name,
    number: u64,
    response: oneshot::Receiver<Response>,
}

impl Listeners {
    /// Nobody listens yet. `node` is a random number.
    pub fn new(node: u64) -> Self {
        Self {
            node,
            open: Mutex::default(),
            stopping: watch::channel(false).0,
            jobs: Mutex::default(),
        }
    }

    /// This node, by a name of its run.
    pub fn node(&self) -> String {
        format!("{:016x}", self.node)
    }

    /// Listens for the requests of an account to this label, which a URL of the automation has. Supersedes an
    /// earlier listener of the label. `by` wants the automation deleted once nobody listens to it; that holds
    /// for later listeners of the automation too, until there is none for as long as its [`Absence`] lasts.
    pub fn listen(
        self: &Arc<Self>,
        (account, label): (AccountId, &str),
        automation: AutomationId,
        by: Option<By>,
    ) -> Result<Listener, TooManyListeners> {
        let name = Name {
            account,
            label: label.to_owned(),
        };
        let mut open = self.open.lock();
        let of_account = open
            .by_name
            .keys()
            .filter(|it| it.account == account && **it != name);
        let is_crowded = of_account.count() >= LISTENERS_PER_ACCOUNT || open.by_name.len() >= LISTENERS_MAX;
        if is_crowded && !open.by_name.contains_key(&name) {
            return Err(TooManyListeners);
        }
        let inherited = open.absences.end(automation).or_else(|| {
            let mut others = open.by_name.values().filter(|it| it.automation == automation);
            others.find_map(|it| it.by.clone())
        });
        let by = by.or(inherited);
        open.next += 1;
        let number = open.next;
        let news = Arc::new(Notify::new());
        let entry = Entry {
            listener: number,
            automation,
            by: by.clone(),
            news: Arc::clone(&news),
            waiting: BTreeMap::new(),
        };
        if let Some(superseded) = open.by_name.insert(name.clone(), entry) {
            superseded.news.notify_one();
        }
        Ok(Listener {
            listeners: Arc::clone(self),
            name,
            automation,
            number,
            by,
            news,
            stopping: self.stopping.subscribe(),
        })
    }

    /// Returns the response to a request that was handed to a listener of this account and label.
    pub fn respond(
        &self,
        (account, label): (AccountId, &str),
        id: HandedId,
        response: Response,
    ) -> Result<(), NotWaiting> {
        if id.node != self.node {
            return Err(NotWaiting::Elsewhere);
        }
        let name = Name {
            account,
            label: label.to_owned(),
        };
        let mut open = self.open.lock();
        let entry = open.by_name.get_mut(&name);
        let attempt = entry.and_then(|entry| entry.waiting.remove(&id.number));
        let attempt = attempt.ok_or(NotWaiting::Ended)?;
        attempt.respond.send(response).map_err(|_| NotWaiting::Ended)
    }

    /// Ends all listeners, because the node stops.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
        self.jobs.lock().abort_all();
    }

    fn hand(self: &Arc<Self>, name: Name, request: Request) -> Result<Waiting, NotHanded> {
        let mut open = self.open.lock();
        open.next += 1;
        let number = open.next;
        let Some(entry) = open.by_name.get_mut(&name) else {
            return Err(NotHanded::Absent);
        };
        if entry.waiting.len() >= REQUESTS_MAX {
            return Err(NotHanded::Busy);
        }
        let (respond, response) = oneshot::channel();
        let attempt = Attempt {
            request: Some(request),
            respond,
        };
        entry.waiting.insert(number, attempt);
        entry.news.notify_one();
        Ok(Waiting {
            listeners: Arc::clone(self),
            name,
            number,
            response,
        })
    }
}

impl Listener {
    /// The next request, or the end. Safe to drop while it waits.
    pub async fn next(&mut self) -> Heard {
        loop {
            if *self.stopping.borrow() {
                return Heard::Stopping;
            }
            if let Some(heard) = self.take() {
                return heard;
            }
            tokio::select! {
                // An error means that the node is gone.
                _ = self.stopping.wait_for(|stopping| *stopping) => return Heard::Stopping,
                // What came since `take` has left a permit.
                () = self.news.notified() => {}
            }
        }
    }

    /// The oldest request that is not taken and whose attempt still waits.
    fn take(&self) -> Option<Heard> {
        let mut open = self.listeners.open.lock();
        let Some(entry) = open.own(&self.name, self.number) else {
            return Some(Heard::Superseded);
        };
        let mut waiting = entry.waiting.iter_mut();
        let (number, request) =
            waiting.find_map(|(number, attempt)| Some((*number, attempt.request.take()?)))?;
        let node = self.listeners.node;
        let id = HandedId { node, number };
        Some(Heard::Request(Box::new(Handed { id, request })))
    }

    /// The label that it listens for.
    pub fn label(&self) -> &str {
        &self.name.label
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.open.lock().remove(&self.name, self.number);
    }
}

impl Open {
    /// The entry of a listener, unless that was superseded.
    fn own(&mut self, name: &Name, listener: u64) -> Option<&mut Entry> {
        let entry = self.by_name.get_mut(name);
        entry.filter(|entry| entry.listener == listener)
    }

    /// Removes a listener. Its requests fail at once, because their waiting ends with it.
    fn remove(&mut self, name: &Name, listener: u64) {
        if self.own(name, listener).is_some() {
            self.by_name.remove(name);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(entry) = self.listeners.open.lock().by_name.get_mut(&self.name) {
            entry.waiting.remove(&self.number);
        }
    }
}

/// The label of a URL of [`DOMAIN`]: what precedes the domain in the host, in lowercase. `None` for every
/// other URL.
pub fn label_of(url: &str) -> Option<String> {
    // Every webhook pays for this, and nearly all leave at the comparison with the domain.
    let scheme = [8_usize, 7]
        .into_iter()
        .find(|end: &usize| url.get(*end - 3..*end) == Some("://"))?;
    let rest = &url[scheme..];
    let ends = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b':');
    let host = &rest[..rest.bytes().position(ends).unwrap_or(rest.len())];
    let start = host.len().checked_sub(DOMAIN.len() + 1)?;
    let (label, domain) = (host.get(..start)?, host.get(start..)?);
    let is_ours = domain.strip_prefix('.')?.eq_ignore_ascii_case(DOMAIN);
    let is_label = !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    (is_ours && is_label).then(|| label.to_ascii_lowercase())
}

impl fmt::Display for HandedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.node, self.number)
    }
}

/// A text that is not the id of a request that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of a request, as the stream has it")]
pub struct HandedIdError;

impl FromStr for HandedId {
    type Err = HandedIdError;

    fn from_str(text: &str) -> Result<Self, HandedIdError> {
        let (node, number) = text.split_once('-').ok_or(HandedIdError)?;
        Ok(Self {
            node: u64::from_str_radix(node, 16).map_err(|_| HandedIdError)?,
            number: number.parse().map_err(|_| HandedIdError)?,
        })
    }
}

#[cfg(test)]
mod tests;
