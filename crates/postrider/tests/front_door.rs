//! What the built program does with requests before it looks at what they ask for, over raw sockets.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod support;

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use support::postrider;

const KEY: &str = "an-admin-key-for-tests-of-the-front-door";

/// How long something may take that has to happen.
const SOON: Duration = Duration::from_secs(20);

/// A server on free ports, killed at the end of a test.
struct Server {
    child: Child,
    address: String,
    metrics_address: Option<String>,
    /// The lines of its log.
    log: mpsc::Receiver<Value>,
    _data_dir: tempfile::TempDir,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let mut child = postrider()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .arg("--data-dir")
            .arg(data_dir.path().join("data"))
            .args(arguments)
            .env("POSTRIDER_ADMIN_KEY", KEY)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(line) = serde_json::from_str(&line) {
                    let _ = send.send(line);
                }
            }
        });
        let listening = logged(&log, "listening");
        let text = |name: &str| listening[name].as_str().map(str::to_owned);
        Self {
            address: text("address").unwrap(),
            metrics_address: text("metrics_address"),
            child,
            log,
            _data_dir: data_dir,
        }
    }

    fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// What the server sends after these bytes, until it closes the connection.
    fn send(&self, bytes: &str) -> String {
        exchange(self.connect(), bytes.as_bytes())
    }

    fn get(&self, path: &str, headers: &str) -> String {
        self.send(&get(path, headers))
    }

    /// Ends the server. Returns the rest of its log.
    fn stop(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.iter().map(|line| line.to_string()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of the log with this message.
fn logged(log: &mpsc::Receiver<Value>, message: &str) -> Value {
    loop {
        let line = log.recv_timeout(SOON).expect("the log has no such line");
        if line.to_string().contains(message) {
            let fields = line.get("fields").cloned();
            return fields.unwrap_or(line);
        }
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// Sends these bytes, and reads until the server closes the connection.
fn exchange(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).unwrap();
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Ok(_) => {}
        // Also ends the connection.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&received)),
    }
    String::from_utf8_lossy(&received).into_owned()
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{headers}\r\n")
}

#[test]
fn a_request_that_a_proxy_may_read_differently_is_refused_and_the_connection_ends() {
    let server = Server::start(&[]);
    let smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for (head, body) in [
        ("GET /healthz HTTP/1.1\r\n", ""),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n", ""),
        ("GET /healthz HTTP/1.1\r\nHost: u@a\r\n", ""),
        ("GET /healthz HTTP/1.1\r\nHost: a/b\r\n", ""),
        ("GET http://a/healthz HTTP/1.1\r\nHost: b\r\n", ""),
        ("GET http://u@a/healthz HTTP/1.1\r\nHost: u@a\r\n", ""),
        ("GET /sign-in HTTP/1.1\r\n", ""),
        (
            "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n",
            smuggled,
        ),
        (
            "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n",
            smuggled,
        ),
        (
            "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            smuggled,
        ),
        (
            "POST /v1/accounts HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
            smuggled,
        ),
        (
            "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            "12",
        ),
        (
            "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n",
            "1",
        ),
    ] {
        let response = server.send(&format!("{head}\r\n{body}"));
        assert!(
            response.starts_with("HTTP/1.1 400") || response.starts_with("HTTP/1.0 400"),
            "{head}{response}"
        );
        assert_eq!(response.matches("HTTP/1.").count(), 1, "{head}{response}");
    }
    // RFC 9112, section 6.1: the encoding counts, and the connection ends.
    let both =
        "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n";
    let response = server.send(&format!("{both}{smuggled}"));
    assert_eq!(response.matches("HTTP/1.1").count(), 1, "{response}");
    for fine in [
        "GET /healthz HTTP/1.0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n",
    ] {
        let response = server.send(fine);
        assert!(response.contains(" 200 OK"), "{fine}{response}");
    }
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A header as a literal without an index (RFC 7541, section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    [
        &[0, length(name)],
        name.as_bytes(),
        &[length(value)],
        value.as_bytes(),
    ]
    .concat()
}

#[test]
fn http_2_takes_no_transfer_encoding() {
    let server = Server::start(&[]);
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/accounts"),
        (":authority", "a"),
        ("transfer-encoding", "chunked"),
    ];
    let block: Vec<u8> = headers
        .iter()
        .flat_map(|(name, value)| literal(name, value))
        .collect();
    let mut stream = server.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream
        .write_all(&[frame(4, 0, 0, &[]), frame(1, 5, 1, &block)].concat())
        .unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).unwrap();
        match head[3] {
            // RST_STREAM with PROTOCOL_ERROR.
            3 => return assert_eq!(payload, [0, 0, 0, 1]),
            1 => panic!("it has a response"),
            _ => {}
        }
    }
}

