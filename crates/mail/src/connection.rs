//! A connection to the mail server: TCP, TLS, greeting, `EHLO`, `STARTTLS`, `AUTH`, and then commands.
//!
//! `EHLO` names the domain of the sender. RFC 5321 section 4.1.4 wants the client's own name, which a
//! container rarely has, or its address, which the mail server sees anyway.

mod sign_in;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use postrider_egress::{
    Host, Resolve, ResolveError, connect_first, connect_sentence, handshake_sentence, is_out_of_files,
};
use postrider_model::Outcome;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::answer::{Answer, Incoming, ReadError};
use crate::dialogue::{Dialogue, Masks, Names};
use crate::sent::{Failure, NotSent};
use crate::settings::{Security, SmtpSettings};
use stream::Stream;

/// Maximum addresses of the server's name to try.
const ADDRESSES_MAX: usize = 8;

/// The mail server, and what it takes to connect to it.
pub(crate) struct Server {
    pub(crate) settings: SmtpSettings,
    pub(crate) tls: TlsConnector,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) masks: Masks,
}

/// Why an attempt ended without a message that was accepted.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The mail server or the way to it failed.
    Failed(Failure),
    /// Nothing was sent, for a reason on our side.
    NotSent(NotSent),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What the server says that it supports.
#[derive(Debug, Default, Clone, Copy)]
struct Extensions {
    starttls: bool,
    size: bool,
    auth_plain: bool,
    auth_login: bool,
}

/// An open connection, signed in.
pub(crate) struct Connection {
    stream: Stream,
    incoming: Incoming,
    extensions: Extensions,
    server: Arc<Server>,
    /// Names of the server that its answers do not show, once it is signed in to.
    names: Names,
    /// Messages that it has carried, or begun to carry.
    pub(crate) messages: u32,
    /// Whether a transaction has begun that `RSET` has to end.
    pub(crate) is_dirty: bool,
    /// Whether nothing may be sent over it any more.
    pub(crate) is_spoiled: bool,
}

impl Connection {
    /// Opens a connection. It takes as long as the server likes; the caller sets the limit.
    pub(crate) async fn open(server: &Arc<Server>, dialogue: &mut Dialogue) -> Result<Self, Stop> {
        let tcp = server.dial().await?;
        // If this fails, small writes are only slower.
        let _ = tcp.set_nodelay(true);
        let security = server.settings.security;
        let stream = match security {
            Security::Implicit => server.encrypted(tcp).await?,
            Security::StartTls | Security::None => Stream::Plain(tcp),
        };
        dialogue.tls = stream.tls();
        let mut connection = Self::new(stream, server);
        dialogue.begin(None);
        let greeting = connection.answer(dialogue).await?;
        if !greeting.is_positive() {
            return Err(Failure::session("The mail server accepts no connection", &greeting).into());
        }
        let mut hello = connection.hello(dialogue).await?;
        if security == Security::StartTls {
            connection = connection.upgraded(dialogue).await?;
            hello = connection.hello(dialogue).await?;
        }
        sign_in::sign_in(&mut connection, dialogue).await?;
        // What was said until here is for the operator alone.
        connection.names = Names::of(&server.settings, [&greeting, &hello]);
        Ok(connection)
    }

    /// A connection without encryption whose greeting is past.
    #[cfg(test)]
    pub(crate) fn plain(tcp: TcpStream, server: &Arc<Server>) -> Self {
        Self::new(Stream::Plain(tcp), server)
    }

    fn new(stream: Stream, server: &Arc<Server>) -> Self {
        Self {
            stream,
            incoming: Incoming::default(),
            extensions: Extensions::default(),
            server: Arc::clone(server),
            names: Names::default(),
            messages: 0,
            is_dirty: false,
            is_spoiled: false,
        }
    }

    async fn hello(&mut self, dialogue: &mut Dialogue) -> Result<Answer, Failure> {
        let name = self.server.settings.sender.address.domain();
        let answer = self.command(dialogue, &format!("EHLO {name}")).await?;
        if !answer.is_positive() {
            return Err(Failure::session("The mail server refused EHLO", &answer));
        }
        // The first line is the server's name.
        self.extensions = Extensions::of(answer.lines.iter().skip(1));
        Ok(answer)
    }

    /// The connection after `STARTTLS` (RFC 3207). What the server says before the handshake, and what
    /// somebody between us and the server adds to it, counts for nothing afterwards: a byte too many ends the
    /// connection.
    async fn upgraded(mut self, dialogue: &mut Dialogue) -> Result<Self, Stop> {
        if !self.extensions.starttls {
            let error = "The mail server does not offer STARTTLS, and nothing is sent without TLS";
            return Err(Failure::broken(Outcome::TlsError, error).into());
        }
        let answer = self.command(dialogue, "STARTTLS").await?;
        if !answer.is_positive() {
            return Err(Failure::session("The mail server refused STARTTLS", &answer).into());
        }
        self.check_step()?;
        let Stream::Plain(tcp) = self.stream else {
            unreachable!("STARTTLS is sent over plain connections only");
        };
        self.stream = self.server.encrypted(tcp).await?;
        dialogue.tls = self.stream.tls();
        self.extensions = Extensions::default();
        Ok(self)
    }

    /// Sends a command, without its CRLF, and reads the answer.
    pub(crate) async fn command(
        &mut self,
        dialogue: &mut Dialogue,
        command: &str,
    ) -> Result<Answer, Failure> {
        let line = format!("{command}\r\n");
        self.send(dialogue, command.to_owned(), line.as_bytes()).await
    }

