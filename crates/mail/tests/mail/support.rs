//! A scripted mail server, and what it takes to send to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postrider_mail::{Draft, Mailer, Message, Options, Partial, Sender, Sent, SmtpSettings, SmtpTexts};
use postrider_model::{Clock, DeliveryId, Recipients, Timestamp};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const USER: &str = "postrider";
pub const PASSWORD: &str = "correct horse battery";
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// The time of every test: the system's, because certificates are made for now.
pub struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        self.wall()
    }

    #[expect(clippy::disallowed_methods, reason = "the clock of the tests")]
    fn wall(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_unix_ms(since.unwrap().as_millis() as i64)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// What the server does with a command.
#[derive(Clone)]
pub enum Reply {
    /// Sends lines, with CRLF at the end.
    Say(String),
    /// Sends a line after this time.
    Late(Duration, &'static str),
    /// Sends these bytes, then closes.
    SayAndClose(String),
    /// Closes.
    Close,
    /// Says nothing, for ever.
    Silent,
    /// Sends a byte at a time, for ever.
    Trickle,
    /// Sends this for ever, as fast as it is read.
    Endless(&'static str),
}

pub fn say(text: impl Into<String>) -> Reply {
    Reply::Say(text.into())
}

/// What a server that behaves does. The greeting is asked for with `""`, the message ends with `"."`.
pub fn polite(command: &str) -> Reply {
    let word = command.split([' ', ':']).next().unwrap_or_default();
    say(match word {
        "" => "220 mail.example.com ESMTP",
        "EHLO" => "250-mail.example.com\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN",
        "AUTH" => "235 2.7.0 signed in",
        "DATA" => "354 go on",
        "." => "250 2.0.0 queued as 1",
        "QUIT" => "221 bye",
        _ => "250 2.1.0 fine",
    })
}

type Script = dyn Fn(usize, &str) -> Reply + Send + Sync;

/// A server that follows a script, which is asked with the number of the connection, from 1, and a command.
pub struct Scripted {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    pub open: Arc<AtomicUsize>,
    heard: Arc<parking_lot::Mutex<Vec<String>>>,
    certificate: Option<String>,
}

impl Scripted {
    pub async fn start(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(None, script).await
    }

    /// A server that speaks TLS from the start, so that passwords reach it.
    pub async fn over_tls(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Some(certified()), script).await
    }

    async fn with(
        certified: Option<CertifiedKey<rcgen::KeyPair>>,
        script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            open: Arc::default(),
            heard: Arc::default(),
            certificate: certified.as_ref().map(|it| it.cert.pem()),
        };
        let acceptor = certified.map(|it| acceptor(&it));
        let (heard, connections, open) = (
            Arc::clone(&server.heard),
            Arc::clone(&server.connections),
            Arc::clone(&server.open),
        );
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (script, heard, open) = (Arc::clone(&script), Arc::clone(&heard), Arc::clone(&open));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    open.fetch_add(1, Ordering::SeqCst);
                    serve(stream, acceptor, &*script, number, &heard).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    /// A server with one answer of its own: to commands that begin with `prefix`.
    pub async fn except(prefix: &'static str, reply: Reply) -> Self {
        Self::start(move |_, command| {
            if is_meant(command, prefix) {
                reply.clone()
            } else {
                polite(command)
            }
        })
        .await
    }

    /// All commands and lines of messages, over all connections.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn has_heard(&self, prefix: &str) -> bool {
        self.heard().iter().any(|it| it.starts_with(prefix))
    }

    /// A mailer for this server; with a password if the server speaks TLS.
    pub fn mailer(&self) -> Mailer {
        self.mailer_with(4)
    }

    pub fn mailer_with(&self, connections_max: usize) -> Mailer {
        self.mailer_of(Options {
            connections_max,
            ..Options::default()
        })
    }

    /// Does the same with these options.
    pub fn mailer_of(&self, options: Options) -> Mailer {
        let port = self.address.port();
        let is_tls = self.certificate.is_some();
        let url = if is_tls {
            format!("smtps://localhost:{port}")
        } else {
            format!("smtp://127.0.0.1:{port}?tls=none")
        };
        let options = Options {
            extra_ca_pem: self.certificate.as_ref().map(|it| it.as_bytes().to_vec()),
            ..options
        };
        let settings = settings(&url, is_tls.then_some((USER, PASSWORD)));
        Mailer::new(settings, Arc::new(Now), &options).unwrap()
    }
}

/// Whether a command is the one that a test changes: `""` is the greeting alone.
pub fn is_meant(command: &str, prefix: &str) -> bool {
    command == prefix || (!prefix.is_empty() && prefix != "." && command.starts_with(prefix))
}

pub fn certified() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}

