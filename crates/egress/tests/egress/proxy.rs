//! Requests through a proxy, which is a real one: it connects to the target and copies bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Response as HttpResponse, Version};
use parking_lot::Mutex;
use postrider_egress::{ClientSettings, HttpClient, NotSent, Origin, Proxy};
use postrider_model::Outcome;
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::support::{Receiver, Scripted, client_with, request, request_within};
use super::tls::Authority;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// What clients asked a proxy for: the lines of a `CONNECT`, or the target of a SOCKS request.
type Asked = Arc<Mutex<Vec<String>>>;

/// An HTTP proxy that responds with the next of `statuses`, and opens tunnels with 200 when there are none
/// left.
async fn http_proxy(statuses: &[u16]) -> (Receiver, Asked) {
    let asked = Asked::default();
    let statuses = Arc::new(Mutex::new(statuses.iter().rev().copied().collect::<Vec<_>>()));
    let log = Arc::clone(&asked);
    let proxy = Receiver::start(move |mut peer| {
        let (log, statuses) = (Arc::clone(&log), Arc::clone(&statuses));
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(peer.stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            log.lock().push(head.clone());
            let status = statuses.lock().pop();
            if let Some(status) = status {
                peer.write(format!("HTTP/1.1 {status} Status\r\n\r\n").as_bytes())
                    .await;
                return;
            }
            let target: SocketAddr = head.split(' ').nth(1).unwrap().parse().unwrap();
            let mut upstream = TcpStream::connect(target).await.unwrap();
            peer.write(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
            let _ = copy_bidirectional(&mut peer.stream, &mut upstream).await;
        }
    })
    .await;
    (proxy, asked)
}

/// A SOCKS 5 proxy that replies with `reply`, and wants no credentials.
async fn socks_proxy(reply: u8) -> (Receiver, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let proxy = Receiver::start(move |mut peer| {
        let log = Arc::clone(&log);
        async move {
            let mut greeting = [0; 3];
            peer.stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(greeting, [5, 1, 0]);
            peer.write(&[5, 0]).await;
            let mut asked = [0; 10];
            peer.stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked[..4], [5, 1, 0, 1], "an IPv4 address, never a name");
            let address: [u8; 4] = asked[4..8].try_into().unwrap();
            let port = u16::from_be_bytes([asked[8], asked[9]]);
            let target = SocketAddr::from((address, port));
            log.lock().push(target.to_string());
            peer.write(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            if reply == 0 {
                let mut upstream = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut peer.stream, &mut upstream).await;
            }
        }
    })
    .await;
    (proxy, asked)
}

fn through(scheme: &str, proxy: SocketAddr) -> ClientSettings {
    ClientSettings {
        proxy: Some(format!("{scheme}://{proxy}").parse().unwrap()),
        ..ClientSettings::default()
    }
}

fn client(settings: &ClientSettings) -> HttpClient {
    client_with("127.0.0.1/32", Scripted::always("127.0.0.1"), settings)
}

#[tokio::test]
async fn requests_go_through_the_proxy_to_the_address_and_keep_the_name() {
    for scheme in ["http", "socks5", "socks5h"] {
        let (proxy, asked) = match scheme {
            "http" => http_proxy(&[]).await,
            _ => socks_proxy(0).await,
        };
        let receiver = Receiver::responding(OK).await;
        let client = client(&through(scheme, proxy.address));
        let url = format!("http://receiver.example:{}/hook", receiver.address.port());
        for _ in 0..3 {
            let response = client.send(&request(&*url)).await;
            assert_eq!(response.outcome, Outcome::Succeeded, "{scheme} {response:?}");
        }
        let asked = asked.lock().clone();
        let target = receiver.address.to_string();
        let expected = match scheme {
            "http" => format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
            _ => target,
        };
        assert_eq!(asked, [expected], "one tunnel, which is reused");
        assert_eq!(receiver.requests().len(), 3);
        for request in receiver.requests() {
            assert!(
                request.starts_with("POST /hook HTTP/1.1\r\nHost: receiver.example:"),
                "{request}"
            );
            assert!(!request.to_lowercase().contains("proxy"), "{request}");
        }
    }
}

#[tokio::test]
async fn credentials_are_sent_to_the_proxy_alone() {
    let (proxy, asked) = http_proxy(&[]).await;
    let receiver = Receiver::responding(OK).await;
    let settings = ClientSettings {
        proxy: Some(format!("http://user:pw@{}", proxy.address).parse().unwrap()),
        ..ClientSettings::default()
    };
    let response = client(&settings).send(&request(receiver.url())).await;
    assert_eq!(response.outcome, Outcome::Succeeded);
    assert!(asked.lock()[0].contains("\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n"));
    assert!(!receiver.requests()[0].contains("dXNlcjpwdw"));
}

