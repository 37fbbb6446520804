//! The line of the log that says how a request was answered.
//!
//! It names the route by its template: a path may contain a token, and a query may contain anything. The
//! target [`REQUEST_LOG`] lets the process choose the level and bound the number of lines.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, StatusCode};
use postrider_model::account::uid_is_valid;
use postrider_model::{AccountId, Caller, Who};

use crate::trace::TraceId;

/// The target of these lines.
pub const REQUEST_LOG: &str = "postrider::request";

/// A request that takes this long is logged as a warning, whatever its status. Clients of webhooks often give
/// up after a few seconds.
pub const SLOW: Duration = Duration::from_secs(1);

/// An answered request.
#[derive(Debug)]
pub struct RequestLine<'a> {
    /// The method, as one of the server's own names.
    pub method: &'static str,
    /// The template of the route, or `unmatched`.
    pub route: &'a str,
    /// The path and query of the request; only the account is taken from it.
    pub path: Option<&'a PathAndQuery>,
    /// The response's status.
    pub status: StatusCode,
    /// How long the response took, up to its head.
    pub took: Duration,
    /// The size of the response's body, if it is known beforehand.
    pub response_bytes: Option<u64>,
    /// The request's id.
    pub request_id: &'a HeaderValue,
    /// The trace that the request belongs to.
    pub trace: Option<TraceId>,
    /// Who asked; `None` without a valid key or session.
    pub caller: Option<Caller>,
}

impl RequestLine<'_> {
    /// Writes the line: a failure or a slow response is a warning, a probe or a scrape is of level debug, and
    /// everything else of level info. It is written once the response begins; its body may still be on its
    /// way.
    pub fn write(&self) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: REQUEST_LOG,
                    method = self.method,
                    route = self.route,
                    status = self.status.as_u16(),
                    duration_ms = self.took.as_micros() as f64 / 1_000.0,
                    response_bytes = self.response_bytes,
                    request_id = self.request_id.to_str().unwrap_or("-"),
                    trace_id = self.trace.map(|trace| trace.to_string()),
                    caller = kind(self.caller.as_ref()),
                    caller_id = self.caller.as_ref().map(id),
                    account = self.path.and_then(|path| account(path.path())),
                    "request"
                )
            };
        }
        if self.status.as_u16() >= 400 || self.took >= SLOW {
            line!(warn);
        } else if matches!(self.route, "/healthz" | "/readyz" | "/metrics") {
            line!(debug);
        } else {
            line!(info);
        }
    }
}

/// What kind of caller it is, in the words of the audit trail.
fn kind(caller: Option<&Caller>) -> &'static str {
    match caller.map(|caller| caller.who) {
        None => "unknown",
        Some(Who::ApiKey(_)) => "api_key",
        Some(Who::Session { .. }) => "session",
    }
}

fn id(caller: &Caller) -> String {
    match caller.who {
        Who::ApiKey(key) => key.to_string(),
        Who::Session { id, .. } => id.to_string(),
    }
}

/// The account that a path of the API or the console names, as it names it: by id or uid. `None` if what is
/// there can be neither.
fn account(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1").unwrap_or(path);
    let named = rest.strip_prefix("/accounts/")?.split('/').next()?;
    (named.parse::<AccountId>().is_ok() || uid_is_valid(named)).then_some(named)
}

/// The trace of a request with these headers.
pub fn trace_of(headers: &HeaderMap) -> Option<TraceId> {
    headers.get("traceparent").and_then(TraceId::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_name_an_account_is_taken_from_a_path() {
        for (path, expected) in [
            ("/v1/accounts/customer-7/events", Some("customer-7")),
            ("/accounts/customer-7", Some("customer-7")),
            ("/v1/accounts/%0Aforged/events", None),
            ("/v1/accounts", None),
            ("/v1/accounts/", None),
            ("/sign-in/secret", None),
            ("/v1/event-types/a", None),
        ] {
            assert_eq!(account(path), expected, "{path}");
        }
    }
}
