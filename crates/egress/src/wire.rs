//! The byte stream under a connection: TCP, or TLS over it, with three special behaviours.
//!
//! **It checks the socket before a connection is reused.** A receiver may close a kept-alive connection at
//! any time. Its FIN reaches our kernel before the runtime's event loop knows of it, and a request written in
//! between would be lost without a response. Before a request is written to a connection that has carried
//! one, [`Stream::is_quiet`] therefore reads; if the event loop knows of nothing, and the connection was idle
//! for a while, the read asks the socket itself (`recv` with `MSG_PEEK`). To ask before each request took 3 %
//! of an event's CPU time. If it finds the end of the stream or unsolicited bytes, the
//! client sends the request over another connection. Session tickets, which TLS 1.3 may send at any time, do
//! not count as unsolicited, because the TLS session consumes them. We measured the alternative of asking at
//! every read: four times per request, a tenth of the client's whole cost.
//!
//! **It closes a TLS session when it drops it**: it sends a `close_notify`, as far as the socket accepts it
//! at once. Some servers log a connection that ends without one as an error, and forget the session that we
//! would resume.
//!
//! **It accepts the end of a TLS stream without `close_notify`.** Many servers omit it too. The response's
//! length or chunks reveal a truncated response. Only a response that has neither could be truncated
//! unnoticed, and that harms only its record.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A TCP stream that asks its socket when probed.
pub(crate) struct Wire {
    tcp: TcpStream,
    /// Whether the next read asks the socket itself.
    probes: bool,
}

impl Wire {
    pub(crate) const fn new(tcp: TcpStream) -> Self {
        Self { tcp, probes: false }
    }

    /// Reads from the socket directly, past the event loop. The waker is already registered, because the
    /// stream's `poll_read` returned `Pending`.
    fn read_now(&mut self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 || !std::mem::take(&mut self.probes) {
            return Poll::Pending;
        }
        let socket = SockRef::from(&self.tcp);
        let mut one = [MaybeUninit::uninit()];
        let read = match socket.peek(&mut one) {
            Ok(0) => Ok(0),
            Ok(_) => (&*socket).read(buffer.initialize_unfilled()),
            Err(error) => Err(error),
        };
        match read {
            Ok(bytes) => {
                buffer.advance(bytes);
                Poll::Ready(Ok(()))
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.tcp).poll_read(cx, buffer) {
            Poll::Pending => self.read_now(buffer),
            read => read,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// The stream that carries HTTP.
pub(crate) enum Stream {
    /// `http`.
    Plain(Wire),
    /// `https`.
    Tls(Box<Session>),
}

impl Stream {
    /// Whether the receiver has neither closed the connection nor sent anything since its last response. If
    /// it has, the connection is unusable. `is_probed` says whether to ask the socket itself.
    pub(crate) fn is_quiet(&mut self, is_probed: bool) -> bool {
        match self {
            Self::Plain(wire) => wire.probes = is_probed,
            Self::Tls(tls) => tls.0.get_mut().0.probes = is_probed,
        }
        let mut byte = [0];
        let mut quiet = Context::from_waker(Waker::noop());
        Pin::new(self)
            .poll_read(&mut quiet, &mut ReadBuf::new(&mut byte))
            .is_pending()
    }
}

#[cfg(test)]
impl Stream {
    /// A stream without TLS, and its peer.
    pub(crate) async fn pair() -> (Self, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Self::Plain(Wire::new(tcp)), listener.accept().await.unwrap().0)
    }
}

/// A TLS session that sends `close_notify` when dropped.
pub(crate) struct Session(pub(crate) TlsStream<Wire>);

impl Drop for Session {
    fn drop(&mut self) {
        // A second panic, on the state that the first left behind, would abort the whole process.
        if !std::thread::panicking() {
            let mut quiet = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut self.0).poll_shutdown(&mut quiet);
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_read(cx, buffer),
            Self::Tls(tls) => match Pin::new(&mut tls.0).poll_read(cx, buffer) {
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Poll::Ready(Ok(()))
                }
                read => read,
            },
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(&mut tls.0).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(&mut tls.0).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(wire) => wire.is_write_vectored(),
            Self::Tls(tls) => tls.0.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut tls.0).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut tls.0).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_probing_read_finds_a_closed_connection_before_the_event_loop_does() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let peer = listener.accept().unwrap();
        let mut stream = Stream::Plain(Wire::new(tcp));
        assert!(stream.is_quiet(true));
        // No `await` from here on, so the event loop cannot run.
        drop(peer);
        let mut byte = [0];
        let mut quiet = Context::from_waker(Waker::noop());
        let read = Pin::new(&mut stream).poll_read(&mut quiet, &mut ReadBuf::new(&mut byte));
        assert!(read.is_pending());
        assert!(stream.is_quiet(false));
        assert!(!stream.is_quiet(true));
    }
}
