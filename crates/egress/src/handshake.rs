//! Starts HTTP on a new connection and sets the limits for reading every response.

use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::connect::Connected;
use crate::connection::{Connection, Http1};

/// Maximum bytes of a response's status line and headers: ten times what the largest honest ones take. HTTP/1
/// also reads at most a hundred headers (hyper's own limit).
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// How many bytes of one HTTP/2 response the receiver may send before we ask for more. Responses to webhooks
/// are short, and one that we stop reading must not fill memory.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// When an HTTP/2 connection with open requests has been silent for this long, the client pings it, and drops
/// it if no reply arrives within `PING_TIMEOUT`. Otherwise a receiver that has vanished would cost every
/// request that is put on its connection.
const PING_AFTER: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts HTTP/2 if it was negotiated, otherwise HTTP/1.1. Only HTTP/2 needs a task of its own.
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
        // The buffer may exceed its limit before hyper notices; the head may not.
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
