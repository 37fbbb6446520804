//! Routes posted events without the router.
//!
//! Nearly all requests post events. The router boxes the path, the parameters, the body and every layer of
//! each of them, which is 10 % of a request's instructions (docs/decisions/0002-http-server.md). So the two
//! routes of events are recognised here, and their handlers are called without it. This module has no rules
//! of its own: it shares the edge and the handlers with the router, and leaves every other method, path, and
//! path with escapes to it.

use axum::body::HttpBody;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, Request, Uri};

use crate::path::{account_ref, find_account};
use crate::problem::Problem;
use crate::router::ApiState;
use crate::routes::events::create::accept_event;
use crate::routes::events::create_batch::accept_batch;

/// A route that is served without the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirectRoute {
    /// One event.
    Event,
    /// A batch.
    Batch,
}

impl DirectRoute {
    /// The route of this method and path, if it is one of these and its account has no escapes.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Option<Self> {
        if method != Method::POST {
            return None;
        }
        let (account, route) = split(uri.path())?;
        (!account.is_empty() && !account.contains('%')).then_some(route)
    }

    /// The route's path in the router's table and in the metrics.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Event => "/v1/accounts/{account}/events",
            Self::Batch => "/v1/accounts/{account}/events/batch",
        }
    }

    /// Calls the route's handler.
    pub(crate) async fn call<B>(self, state: &ApiState, request: Request<B>) -> Result<Response, Problem>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let account = split(request.uri().path()).map_or("", |(account, _)| account);
        let account = account_ref(account)?;
        let named = ("POST", self.template());
        let account = find_account(state, request.extensions(), named, &account).await?;
        match self {
            Self::Event => accept_event(state, account, request).await,
            // Boxed, so that the larger future of a batch does not enlarge that of every request.
            Self::Batch => Box::pin(accept_batch(state, account, request)).await,
        }
    }
}

/// The account's segment, and the route that the rest of the path names.
fn split(path: &str) -> Option<(&str, DirectRoute)> {
    let (account, rest) = path.strip_prefix("/v1/accounts/")?.split_once('/')?;
    match rest {
        "events" => Some((account, DirectRoute::Event)),
        "events/batch" => Some((account, DirectRoute::Batch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::documented_routes;

    fn route(method: &Method, path: &'static str) -> Option<DirectRoute> {
        DirectRoute::of(method, &Uri::from_static(path))
    }

    #[test]
    fn only_plain_event_posts_bypass_the_router() {
        let event = Some(DirectRoute::Event);
        assert_eq!(route(&Method::POST, "/v1/accounts/acct_1/events"), event);
        assert_eq!(route(&Method::POST, "/v1/accounts/a:b/events?x=1"), event);
        assert_eq!(
            route(&Method::POST, "/v1/accounts/a/events/batch"),
            Some(DirectRoute::Batch)
        );
        assert_eq!(route(&Method::GET, "/v1/accounts/a/events"), None);
        for other in [
            "/v1/accounts//events",
            "/v1/accounts/a/events/",
            "/v1/accounts/a%3Ab/events",
            "/v1/accounts/a/b/events",
            "/v1/accounts/events",
            "/v1/accounts/a/events/evt_1",
            "/v1/accounts/a/automations",
            "/v2/accounts/a/events",
        ] {
            assert_eq!(route(&Method::POST, other), None, "{other}");
        }
    }

    #[test]
    fn the_router_has_these_routes_too() {
        let document = documented_routes().into_openapi();
        for route in [DirectRoute::Event, DirectRoute::Batch] {
            let path = &document.paths.paths[route.template()];
            assert!(path.post.is_some(), "{route:?}");
        }
    }
}
