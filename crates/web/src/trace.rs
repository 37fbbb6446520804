//! The trace that a request belongs to.

use std::time::Duration;

use http::{Extensions, HeaderMap};
use postrider_model::{AccountId, SpanId, TraceContext};

use crate::request_line::RequestLine;

/// Decides which requests are traced, and records their spans. A process that exports no traces has none.
pub trait RequestTracer: Send + Sync {
    /// A known caller's request begins, with this context in its headers.
    fn begin(&self, incoming: Option<TraceContext>) -> RequestTrace;

    /// The response of a request begins that is recorded ([`RequestTrace::is_recorded`]). `began` is by the
    /// monotonic clock. `account` is the one that the request found, if its handler says so
    /// ([`tell_account`]).
    fn end(
        &self,
        trace: RequestTrace,
        began: Duration,
        account: Option<AccountId>,
        request: &RequestLine<'_>,
    );
}

/// Has the span of a recorded request name its account by the id, even if the path has the account's uid.
pub fn tell_account(context: Option<TraceContext>, account: AccountId, extensions: &mut Extensions) {
    if context.is_some_and(|context| context.sampled) {
        extensions.insert(account);
    }
}

/// The place of a request in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestTrace {
    /// What happens because of the request belongs here. Its span is that of the request if that is recorded,
    /// otherwise the span of the caller.
    pub context: Option<TraceContext>,
    /// The span of the caller.
    pub parent: Option<SpanId>,
    /// Whether the request has a span of its own.
    pub is_recorded: bool,
}

impl RequestTrace {
    /// A request without a span of its own.
    pub const fn unrecorded(incoming: Option<TraceContext>) -> Self {
        Self {
            context: incoming,
            parent: None,
            is_recorded: false,
        }
    }
}

/// The context in the headers of a request. `None` if there is no `traceparent`, more than one, or one that
/// breaks the specification.
pub fn context_of(headers: &HeaderMap) -> Option<TraceContext> {
    let mut named = headers.get_all("traceparent").iter();
    let context = TraceContext::parse(named.next()?.as_bytes());
    context.filter(|_| named.next().is_none())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn two_contexts_in_one_request_are_none() {
        let header = HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let name = HeaderName::from_static("traceparent");
        let mut headers = HeaderMap::from_iter([(name.clone(), header.clone())]);
        assert!(context_of(&headers).is_some_and(|context| context.sampled));
        headers.append(name, header);
        assert_eq!(context_of(&headers), None);
        assert_eq!(context_of(&HeaderMap::new()), None);
    }
}