    /// Sends bytes that the record shows as `shown`, and reads the answer.
    pub(crate) async fn send(
        &mut self,
        dialogue: &mut Dialogue,
        shown: String,
        bytes: &[u8],
    ) -> Result<Answer, Failure> {
        let written = self.write(dialogue, shown, bytes).await?;
        self.reply(dialogue, written).await
    }

    /// Sends bytes that the record shows as `shown`. Returns whether all of them were written, for
    /// [`Self::reply`].
    pub(crate) async fn write(
        &mut self,
        dialogue: &mut Dialogue,
        shown: String,
        bytes: &[u8],
    ) -> Result<io::Result<()>, Failure> {
        self.check_step()?;
        dialogue.begin(Some(shown));
        let written = match self.stream.write_all(bytes).await {
            Ok(()) => self.stream.flush().await,
            failed => failed,
        };
        self.is_spoiled |= written.is_err();
        Ok(written)
    }

    /// Reads the answer to what was written. A server that closes the connection may have said why, so the
    /// answer is read in any case.
    pub(crate) async fn reply(
        &mut self,
        dialogue: &mut Dialogue,
        written: io::Result<()>,
    ) -> Result<Answer, Failure> {
        let answer = self.answer(dialogue).await?;
        match written {
            // Nothing can be accepted that was not written in full.
            Err(error) if !answer.is_negative() => Err(broken(&error)),
            _ => Ok(answer),
        }
    }

    /// Fails, and lets nothing more be sent, if the server has said something that it was not asked for.
    pub(crate) fn check_step(&mut self) -> Result<(), Failure> {
        if !self.incoming.has_rest() {
            return Ok(());
        }
        self.is_spoiled = true;
        let error =
            "The mail server sent data before it was asked; somebody may be tampering with the connection";
        Err(Failure::broken(Outcome::ProtocolError, error))
    }

    async fn answer(&mut self, dialogue: &mut Dialogue) -> Result<Answer, Failure> {
        match self.incoming.read(&mut self.stream, &self.server.masks).await {
            Ok(mut answer) => {
                answer.lines = self.names.masked(answer.lines);
                dialogue.answered(&answer);
                self.is_spoiled |= answer.is_farewell();
                Ok(answer)
            }
            Err(error) => {
                self.is_spoiled = true;
                Err(match error {
                    ReadError::Closed => closed(),
                    ReadError::Failed(error) => broken(&error),
                    ReadError::Malformed(what) => {
                        let error = format!("The mail server sent {what}");
                        Failure::broken(Outcome::ProtocolError, error)
                    }
                })
            }
        }
    }

    /// Whether the server supports `SIZE` (RFC 1870).
    pub(crate) const fn supports_size(&self) -> bool {
        self.extensions.size
    }

    /// The version of TLS.
    pub(crate) fn tls(&self) -> Option<&'static str> {
        self.stream.tls()
    }

    /// Whether the server has neither closed the connection nor said anything since its last answer.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        !self.incoming.has_rest() && self.stream.is_quiet().await
    }

    /// Takes leave without waiting for the answer.
    pub(crate) async fn quit(mut self) {
        // The connection ends in any case.
        let _ = self.stream.write_all(b"QUIT\r\n").await;
        let _ = self.stream.shutdown().await;
    }
}

impl Server {
    async fn dial(&self) -> Result<TcpStream, Stop> {
        let addresses = match &self.settings.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => match self.resolver.resolve(name).await {
                Ok(addresses) => addresses,
                Err(ResolveError::OutOfFiles) => return Err(Stop::NotSent(NotSent::Postponed)),
                // Its own words are for the customers, and name the rules for their receivers.
                Err(ResolveError::NotFound) => vec![],
                Err(error) => return Err(Failure::broken(Outcome::DnsError, error.to_string()).into()),
            },
        };
        if addresses.is_empty() {
            let error = "The name of the mail server does not exist";
            return Err(Failure::broken(Outcome::DnsError, error).into());
        }
        let with_port = |address| SocketAddr::new(address, self.settings.port);
        let addresses = addresses.into_iter().take(ADDRESSES_MAX).map(with_port);
        connect_first(addresses.collect()).await.map_err(|error| {
            if is_out_of_files(&error) {
                return Stop::NotSent(NotSent::Postponed);
            }
            Failure::broken(Outcome::ConnectError, connect_sentence(&error)).into()
        })
    }

    async fn encrypted(&self, tcp: TcpStream) -> Result<Stream, Failure> {
        let name = match &self.settings.host {
            Host::Address(address) => ServerName::IpAddress((*address).into()),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                Failure::broken(Outcome::TlsError, "The name of the mail server is not valid")
            })?,
        };
        match self.tls.connect(name, tcp).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => Err(Failure::broken(Outcome::TlsError, handshake_sentence(&error))),
        }
    }
}

impl Extensions {
    fn of<'a>(lines: impl Iterator<Item = &'a String>) -> Self {
        let mut extensions = Self::default();
        for line in lines {
            // Some old servers write `AUTH=LOGIN PLAIN`.
            let mut words = line.split([' ', '=']).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("SIZE") => extensions.size = true,
                Some("AUTH") => {
                    for mechanism in words {
                        extensions.auth_plain |= mechanism == "PLAIN";
                        extensions.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        extensions
    }
}

fn closed() -> Failure {
    Failure {
        is_gone: true,
        ..Failure::broken(Outcome::ConnectError, "The mail server closed the connection")
    }
}

fn broken(error: &io::Error) -> Failure {
    let is_tls = error.get_ref().is_some_and(|it| it.is::<rustls::Error>());
    if is_tls {
        return Failure::broken(Outcome::TlsError, handshake_sentence(error));
    }
    closed()
}
