//! Serves a snippet that `build.rs` has rendered: the first argument is `hmac` or `standard-webhooks`.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

mod hmac_snippet {
    include!(concat!(env!("OUT_DIR"), "/hmac.rs"));
}

mod standard_webhooks_snippet {
    include!(concat!(env!("OUT_DIR"), "/standard-webhooks.rs"));
}

type Verify = fn(&HeaderMap, &[u8]) -> bool;

#[tokio::main]
async fn main() {
    let verify: Verify = match std::env::args().nth(1).as_deref() {
        Some("hmac") => hmac_snippet::verify,
        Some("standard-webhooks") => standard_webhooks_snippet::verify,
        other => panic!("no snippet {other:?}"),
    };
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a free port");
    let port = listener
        .local_addr()
        .expect("a bound socket has an address")
        .port();
    println!("{{\"listening\":{port}}}");
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let service = service_fn(move |request| receive(request, verify));
            // Ignore errors: a client that disconnects gets no response.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn receive(request: Request<Incoming>, verify: Verify) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let status = match body.collect().await.map(Collected::to_bytes) {
        Ok(body) if verify(&head.headers, &body) => StatusCode::NO_CONTENT,
        _ => StatusCode::UNAUTHORIZED,
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}
