//! What the layer of the routes finds out about a request, for the line of the log, which is written outside
//! of it.

use std::sync::OnceLock;

use axum::extract::MatchedPath;
use postrider_model::Caller;

/// Filled while the request is handled; part of its extensions.
#[derive(Debug, Default)]
pub struct Seen {
    route: OnceLock<MatchedPath>,
    caller: OnceLock<Caller>,
}

impl Seen {
    /// The request matches this route.
    pub fn route(&self, path: &MatchedPath) {
        // Set once: a request has one route.
        let _ = self.route.set(path.clone());
    }

    /// The request has a valid session.
    pub fn caller(&self, caller: Caller) {
        let _ = self.caller.set(caller);
    }

    /// The template of the route; `unmatched` if no route matches.
    pub fn template(&self) -> &str {
        self.route.get().map_or("unmatched", MatchedPath::as_str)
    }

    /// Who asked, if the request has a valid session and its route requires one.
    pub fn who(&self) -> Option<Caller> {
        self.caller.get().copied()
    }
}
