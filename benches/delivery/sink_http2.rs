//! The sink over HTTP/2: it responds to everything with 200, and records each arrival.

use std::io;
use std::sync::{Arc, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::frames::{Frames, Received, literal};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::receiver::Receiver;
use crate::sink::{Noted, note};

/// How many requests a connection may carry at a time: what nginx and the load balancers of AWS allow.
const STREAMS_MAX: u32 = 128;

/// Indices of the static table (RFC 7541 appendix A): `:status: 200` as a whole, and two names.
const STATUS_200: u8 = 0x80 | 8;
const CONTENT_LENGTH: u8 = 28;
const CONTENT_TYPE: u8 = 31;

/// A sink that runs until it is dropped.
pub struct Http2Sink {
    receiver: Receiver,
    noted: Noted,
    scheme: &'static str,
}

impl Http2Sink {
    /// Starts a sink on a free port: with an identity over TLS, without one for clients that know that it
    /// speaks HTTP/2.
    pub fn start(identity: Option<&Identity>) -> io::Result<Self> {
        let noted = Noted::default();
        let for_thread = Arc::clone(&noted);
        let acceptor = identity.map(|identity| TlsAcceptor::from(identity.server()));
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let receiver = Receiver::start("sink", Receiver::free(), move || {
            move |stream| connection(stream, acceptor.clone(), Arc::clone(&for_thread))
        })?;
        Ok(Self {
            receiver,
            noted,
            scheme,
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.receiver.address())
    }

    /// Records arrivals in this ledger from now on.
    pub fn note(&self, ledger: &Arc<Ledger>) {
        *self.noted.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(ledger));
    }
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, noted: Noted) {
    // An error means that the sender closed the connection.
    let _ = match acceptor {
        None => serve(stream, &noted).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => serve(stream, &noted).await,
            Err(error) => Err(error),
        },
    };
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, noted: &Noted) -> io::Result<()> {
    let mut headers = vec![STATUS_200];
    literal(&mut headers, CONTENT_LENGTH, b"2");
    literal(&mut headers, CONTENT_TYPE, b"text/plain");
    let mut frames = Frames::server(stream, STREAMS_MAX).await?;
    loop {
        while let Some(received) = frames.next() {
            if let Received::Message { stream, body } = received {
                note(noted, &body);
                frames.send(stream, &headers, b"ok");
            }
        }
        frames.turn().await?;
    }
}
