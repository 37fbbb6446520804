//! SOCKS version 5: RFC 1928, and RFC 1929 for a user name and password.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Credentials, TunnelError};

const VERSION: u8 = 5;
const PASSWORD_VERSION: u8 = 1;

/// Methods of authentication.
const NONE: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

const CONNECT: u8 = 1;

/// Types of address.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

const NO_SOCKS: TunnelError = TunnelError::Unusable("it does not respond with SOCKS 5");

const REFUSED: TunnelError = TunnelError::Unusable("it refuses the user name and password");

/// Asks for a tunnel.
pub(super) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: SocketAddr,
    credentials: Option<&Credentials>,
) -> Result<(), TunnelError> {
    greet(stream, credentials).await?;
    stream.write_all(&request(target)).await?;
    let [version, reply, _, address] = read(stream).await?;
    if version != VERSION {
        return Err(NO_SOCKS);
    }
    if reply != 0 {
        return Err(TunnelError::Failed(sentence(reply)));
    }
    // The address from which the proxy connects, and its port.
    match address {
        IPV4 => drop(read::<6>(stream).await?),
        IPV6 => drop(read::<18>(stream).await?),
        NAME => {
            let [length] = read(stream).await?;
            let mut name = vec![0; usize::from(length) + 2];
            stream.read_exact(&mut name).await?;
        }
        _ => return Err(NO_SOCKS),
    }
    Ok(())
}

async fn greet(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    credentials: Option<&Credentials>,
) -> Result<(), TunnelError> {
    let method = if credentials.is_some() { PASSWORD } else { NONE };
    stream.write_all(&[VERSION, 1, method]).await?;
    match read(stream).await? {
        [VERSION, NONE_ACCEPTABLE] => return Err(REFUSED),
        [VERSION, chosen] if chosen == method => {}
        _ => return Err(NO_SOCKS),
    }
    let Some(Credentials { user, password }) = credentials else {
        return Ok(());
    };
    let mut login = vec![PASSWORD_VERSION];
    for text in [user, password] {
        // The URL was refused if one is longer.
        login.push(u8::try_from(text.len()).map_err(|_| REFUSED)?);
        login.extend_from_slice(text.as_bytes());
    }
    stream.write_all(&login).await?;
    match read(stream).await? {
        [_, 0] => Ok(()),
        [_, _] => Err(REFUSED),
    }
}

fn request(target: SocketAddr) -> Vec<u8> {
    let mut request = vec![VERSION, CONNECT, 0];
    match target.ip() {
        IpAddr::V4(address) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
    }
    request.extend_from_slice(&target.port().to_be_bytes());
    request
}

/// What a reply other than success means (RFC 1928 section 6).
const fn sentence(reply: u8) -> &'static str {
    match reply {
        2 => "The egress proxy does not allow connections to this host",
        3 | 4 => "The egress proxy has no route to the host's address",
        5 => "The egress proxy reports that the connection was refused",
        6 => "The egress proxy could not connect to the host in time",
        _ => "The egress proxy could not connect to the host",
    }
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], TunnelError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of the exchange, what was sent, and what the receiver sent after it.
    async fn exchange(
        responses: &[u8],
        credentials: Option<&Credentials>,
    ) -> (Result<(), TunnelError>, Vec<u8>, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(responses).await.unwrap();
        let opened = open(&mut ours, "192.0.2.1:443".parse().unwrap(), credentials).await;
        theirs.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = ours.read_to_end(&mut rest).await;
        drop(ours);
        let mut sent = Vec::new();
        let _ = theirs.read_to_end(&mut sent).await;
        (opened, sent, rest)
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_by_address_and_nothing_after_it_is_read() {
        let granted = b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00rest";
        let (opened, sent, rest) = exchange(granted, None).await;
        assert!(opened.is_ok());
        assert_eq!(sent, b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb");
        assert_eq!(rest, b"rest");
        for bound in [&b"\x03\x02abxx"[..], b"\x04xxxxxxxxxxxxxxxxxx"] {
            let response = [b"\x05\x00\x05\x00\x00", bound, b"rest"].concat();
            let (opened, _, rest) = exchange(&response, None).await;
            assert!(opened.is_ok());
            assert_eq!(rest, b"rest");
        }
        let request = request("[2001:db8::1]:80".parse().unwrap());
        assert_eq!(
            (request.len(), request[3], &request[20..]),
            (22, IPV6, &[0, 80][..])
        );
    }

    #[tokio::test]
    async fn the_user_name_and_password_are_sent_if_there_are_any() {
        let credentials = Credentials {
            user: "user".to_owned(),
            password: "pw".to_owned(),
        };
        let granted = b"\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        let (opened, sent, _) = exchange(granted, Some(&credentials)).await;
        assert!(opened.is_ok());
        assert!(sent.starts_with(b"\x05\x01\x02\x01\x04user\x02pw\x05"));
        for refused in [&b"\x05\xff"[..], b"\x05\x02\x01\x01"] {
            let (opened, _, _) = exchange(refused, Some(&credentials)).await;
            assert!(
                matches!(opened, Err(TunnelError::Unusable(it)) if it.contains("refuses")),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn other_replies_are_failures() {
        for (response, words) in [
            (&b"\x05\x00\x05\x02\x00\x01"[..], "does not allow"),
            (b"\x05\x00\x05\x04\x00\x01", "no route"),
            (b"\x05\x00\x05\x05\x00\x01", "refused"),
            (b"\x05\x00\x05\x01\x00\x01", "could not connect"),
        ] {
            let (opened, _, _) = exchange(response, None).await;
            assert!(
                matches!(opened, Err(TunnelError::Failed(it)) if it.contains(words)),
                "{response:?}"
            );
        }
        for response in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x04\x5a"] {
            let (opened, _, _) = exchange(response, None).await;
            assert!(
                matches!(opened, Err(TunnelError::Unusable(it)) if it.contains("SOCKS 5")),
                "{response:?}"
            );
        }
    }
}
