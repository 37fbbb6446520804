//! The line of the log that says how a request was answered.
//!
//! It names the route by its template: a path may contain a token, and a query may contain anything. The
//! targets [`REQUEST_LOG`] and [`STRANGER_LOG`] let the process choose the level and bound the number of
//! lines.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, StatusCode};
use postrider_model::account::uid_is_valid;
use postrider_model::{AccountId, Caller, TraceId, Who};

use crate::trace::context_of;

/// The target of the lines of known callers.
pub const REQUEST_LOG: &str = "postrider::request";

/// The target of the lines of strangers, who would otherwise use up the bound of known callers.
pub const STRANGER_LOG: &str = "postrider::request::stranger";

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
            ($level:ident, $target:expr) => {
                tracing::$level!(
                    target: $target,
                    method = self.method,
                    route = self.route,
                    status = self.status.as_u16(),
                    duration_ms = self.took.as_micros() as f64 / 1_000.0,
                    response_bytes = self.response_bytes,
                    request_id = self.request_id.to_str().unwrap_or("-"),
                    trace_id = self.trace.map(|trace| trace.to_string()),
                    caller = kind(self.caller.as_ref()),
                    caller_id = self.caller.as_ref().map(id),
                    account = self.account(),
                    "request"
                )
            };
        }
        let is_urgent = self.status.as_u16() >= 400 || self.took >= SLOW;
        let is_probe = matches!(self.route, "/healthz" | "/readyz" | "/metrics");
        match (is_urgent, is_probe, self.caller.is_some()) {
            (true, _, true) => line!(warn, REQUEST_LOG),
            (true, _, false) => line!(warn, STRANGER_LOG),
            (false, true, true) => line!(debug, REQUEST_LOG),
            (false, true, false) => line!(debug, STRANGER_LOG),
            (false, false, true) => line!(info, REQUEST_LOG),
            (false, false, false) => line!(info, STRANGER_LOG),
        }
    }

    /// The account that the path names: its id, or its uid if the request got as far as finding it. What else
    /// stands there may be an API key that a client put in the wrong place.
    pub fn account(&self) -> Option<&str> {
        let named = account(self.path?.path())?;
        // These come after the account was looked up. Others, such as 429 and 503, may come before.
        let status = self.status.as_u16();
        let was_found =
            self.caller.is_some() && (status < 400 || matches!(status, 409 | 412 | 413 | 415 | 422));
        (was_found || named.parse::<AccountId>().is_ok()).then_some(named)
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
    context_of(headers).map(|context| context.trace)
}

#[cfg(test)]
mod tests {
    use postrider_model::{ApiKeyId, Permissions, Scope};

    use super::*;

    #[test]
    fn a_name_is_logged_only_if_the_request_found_its_account() {
        let caller = Caller {
            who: Who::ApiKey(ApiKeyId::from_bytes([1; 16])),
            scope: Scope::All,
            permissions: Permissions::ALL,
        };
        let id = AccountId::from_bytes([1; 16]).to_string();
        let logged = |named: &str, status, caller: Option<&Caller>| {
            let path: PathAndQuery = format!("/v1/accounts/{named}/events").parse().unwrap();
            let line = RequestLine {
                method: "GET",
                route: "/v1/accounts/{account}/events",
                path: Some(&path),
                status: StatusCode::from_u16(status).unwrap(),
                took: Duration::ZERO,
                response_bytes: None,
                request_id: &HeaderValue::from_static("-"),
                trace: None,
                caller: caller.copied(),
            };
            line.account().map(str::to_owned)
        };
        let key = "prk_live0123456789";
        assert_eq!(
            logged("customer-7", 200, Some(&caller)).as_deref(),
            Some("customer-7")
        );
        assert_eq!(
            logged("customer-7", 422, Some(&caller)).as_deref(),
            Some("customer-7")
        );
        for status in [400, 401, 403, 404, 405, 408, 429, 500, 503] {
            assert_eq!(logged(key, status, Some(&caller)), None, "{status}");
            assert_eq!(logged(&id, status, Some(&caller)), Some(id.clone()), "{status}");
        }
        assert_eq!(logged(key, 503, None), None);
    }

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
