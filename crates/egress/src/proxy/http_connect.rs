//! `CONNECT` over HTTP/1.1.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Credentials, TunnelError};

/// Maximum bytes of the head of the proxy's response.
const HEAD_BYTES_MAX: usize = 16 * 1024;

const END: &[u8] = b"\r\n\r\n";

/// What every response begins with.
const VERSION: &[u8] = b"HTTP/1.";

const NO_HTTP: TunnelError = TunnelError::Unusable("it does not respond with HTTP");

/// Asks for a tunnel.
pub(super) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: SocketAddr,
    credentials: Option<&Credentials>,
) -> Result<(), TunnelError> {
    stream.write_all(request(target, credentials).as_bytes()).await?;
    let head = read_head(stream).await?;
    match status(&head) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(TunnelError::Unusable("it refuses the user name and password")),
        Some(429) => Err(TunnelError::Unusable(
            "it says that there are too many requests (429)",
        )),
        Some(401 | 403 | 405 | 451) => Err(TunnelError::Failed(
            "The egress proxy does not allow connections to this host",
        )),
        Some(504) => Err(TunnelError::Failed(
            "The egress proxy could not connect to the host in time",
        )),
        Some(_) => Err(TunnelError::Failed(
            "The egress proxy could not connect to the host",
        )),
        None => Err(NO_HTTP),
    }
}

fn request(target: SocketAddr, credentials: Option<&Credentials>) -> String {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(Credentials { user, password }) = credentials {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        // Writing to a string cannot fail.
        let _ = write!(request, "Proxy-Authorization: Basic {basic}\r\n");
    }
    request.push_str("\r\n");
    request
}

/// Reads the head of the response and not a byte more, because what follows belongs to the receiver: a server
/// with HTTP/2 may speak first.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, TunnelError> {
    let mut head = Vec::new();
    loop {
        // As many bytes as the head has at least.
        let found = (1..END.len())
            .rev()
            .find(|length| head.ends_with(&END[..*length]));
        let mut next = [0; END.len()];
        let next = &mut next[..END.len() - found.unwrap_or(0)];
        stream.read_exact(next).await?;
        head.extend_from_slice(next);
        if !VERSION.starts_with(&head[..head.len().min(VERSION.len())]) {
            return Err(NO_HTTP);
        }
        if head.ends_with(END) {
            return Ok(head);
        }
        if head.len() > HEAD_BYTES_MAX {
            return Err(NO_HTTP);
        }
    }
}

/// The status in `HTTP/1.1 200 Connection established`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.strip_prefix(VERSION)?;
    let code = line.get(2..5)?;
    let is_delimited = line.get(1) == Some(&b' ') && matches!(line.get(5), Some(b' ' | b'\r'));
    std::str::from_utf8(code)
        .ok()
        .filter(|_| is_delimited)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of the exchange, and what the receiver sent after it.
    async fn exchange(response: &[u8]) -> (Result<(), TunnelError>, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(response).await.unwrap();
        theirs.shutdown().await.unwrap();
        let opened = open(&mut ours, "192.0.2.1:443".parse().unwrap(), None).await;
        let mut rest = Vec::new();
        let _ = ours.read_to_end(&mut rest).await;
        (opened, rest)
    }

    #[tokio::test]
    async fn the_head_is_read_to_its_end_and_not_further() {
        for head in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 Connection established\r\nVia: a\r\nX:\r\r\r\n\r\n",
            "HTTP/1.1 204\r\nA: 1\r\nB: 2\r\n\r\n",
        ] {
            let (opened, rest) = exchange(format!("{head}\r\n\r\nrest").as_bytes()).await;
            assert!(opened.is_ok(), "{head}");
            assert_eq!(rest, b"\r\n\r\nrest", "{head}");
        }
    }

    #[tokio::test]
    async fn other_responses_are_failures() {
        for (response, words) in [
            ("HTTP/1.1 407 Auth\r\n\r\n", "refuses"),
            ("HTTP/1.1 429 Slow down\r\n\r\n", "too many"),
            ("HTTP/1.1 2000 OK\r\n\r\n", "not respond with HTTP"),
            ("SSH-2.0-OpenSSH_9.6\r\n", "not respond with HTTP"),
            // A TLS alert: unexpected message.
            ("\x15\x03\x01\x00\x02\x02\x0a", "not respond with HTTP"),
        ] {
            let (opened, _) = exchange(response.as_bytes()).await;
            assert!(
                matches!(opened, Err(TunnelError::Unusable(it)) if it.contains(words)),
                "{response:?}"
            );
        }
        for (response, words) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow"),
            (
                "HTTP/1.1 502 Bad Gateway\r\n\r\n",
                "could not connect to the host",
            ),
            ("HTTP/1.1 504 Timeout\r\n\r\n", "in time"),
            ("HTTP/1.1 200 OK\r\n", "closed the connection"),
            ("", "closed the connection"),
        ] {
            let (opened, _) = exchange(response.as_bytes()).await;
            assert!(
                matches!(opened, Err(TunnelError::Failed(it)) if it.contains(words)),
                "{response:?}"
            );
        }
        let (opened, _) = exchange(&[b'x'; 32 * 1024]).await;
        assert!(opened.is_err());
    }

    #[test]
    fn the_request_names_the_address_and_the_credentials() {
        let credentials = Credentials {
            user: "user".to_owned(),
            password: "pässword".to_owned(),
        };
        assert_eq!(
            request("[2001:db8::1]:443".parse().unwrap(), Some(&credentials)),
            "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\
             Proxy-Authorization: Basic dXNlcjpww6Rzc3dvcmQ=\r\n\r\n"
        );
    }
}
