//! Static pages under the console's Content-Security-Policy, with and without faults.

use postrider_tests::{Receiver, Reply};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'";

/// Each page's path, media type and content.
const PAGES: [(&str, &str, &str); 8] = [
    ("/clean", "text/html", include_str!("pages/clean.html")),
    ("/style.css", "text/css", include_str!("pages/style.css")),
    ("/script.js", "text/javascript", include_str!("pages/script.js")),
    ("/faulty", "text/html", include_str!("pages/faulty.html")),
    ("/faulty.css", "text/css", include_str!("pages/faulty.css")),
    ("/violating", "text/html", include_str!("pages/violating.html")),
    ("/throwing", "text/html", include_str!("pages/throwing.html")),
    (
        "/throwing.js",
        "text/javascript",
        include_str!("pages/throwing.js"),
    ),
];

/// A server of the pages. `/saved` records a form, sets a cookie, and redirects to `/clean`; `/refused`
/// responds with 422.
pub async fn serve() -> Receiver {
    let server = Receiver::start().await;
    for (path, kind, text) in PAGES {
        let page = Reply::status(200)
            .with_header("content-type", kind)
            .with_header("content-security-policy", POLICY)
            .with_body(text);
        server.respond(path, [page]);
    }
    let back = Reply::status(303)
        .with_header("location", "/clean")
        .with_header("set-cookie", "kept=yes; HttpOnly; SameSite=Strict");
    server.respond("/saved", [back]);
    let refused = Reply::status(422)
        .with_header("content-type", "text/html")
        .with_body("<!doctype html><title>Refused</title><h1>Refused</h1>");
    server.respond("/refused", [refused]);
    server
}
