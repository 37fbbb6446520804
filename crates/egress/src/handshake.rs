//! HTTP on a new connection, and the limits that every response is read under.

use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::connect::Connected;
use crate::connection::{Connection, Http1};

/// Most bytes of a response's status line and headers. Ten times what the largest honest ones take. HTTP/1
/// reads no more than a hundred of them (hyper's own limit).
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// What the receiver may send of one HTTP/2 response before it is asked to go on. Answers to webhooks are
/// short, and one that is not read any further must not fill the memory.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// When an HTTP/2 connection with requests on it has been silent, it is asked for a sign of life, and given
/// up without one. Otherwise one receiver that has gone would take every request with it that is put on the
/// same connection.
const PING_AFTER: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts HTTP/1.1, or HTTP/2 where that was agreed; only the latter needs a task of its own.
pub(crate) async fn handshake(connected: Connected) -> hyper::Result<Connection> {
    let io = TokioIo::new(connected.stream);
    if connected.http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_BYTES_MAX as u32)
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(io)
            .await?;
        tokio::spawn(connection);
        Ok(Connection::Http2(sender))
    } else {
        // The buffer may grow past its bound before that is noticed; the head may not.
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEADER_BYTES_MAX)
            .max_header_size(HEADER_BYTES_MAX)
            .handshake(io)
            .await?;
        Ok(Connection::Http1(Box::new(Http1::new(
            sender,
            connection,
            connected.probe,
        ))))
    }
}
