//! The stream of requests, from `hello` to `end`.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use postrider_engine::listen::{Handed, Heard, Listener};
use postrider_model::{AccountId, AutomationId, Permission};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::open::{EndView, HeaderView, HelloView, RequestView};
use super::{abandoned, label};
use crate::auth;
use crate::router::ApiState;

/// Longest silence of a stream. Then it sends a comment, because only a write shows that the client has left.
const SIGN_EVERY: Duration = Duration::from_secs(15);

/// How long one stream lasts. The client then opens another, perhaps at another node.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// nginx buffers responses unless this header says otherwise.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// What a stream depends on while it lasts.
pub(super) struct Following {
    pub account: AccountId,
    pub automation: AutomationId,
    /// The headers of the request, with the API key.
    pub headers: HeaderMap,
}

struct Streaming {
    state: ApiState,
    /// `None` at the end.
    listener: Option<Listener>,
    following: Following,
    next_sign: Instant,
    ends: Instant,
    hello: Option<Event>,
}

/// The response.
pub(super) fn response(
    state: ApiState,
    listener: Listener,
    following: Following,
    hello: &HelloView,
) -> Response {
    let now = Instant::now();
    let streaming = Streaming {
        state,
        listener: Some(listener),
        following,
        next_sign: now + SIGN_EVERY,
        ends: now + LIFETIME,
        hello: Some(event("hello", hello)),
    };
    let events = stream::unfold(streaming, |mut streaming| async move {
        let event = streaming.next().await?;
        Some((Ok::<_, Infallible>(event), streaming))
    });
    ([NO_BUFFERING], Sse::new(events)).into_response()
}

impl Streaming {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.hello.is_some() {
            // Objects if another node is about to delete the automation. What else has changed since, the
            // next look finds.
            let _ = self.still_holds().await;
            return self.hello.take();
        }
        let listener = self.listener.as_mut()?;
        let heard = tokio::select! {
            biased;
            () = sleep_until(self.ends) => None,
            heard = listener.next() => Some(heard),
            () = sleep_until(self.next_sign) => {
                self.next_sign = Instant::now() + SIGN_EVERY;
                return Some(match self.still_holds().await {
                    Ok(()) => Event::default().comment("still here"),
                    Err(reason) => self.end(reason),
                });
            }
        };
        self.next_sign = Instant::now() + SIGN_EVERY;
        Some(match heard {
            None | Some(Heard::Stopping) => self.end("reconnect"),
            Some(Heard::Superseded) => self.end("superseded"),
            Some(Heard::Request(handed)) => match self.still_holds().await {
                Ok(()) => request(&handed),
                Err(reason) => self.end(reason),
            },
        })
    }

    fn end(&mut self, reason: &'static str) -> Event {
        self.leave();
        event("end", &EndView { reason })
    }

    /// Whether the API key may still listen, and there is still something to listen to; otherwise the reason
    /// for the end.
    async fn still_holds(&self) -> Result<(), &'static str> {
        let Following {
            account,
            automation,
            headers,
            ..
        } = &self.following;
        let may = auth::caller(&self.state.access, headers).is_some_and(|caller| {
            let has = |permission| caller.permissions.contains(permission);
            has(Permission::Manage) && has(Permission::Read) && caller.scope.includes(*account)
        });
        if !may {
            return Err("unauthorized");
        }
        // A store that is away for a moment says nothing about the automation.
        let Ok(found) = self.state.configuration.automation(*account, *automation).await else {
            return Ok(());
        };
        let own = self.listener.as_ref().map(Listener::label);
        match found.filter(|found| label(found).as_deref() == own) {
            Some(found) => {
                abandoned::object(&self.state, *account, &found).await;
                Ok(())
            }
            None => Err("automation_gone"),
        }
    }

    /// Stops listening. Deletes the automation if a client asked for that and none comes back.
    fn leave(&mut self) {
        let Some(listener) = self.listener.take() else {
            return;
        };
        let (account, automation) = (self.following.account, self.following.automation);
        let state = self.state.clone();
        listener.leave(move |absence| abandoned::delete(state, account, automation, absence));
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.leave();
    }
}

fn request(handed: &Handed) -> Event {
    let request = &handed.request;
    let headers = request.headers.iter();
    let view = RequestView {
        id: handed.id.to_string(),
        target: target(&request.url),
        headers: headers.map(|(name, value)| HeaderView { name, value }).collect(),
        body_base64: STANDARD.encode(&request.body),
        timeout_ms: u64::try_from(request.timeout.as_millis()).unwrap_or(u64::MAX),
    };
    event("request", &view)
}

/// The path and query of a URL.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = rest.find(['/', '?', '#']).map_or("", |start| &rest[start..]);
    target.split('#').next().unwrap_or_default()
}

fn event(name: &'static str, data: &impl Serialize) -> Event {
    let json = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_what_follows_the_host() {
        for (url, expected) in [
            ("https://a.listen.invalid/hooks?x=1#y", "/hooks?x=1"),
            ("https://a.listen.invalid:8443/", "/"),
            ("https://a.listen.invalid?x=/", "?x=/"),
            ("https://a.listen.invalid", ""),
        ] {
            assert_eq!(target(url), expected, "{url}");
        }
    }
}
