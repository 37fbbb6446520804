//! What the fuzzers of `fuzz/` call: the client's HTTP/1.1, fed with the bytes of a receiver.

use std::convert::Infallible;
use std::net::TcpStream as StdTcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use bytes::Bytes;
use postrider_model::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::http1::Http1;
use crate::response::{Received, Response};
use crate::wire::{Stream, Wire};

/// What the client makes of a receiver that sends these bytes, `piece` at a time, and ends its stream. A
/// response has the parts that [`HttpClient::send`](crate::HttpClient::send) returns.
///
/// The connection is a pair of local sockets, because each run over TCP would use up a port for a minute.
///
/// # Panics
/// If the system has no sockets left.
pub async fn response_to(bytes: &[u8], piece: usize, bytes_kept: usize) -> Response {
    let (ours, theirs) = StdUnixStream::pair().expect("a pair of sockets");
    for socket in [&ours, &theirs] {
        socket.set_nonblocking(true).expect("a socket");
    }
    // Until the end, because a write to a closed socket would end the process.
    let _open = ours.try_clone().expect("a socket");
    let ours = TcpStream::from_std(StdTcpStream::from(OwnedFd::from(ours))).expect("a socket");
    let mut theirs = UnixStream::from_std(theirs).expect("a socket");
    let client = exchange(Stream::Plain(Wire::new(ours)), bytes_kept);
    let receiver = async {
        for piece in bytes.chunks(piece) {
            theirs
                .write_all(piece)
                .await
                .expect("the client's socket is open");
            tokio::task::yield_now().await;
        }
        theirs.shutdown().await.expect("the client's socket is open");
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        response = client => response,
        never = receiver => match never {},
    }
}

/// As the client does it, without a timeout: the receiver ends.
async fn exchange(stream: Stream, bytes_kept: usize) -> Response {
    let mut received = Received::default();
    let mut http1 = Http1::new(stream);
    let failure = match http1.send("POST / HTTP/1.1\r\n\r\n".into(), Bytes::new()).await {
        Ok(head) => {
            received.begin(head, || Timestamp::from_unix_ms(0));
            let mut connection = Connection::Http1(Box::new(http1));
            received.read_body(&mut connection, bytes_kept).await;
            None
        }
        Err(error) => Some(Failure::exchange(&error, false)),
    };
    received.into_response(failure, Duration::ZERO)
}
