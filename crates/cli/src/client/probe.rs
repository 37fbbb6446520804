//! A GET of one of the server's addresses for probes, which need no API key.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{HOST, USER_AGENT};
use http_body_util::{BodyExt as _, Full, Limited};
use url::{Position, Url};

use super::{connection, in_full};
use crate::Failure;

/// Most of a response that is read, in bytes: a probe's is a line.
const BYTES_MAX: usize = 16 * 1024;

/// The response of a probe.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The address that was called.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
}

/// Calls `path` below `base`, and waits for the response for at most `timeout`.
///
/// # Errors
/// [`Failure::Unreachable`] without a whole response in time.
pub async fn get(base: &Url, path: &str, timeout: Duration) -> Result<Probed, Failure> {
    let mut url = base.clone();
    let segments = url.path_segments_mut();
    let segments = segments.map_err(|()| Failure::Usage(format!("{base}: expected an http URL")));
    segments?.pop_if_empty().push(path);
    let unreachable = |message: String| Failure::Unreachable {
        url: url.to_string(),
        message,
    };
    match tokio::time::timeout(timeout, exchange(&url)).await {
        Ok(exchanged) => {
            let (status, text) = exchanged?.map_err(unreachable)?;
            Ok(Probed { status, text, url })
        }
        Err(_) => Err(unreachable(format!(
            "no response within {} ms",
            timeout.as_millis()
        ))),
    }
}

/// The status and the body. The outer error is of the settings of TLS.
async fn exchange(url: &Url) -> Result<Result<(u16, String), String>, Failure> {
    let mut connection = match connection::open(url, None).await? {
        Ok(connection) => connection,
        Err(message) => return Ok(Err(message)),
    };
    let request = Request::get(&url[Position::BeforePath..])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, concat!("postrider-cli/", env!("CARGO_PKG_VERSION")))
        .body(Full::<Bytes>::default());
    let request = request.map_err(|error| Failure::Usage(format!("{url}: {error}")))?;
    let response = match connection.send_request(request).await {
        Ok(response) => response,
        Err(error) => return Ok(Err(in_full(&error))),
    };
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), BYTES_MAX).collect().await;
    Ok(match body {
        Ok(body) => Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned())),
        Err(error) => Err(format!("the connection broke during the response: {error}")),
    })
}