#[test]
fn only_a_trusted_proxy_says_that_the_client_uses_https() {
    let hsts = "strict-transport-security: max-age=31536000\r\n";
    let https = "X-Forwarded-Proto: https\r\n";
    let trusting = Server::start(&["--trusted-proxies", "127.0.0.0/8"]);
    for path in ["/sign-in", "/v1/accounts"] {
        assert!(trusting.get(path, https).contains(hsts), "{path}");
        assert!(!trusting.get(path, "").contains(hsts), "{path}");
    }
    assert!(
        trusting
            .get("/sign-in", https)
            .contains("set-cookie: __Host-postrider_form=")
    );

    let plain = Server::start(&[]);
    for _ in 0..2 {
        let response = plain.get("/sign-in", https);
        assert!(!response.contains(hsts) && response.contains("set-cookie: postrider_form="));
    }
    logged(&plain.log, "trusted_proxies");
    plain.get("/healthz", https);
    let rest = plain.stop();
    assert!(!rest.contains("trusted_proxies"), "once: {rest}");

    let public = Server::start(&["--public-url", "https://webhooks.example"]);
    assert!(public.get("/sign-in", "").contains(hsts));
}

#[test]
fn the_metrics_move_to_a_port_of_their_own() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    let with_key = format!("Authorization: Bearer {KEY}\r\n");
    for headers in ["", &with_key] {
        assert!(server.get("/metrics", headers).starts_with("HTTP/1.1 404"));
    }
    assert!(server.get("/readyz", "").starts_with("HTTP/1.1 200"));
    let monitor = |path| {
        exchange(
            connect(server.metrics_address.as_deref().unwrap()),
            get(path, &with_key).as_bytes(),
        )
    };
    assert!(monitor("/metrics").contains("postrider_deliveries_in_memory"));
    for path in ["/healthz", "/readyz"] {
        assert!(monitor(path).starts_with("HTTP/1.1 200"), "{path}");
    }
    for path in ["/", "/v1/accounts", "/sign-in"] {
        assert!(monitor(path).starts_with("HTTP/1.1 404"), "{path}");
    }

    let one_port = Server::start(&[]);
    assert!(
        one_port
            .get("/metrics", "")
            .contains("postrider_deliveries_in_memory")
    );
}

#[test]
fn below_a_path_the_proxy_may_remove_it_or_not() {
    let server = Server::start(&["--public-url", "https://example.com/webhooks"]);
    for path in ["/sign-in", "/webhooks/sign-in"] {
        let page = server.get(path, "");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(
            page.contains(" action=\"/webhooks/sign-in\"") && page.contains("Path=/webhooks;"),
            "{page}"
        );
        assert!(page.contains("set-cookie: __Secure-postrider_form="), "{page}");
    }
    for path in ["/", "/webhooks", "/webhooks/"] {
        assert!(
            server.get(path, "").contains("location: /webhooks/sign-in\r\n"),
            "{path}"
        );
    }
    let with_key = format!("Authorization: Bearer {KEY}\r\n");
    for path in ["/v1/accounts", "/webhooks/v1/accounts", "/webhooks/healthz"] {
        assert!(server.get(path, &with_key).starts_with("HTTP/1.1 200"), "{path}");
    }
    let body = r#"{"name": "A"}"#;
    let created = server.send(&format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{with_key}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(
        created.contains("location: /webhooks/v1/accounts/acct_"),
        "{created}"
    );
    assert!(
        !created.contains("strict-transport-security"),
        "the host is not only ours: {created}"
    );
    let refused = postrider()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--public-url",
            "https://example.com/accounts",
        ])
        .output()
        .unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && error.contains("must not begin with `/accounts`"),
        "{error}"
    );
}