fn acceptor(certified: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    script: &Script,
    number: usize,
    heard: &parking_lot::Mutex<Vec<String>>,
) {
    let stream: Box<dyn Duplex> = match acceptor {
        None => Box::new(stream),
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let mut stream = BufReader::new(stream);
    let mut command = String::new();
    loop {
        let reply = script(number, &command);
        let is_data = command == "DATA" && matches!(&reply, Reply::Say(text) if text.starts_with("354"));
        if !act(&mut stream, reply).await {
            return;
        }
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            command = line.trim_end_matches("\r\n").to_owned();
            heard.lock().push(command.clone());
            if !is_data || command == "." {
                break;
            }
        }
    }
}

/// Returns whether the connection goes on.
async fn act(stream: &mut BufReader<Box<dyn Duplex>>, reply: Reply) -> bool {
    match reply {
        Reply::Say(text) => {
            stream.write_all(format!("{text}\r\n").as_bytes()).await.is_ok() && stream.flush().await.is_ok()
        }
        Reply::Late(after, text) => {
            tokio::time::sleep(after).await;
            stream.write_all(format!("{text}\r\n").as_bytes()).await.is_ok() && stream.flush().await.is_ok()
        }
        Reply::SayAndClose(text) => {
            let _ = stream.write_all(format!("{text}\r\n").as_bytes()).await;
            let _ = stream.shutdown().await;
            false
        }
        Reply::Close => false,
        Reply::Silent => std::future::pending().await,
        Reply::Trickle => {
            while stream.write_all(b"2").await.is_ok() && stream.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            false
        }
        Reply::Endless(unit) => {
            let chunk = unit.repeat(4_096);
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            false
        }
    }
}

pub fn settings(url: &str, credentials: Option<(&str, &str)>) -> SmtpSettings {
    SmtpSettings::read(&SmtpTexts {
        url,
        user: credentials.map(|it| it.0),
        password: credentials.map(|it| it.1),
        from: "Example <automations@example.com>",
    })
    .unwrap()
}

pub fn mailer(
    url: &str,
    credentials: Option<(&str, &str)>,
    authority: Option<&str>,
    connections_max: usize,
) -> Mailer {
    let options = Options {
        connections_max,
        extra_ca_pem: authority.map(|it| it.as_bytes().to_vec()),
        ..Options::default()
    };
    Mailer::new(settings(url, credentials), Arc::new(Now), &options).unwrap()
}

/// A message to these addresses.
pub fn message(to: &[&str], subject: &str, text: &str) -> Message {
    let from: Sender = "Example <automations@example.com>".parse().unwrap();
    let to = Recipients::new(to.iter().map(|it| it.parse().unwrap()).collect()).unwrap();
    let draft = Draft {
        from: &from,
        to: &to,
        subject,
        text,
        date: "2026-06-01T08:05:09Z".parse().unwrap(),
        delivery: DeliveryId::from_u128(7),
        event_type: &"proposal.accepted".parse().unwrap(),
        header_prefix: "Postrider",
    };
    Message::compose(&draft).unwrap()
}

pub fn simple() -> Message {
    message(&["ann@example.org"], "Hello", "A text")
}

/// Sends a message with nothing special about it.
pub async fn send(mailer: &Mailer) -> Sent {
    send_message(mailer, &simple()).await
}

pub async fn send_message(mailer: &Mailer, message: &Message) -> Sent {
    mailer
        .send(message, TIMEOUT, Partial::Wait, &|| true)
        .await
        .unwrap()
}

/// Waits for a condition.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(
            std::time::Instant::now() < deadline,
            "this did not happen: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
