//! What is served at one port: the API with its probes, and the console.

use std::net::IpAddr;

use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use postrider_api::Api;
use postrider_console::Console;

/// The API and the console.
pub struct Site {
    api: Api,
    console: Console,
}

impl Site {
    /// Both.
    pub fn new(api: Api, console: Console) -> Self {
        Self { api, console }
    }

    /// Answers a request that came from `peer`.
    pub async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response {
        if is_of_api(request.uri().path()) {
            self.api.answer(request).await
        } else {
            // Nearly all requests are the API's: what the console's need is not part of their future.
            Box::pin(self.console.answer(request, peer)).await
        }
    }

    /// Ends answers that would not end by themselves: the node stops.
    pub fn stop(&self) {
        self.console.stop();
    }
}

/// Everything under `/v1`, the probes and the metrics; the rest is for people.
fn is_of_api(path: &str) -> bool {
    match path.strip_prefix("/v1") {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => matches!(path, "/healthz" | "/readyz" | "/metrics"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_api;

    #[test]
    fn software_and_people_have_paths_of_their_own() {
        for path in ["/v1", "/v1/", "/v1/accounts", "/healthz", "/readyz", "/metrics"] {
            assert!(is_of_api(path), "{path}");
        }
        for path in ["/", "/v10", "/accounts", "/healthz/", "/sign-in"] {
            assert!(!is_of_api(path), "{path}");
        }
    }
}
