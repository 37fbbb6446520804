//! The edge's table of routes: what each route requires of its caller, and its meters.
//!
//! Handles of metrics are created once per route and kept, so that counting costs an atomic addition and no
//! look-up by labels. Labels come from the route table and a fixed list of statuses, never from a request, so
//! their number is bounded.

use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};
use postrider_model::Permission;
use postrider_web::caller::Requirement;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

/// The extension of an operation that names the permission it requires.
pub(crate) const PERMISSION: &str = "x-permission";

/// The extension of an operation that says which callers it serves: `"caller"` serves those of one account
/// too, because it limits what it shows to their scope; `"installation"` serves only callers of all accounts.
/// Without it, operations in an account are of the first kind, and all others of the second.
pub(crate) const SCOPE: &str = "x-scope";

/// The parameter of paths in an account. Their handlers find the account in the caller's scope.
const IN_ACCOUNT: &str = "{account}";

const REQUESTS: &str = "postrider_http_requests_total";
const SECONDS: &str = "postrider_http_request_duration_seconds";

/// The methods that routes have.
pub(crate) const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// The statuses that are counted on their own; the rest is counted as `other`.
const STATUSES: [u16; 18] = [
    200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503, 0,
];

/// All routes.
pub(crate) struct RouteTable {
    /// Unsorted: comparing lengths, and then the few paths of one length, costs less than hashing a path.
    routes: Vec<Route>,
    unmatched: Meter,
}

struct Route {
    path: String,
    requirements: [Option<Requirement>; METHODS.len()],
    meters: [OnceLock<Meter>; METHODS.len()],
}

/// A route and method in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    route: usize,
    method: usize,
}

impl RouteTable {
    /// The routes of this document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        describe_counter!(REQUESTS, "API requests, by route, method and status");
        describe_histogram!(
            SECONDS,
            metrics::Unit::Seconds,
            "Time to respond to an API request"
        );
        let routes = document.paths.paths.iter().map(|(path, item)| Route {
            path: path.clone(),
            requirements: operations(item)
                .map(|operation| operation.map(|operation| requirement_or_strictest(path, operation))),
            meters: Default::default(),
        });
        Self {
            routes: routes.collect(),
            unmatched: Meter::new("unmatched", "any"),
        }
    }

    /// The entry of a route and method; `None` if no route matches.
    pub(crate) fn find(&self, path: Option<&str>, method: &Method) -> Option<Found> {
        let path = path?;
        Some(Found {
            route: self.routes.iter().position(|route| route.path == path)?,
            method: METHODS.iter().position(|known| known == as_served(method))?,
        })
    }

    /// The requirement of the route; `None` if the path does not have the method.
    pub(crate) fn requirement(&self, found: Found) -> Option<Requirement> {
        self.routes[found.route].requirements[found.method]
    }

    /// The route's path, as in the document.
    pub(crate) fn path(&self, found: Option<Found>) -> &str {
        found.map_or("unmatched", |found| &self.routes[found.route].path)
    }

    /// The meter of a route and method; one for all requests that match no route.
    pub(crate) fn meter(&self, found: Option<Found>) -> &Meter {
        let Some(Found { route, method }) = found else {
            return &self.unmatched;
        };
        let Route { path, meters, .. } = &self.routes[route];
        meters[method].get_or_init(|| Meter::new(path, METHODS[method].as_str()))
    }
}

/// The router serves HEAD with the handler of GET.
fn as_served(method: &Method) -> &Method {
    if method == Method::HEAD {
        &METHODS[0]
    } else {
        method
    }
}

/// The operations of a path, in the order of [`METHODS`].
pub(crate) fn operations(item: &PathItem) -> [Option<&Operation>; METHODS.len()] {
    [&item.get, &item.post, &item.put, &item.patch, &item.delete].map(Option::as_ref)
}

/// The declared requirement of an operation: `security(())`, or a permission. `None` if it declares neither
/// or both.
pub(crate) fn requirement(path: &str, operation: &Operation) -> Option<Requirement> {
    let is_public = operation.security.is_some();
    let extension = |name| {
        operation
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get(name))
    };
    match (is_public, extension(PERMISSION)) {
        (true, None) => Some(Requirement::Public),
        (false, Some(name)) => {
            let permission = name.as_str().and_then(Permission::from_name)?;
            let is_in_scope = match extension(SCOPE).and_then(serde_json::Value::as_str) {
                Some(scope) => scope == "caller",
                None => path.contains(IN_ACCOUNT),
            };
            Some(if is_in_scope {
                Requirement::Permission(permission)
            } else {
                Requirement::Installation(permission)
            })
        }
        _ => None,
    }
}

/// Operations that declare nothing are open only to administrators. A test finds them.
fn requirement_or_strictest(path: &str, operation: &Operation) -> Requirement {
    requirement(path, operation).unwrap_or(Requirement::Installation(Permission::Admin))
}

/// The metrics of one route and method.
pub(crate) struct Meter {
    route: String,
    method: &'static str,
    by_status: [OnceLock<Counter>; STATUSES.len()],
    seconds: Histogram,
}

impl Meter {
    fn new(route: &str, method: &str) -> Self {
        let method = METHODS
            .iter()
            .map(Method::as_str)
            .find(|known| *known == method)
            .unwrap_or("any");
        Self {
            seconds: histogram!(SECONDS, "route" => route.to_owned(), "method" => method),
            route: route.to_owned(),
            method,
            by_status: Default::default(),
        }
    }

    /// Counts a response.
    pub(crate) fn record(&self, status: StatusCode, took: Duration) {
        let other = STATUSES.len() - 1;
        let index = STATUSES
            .iter()
            .position(|known| *known == status.as_u16())
            .unwrap_or(other);
        self.by_status[index]
            .get_or_init(|| self.counter(index))
            .increment(1);
        self.seconds.record(took);
    }

    fn counter(&self, index: usize) -> Counter {
        let status = match STATUSES[index] {
            0 => "other".to_owned(),
            status => status.to_string(),
        };
        counter!(REQUESTS, "route" => self.route.clone(), "method" => self.method, "status" => status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::documented_routes;

    #[test]
    fn every_operation_declares_what_it_requires() {
        let document = documented_routes().into_openapi();
        for (path, item) in &document.paths.paths {
            for operation in operations(item).into_iter().flatten() {
                let declared = requirement(path, operation);
                assert!(declared.is_some(), "{path}: {:?}", operation.operation_id);
                let is_public = declared == Some(Requirement::Public);
                assert_eq!(is_public, !path.starts_with("/v1/"), "{path}");
            }
        }
    }

    #[test]
    fn a_head_requires_what_the_get_requires() {
        let table = RouteTable::of(&documented_routes().into_openapi());
        let requirement = |path, method| {
            let found = table.find(Some(path), method).unwrap();
            table.requirement(found)
        };
        let admin = Some(Requirement::Installation(Permission::Admin));
        assert_eq!(requirement("/v1/api-keys", &Method::HEAD), admin);
        let of_all = Some(Requirement::Installation(Permission::Read));
        assert_eq!(requirement("/v1/accounts/{account}", &Method::GET), of_all);
        let in_scope = Some(Requirement::Permission(Permission::Read));
        assert_eq!(
            requirement("/v1/accounts/{account}/events", &Method::GET),
            in_scope
        );
        assert_eq!(requirement("/v1/event-types", &Method::GET), in_scope);
        assert_eq!(requirement("/healthz", &Method::GET), Some(Requirement::Public));
        assert_eq!(requirement("/v1/accounts", &Method::PUT), None);
        assert!(table.find(None, &Method::GET).is_none());
    }
}
