//! Live parts of pages. The server renders a fragment when an attempt of its account is recorded, and from
//! time to time. It sends the fragment if it has changed (server-sent events), and `assets/live.js` puts it
//! into the page.
//!
//! Only attempts on this node trigger a rendering; changes by other nodes appear at the next look. To make a
//! part of a page live: mark it with `data-live="<address>"` in the template, render the part alone at that
//! address, and pass the rendering to [`stream`].

mod slots;

use std::borrow::Cow;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use postrider_figures::RecordedAttempt;
use postrider_model::AccountId;
use postrider_web::body_budget::Owner;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use self::slots::LiveSlot;
pub use self::slots::LiveSlots;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;
use crate::visitor::cookie;

/// How often a fragment is rendered without a new attempt.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Shortest time between two fragments: a busy account would otherwise keep a browser busy.
const PAUSE: Duration = Duration::from_millis(300);

/// How long one stream lasts. The browser then opens another, perhaps at another node.
const LIFETIME: Duration = Duration::from_secs(600);

/// Longest silence of a stream. Then it sends a comment, because only a write shows that the browser has
/// left.
const SIGN_EVERY: Duration = Duration::from_secs(15);

/// Who looks at a live part.
#[derive(Debug)]
pub struct Viewer {
    /// The token of their session.
    session: Option<String>,
    /// Whose share of the slots they use.
    owner: Owner,
    /// The account that they look at.
    account: AccountId,
}

impl Viewer {
    /// The visitor of this account who sent these headers.
    pub fn of(account: &InAccount, headers: &HeaderMap) -> Self {
        Self {
            session: cookie::session(headers).map(str::to_owned),
            owner: Owner::of(&account.visitor.caller),
            account: account.id(),
        }
    }
}

/// Sends the result of `render` whenever it has changed, as long as the session lasts. A recorded
/// attempt of the viewer's account triggers a look.
pub fn stream<F, R>(app: &App, viewer: Viewer, render: F) -> Response
where
    F: Fn() -> R + Send + 'static,
    R: Future<Output = Result<String, Refusal>> + Send + 'static,
{
    let Some(session) = viewer.session else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let now = Instant::now();
    let watcher = Watcher {
        attempts: app.figures.watch(),
        stopping: app.stopping.clone(),
        app: Arc::clone(app),
        slot: app.live.take(&session, viewer.owner),
        session,
        account: viewer.account,
        last: None,
        next_look: now,
        next_sign: now + SIGN_EVERY,
        ends: now + LIFETIME,
        is_over: false,
        render,
    };
    let fragments = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Sse::new(fragments).into_response()
}

struct Watcher<F> {
    app: App,
    attempts: broadcast::Receiver<Arc<RecordedAttempt>>,
    stopping: watch::Receiver<bool>,
    session: String,
    account: AccountId,
    last: Option<u64>,
    next_look: Instant,
    next_sign: Instant,
    ends: Instant,
    slot: LiveSlot,
    is_over: bool,
    render: F,
}

impl<F, R> Watcher<F>
where
    F: Fn() -> R,
    R: Future<Output = Result<String, Refusal>>,
{
    /// The next event to send; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            match self.wait().await {
                _ if self.is_over => return None,
                Woken::End => return None,
                Woken::GiveWay => {
                    self.is_over = true;
                    return Some(Event::default().event("superseded").data(""));
                }
                Woken::Look => {}
            }
            let now = Instant::now();
            // The visitor signed out, or the link has expired.
            if !matches!(self.app.access.session(&self.session).await, Ok(Some(_))) {
                return None;
            }
            let fragment = (self.render)().await.ok()?;
            self.next_look = now + LOOK_EVERY;
            let print = fingerprint(&fragment);
            if self.last != Some(print) {
                self.last = Some(print);
                self.next_sign = now + SIGN_EVERY;
                return Some(Event::default().event("fragment").data(sendable(&fragment)));
            }
            if now >= self.next_sign {
                self.next_sign = now + SIGN_EVERY;
                return Some(Event::default().comment("still here"));
            }
        }
    }

    /// Waits for an attempt of the account, the time of the next look, or the end.
    async fn wait(&mut self) -> Woken {
        let earliest = self.last.map(|_| Instant::now() + PAUSE);
        let attempted = async {
            loop {
                match self.attempts.recv().await {
                    Ok(attempt) if attempt.key.account == self.account => return,
                    Ok(_) => {}
                    // The missed attempts may include some of this account.
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let to_look = async {
            // The next look is due even without a new attempt.
            let _ = timeout_at(self.next_look, attempted).await;
            if let Some(earliest) = earliest {
                sleep_until(earliest).await;
            }
        };
        let stopping = async {
            // An error means that the console was dropped.
            let _ = self.stopping.wait_for(|stopping| *stopping).await;
        };
        tokio::select! {
            biased;
            () = stopping => Woken::End,
            () = self.slot.superseded() => Woken::GiveWay,
            () = sleep_until(self.ends) => Woken::End,
            () = to_look => Woken::Look,
        }
    }
}

/// Why a watcher stopped waiting.
#[derive(Debug, PartialEq, Eq)]
enum Woken {
    /// There may be something new.
    Look,
    /// A newer stream has taken the slot. The page is told, because `EventSource` would reconnect and take
    /// another's slot.
    GiveWay,
    /// The node stops, or the stream has reached its lifetime.
    End,
}

/// The fragment as an event can carry it. A carriage return would end a line of the stream, so its character
/// reference replaces it.
fn sendable(fragment: &str) -> Cow<'_, str> {
    if fragment.contains('\r') {
        Cow::Owned(fragment.replace('\r', "&#13;"))
    } else {
        Cow::Borrowed(fragment)
    }
}

/// A hash that tells whether a fragment has changed. It skips the words of relative times, which the browser
/// keeps up to date. Hundreds of watchers remember one each, so they keep a number, not the text.
fn fingerprint(fragment: &str) -> u64 {
    let mut print = DefaultHasher::new();
    let mut rest = fragment;
    while let Some(start) = rest.find("<time ") {
        let (before, time) = rest.split_at(start);
        let words = time.find('>').map_or(time.len(), |end| end + 1);
        (before, &time[..words]).hash(&mut print);
        rest = &time[words..];
        rest = rest.find("</time>").map_or("", |end| &rest[end..]);
    }
    rest.hash(&mut print);
    print.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_time_is_not_a_change() {
        let at = |words| format!("<td><time datetime=\"x\">{words}</time></td><td>a</td>");
        assert_eq!(fingerprint(&at("1 s ago")), fingerprint(&at("2 s ago")));
        assert_ne!(
            fingerprint(&at("1 s ago")),
            fingerprint(&at("1 s ago").replace(">a<", ">b<"))
        );
        assert_ne!(fingerprint("plain"), fingerprint("other"));
    }

    #[test]
    fn any_fragment_is_a_valid_server_sent_event() {
        assert_eq!(sendable("<td>a</td>"), "<td>a</td>");
        let _ = Event::default().data(sendable("a\rb\r\nc"));
    }
}
