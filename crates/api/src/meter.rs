//! Counts and times requests by route.
//!
//! Handles are made once per route and kept, so that counting costs an atomic addition and no look-up by labels.
//! Labels come from the route table and a fixed list of statuses, never from a request: their number is bounded.

use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};
use utoipa::openapi::OpenApi;

const REQUESTS: &str = "postrider_http_requests_total";
const SECONDS: &str = "postrider_http_request_duration_seconds";

/// The methods that routes have.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// The statuses that are counted on their own; the rest is counted as `other`.
const STATUSES: [u16; 16] = [
    200, 201, 202, 204, 400, 401, 404, 405, 408, 409, 413, 415, 422, 500, 503, 0,
];

/// The meters of all routes.
pub(crate) struct Meters {
    /// In no order: comparing lengths, then the few paths of one length, takes less than hashing one.
    routes: Vec<(String, [OnceLock<Meter>; METHODS.len()])>,
    unmatched: Meter,
}

impl Meters {
    /// Meters for the routes of this document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        describe_counter!(REQUESTS, "API requests, by route, method and status");
        describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time to answer an API request");
        Self {
            routes: document
                .paths
                .paths
                .keys()
                .map(|path| (path.clone(), Default::default()))
                .collect(),
            unmatched: Meter::new("unmatched", "any"),
        }
    }

    /// The meter of a route and method; one for all requests that match no route.
    pub(crate) fn get(&self, route: Option<&str>, method: &Method) -> &Meter {
        let found = route.and_then(|route| self.routes.iter().find(|(path, _)| path == route));
        let index = METHODS.iter().position(|known| known == method);
        match (found, index) {
            (Some((route, meters)), Some(index)) => {
                meters[index].get_or_init(|| Meter::new(route, METHODS[index].as_str()))
            }
            _ => &self.unmatched,
        }
    }
}

/// What is measured of one route and method.
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

    /// Counts an answer.
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