#[tokio::test]
async fn the_proxy_sees_nothing_of_what_the_guard_forbids() {
    for scheme in ["http", "socks5"] {
        let (proxy, _) = http_proxy(&[]).await;
        let settings = through(scheme, proxy.address);
        let found = vec!["127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
        let client = client_with("127.0.0.1/32", Scripted::new(vec![Ok(found)]), &settings);
        for (url, outcome) in [
            ("http://10.0.0.1/", Outcome::Blocked),
            ("https://169.254.169.254/", Outcome::Blocked),
            ("http://vault/", Outcome::Blocked),
            ("http://mixed.example/", Outcome::DnsError),
        ] {
            assert_eq!(client.send(&request(url)).await.outcome, outcome, "{url}");
        }
        assert_eq!(proxy.connections(), 0);
    }
}

#[tokio::test]
async fn tls_and_http2_work_through_the_proxy() {
    for scheme in ["http", "socks5"] {
        let (proxy, asked) = match scheme {
            "http" => http_proxy(&[]).await,
            _ => socks_proxy(0).await,
        };
        let authority = Authority::new();
        let mut config = authority.server("receiver.example", |_| ());
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let receiver = Receiver::start(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let stream = acceptor.accept(peer.stream).await.unwrap();
                assert_eq!(stream.get_ref().1.server_name(), Some("receiver.example"));
                respond_over_http2(stream).await;
            }
        })
        .await;
        let client = authority.client_with(&through(scheme, proxy.address));
        let url = format!("https://receiver.example:{}/hook", receiver.address.port());
        for _ in 0..3 {
            let response = client.send(&request(&*url)).await;
            assert_eq!(response.outcome, Outcome::Succeeded, "{scheme} {response:?}");
        }
        let url = format!("https://other.example:{}/hook", receiver.address.port());
        assert_eq!(client.send(&request(url)).await.outcome, Outcome::TlsError);
        assert_eq!(asked.lock().len(), 2);
    }
}

#[tokio::test]
async fn a_receiver_with_http2_may_speak_first() {
    let (proxy, _) = http_proxy(&[]).await;
    let receiver = Receiver::start(|peer| respond_over_http2(peer.stream)).await;
    let origin = format!("http://receiver.example:{}", receiver.address.port());
    let settings = ClientSettings {
        http2_prior_knowledge: vec![Origin::parse(&origin).unwrap()],
        ..through("http", proxy.address)
    };
    let response = client(&settings).send(&request(format!("{origin}/hook"))).await;
    assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
}

async fn respond_over_http2(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        assert_eq!(request.version(), Version::HTTP_2);
        let head = HttpResponse::builder().status(204).body(()).unwrap();
        respond.send_response(head, true).unwrap();
    }
}

#[tokio::test]
async fn what_the_proxy_says_of_the_receiver_is_the_receivers_failure() {
    for (status, sentence) in [
        (403, "The egress proxy does not allow connections to this host"),
        (502, "The egress proxy could not connect to the host"),
        (504, "The egress proxy could not connect to the host in time"),
    ] {
        let (proxy, _) = http_proxy(&[status]).await;
        let settings = through("http", proxy.address);
        let response = client(&settings).send(&request("http://receiver.example/")).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (Outcome::ConnectError, Some(sentence))
        );
    }
    let (proxy, _) = socks_proxy(5).await;
    let settings = through("socks5", proxy.address);
    let response = client(&settings).send(&request("http://receiver.example/")).await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (
            Outcome::ConnectError,
            Some("The egress proxy reports that the connection was refused")
        )
    );
}

#[tokio::test]
async fn the_next_address_is_tried_if_the_proxy_cannot_connect_to_one() {
    let (proxy, asked) = http_proxy(&[502]).await;
    let receiver = Receiver::responding(OK).await;
    let both = ["127.0.0.9", "127.0.0.1"].map(|it| it.parse().unwrap()).to_vec();
    let settings = through("http", proxy.address);
    let client = client_with("127.0.0.0/8", Scripted::new(vec![Ok(both)]), &settings);
    let url = format!("http://receiver.example:{}/hook", receiver.address.port());
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Succeeded);
    assert_eq!(asked.lock().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_never_opens_the_tunnel_is_a_timeout() {
    for scheme in ["http", "socks5"] {
        let proxy = Receiver::start(|mut peer| async move { peer.until_closed().await }).await;
        let settings = through(scheme, proxy.address);
        let response = client(&settings)
            .send(&request_within("http://receiver.example/", 200))
            .await;
        assert_eq!(response.outcome, Outcome::Timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_cannot_be_reached_costs_no_attempt() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let client = client(&through("http", free));
    let mut request = request_within("http://127.0.0.1/", 5_000);
    let not_sent = client.send_if(&mut request, &|_| true).await;
    assert_eq!(not_sent.unwrap_err(), NotSent::Postponed);
}

#[tokio::test]
async fn refused_credentials_cost_no_attempt_and_no_time() {
    let (proxy, asked) = http_proxy(&[407]).await;
    let receiver = Receiver::responding(OK).await;
    let client = client(&through("http", proxy.address));
    let response = client.send(&request_within(receiver.url(), 900)).await;
    assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    assert!(response.waited >= Duration::from_secs(1), "{response:?}");
    assert_eq!(asked.lock().len(), 2);
}

#[test]
fn settings_do_not_print_the_password() {
    let proxy: Proxy = "http://user:hidden@proxy:3128".parse().unwrap();
    let settings = ClientSettings {
        proxy: Some(proxy),
        ..ClientSettings::default()
    };
    assert!(!format!("{settings:?}").contains("hidden"));
}
