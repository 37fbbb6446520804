//! [`Mailer`]: sends a message within a timeout, over a connection that is open or a new one.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_egress::allowance::WAIT_MAX;
use postrider_egress::{ClientError, Resolve, SystemResolver, tls_client_config};
use postrider_model::{Clock, Outcome};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::connection::{Connection, Server, Stop};
use crate::dialogue::{Dialogue, Masks};
use crate::message::Message;
use crate::pool::Pool;
use crate::sent::{Concerns, Failure, NotSent, Partial, Refused, Sent, Verdict};
use crate::settings::SmtpSettings;
use crate::transaction::{self, IN_DOUBT, Posted, Stage, Task};

/// Called before `MAIL` and again before the message is sent; returns whether it may leave.
pub type MayLeave<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// How often the log says at most that no e-mail can be sent.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// How much longer than its timeout a message may take until the server confirms it. Servers that check a
/// message before they accept it can take minutes, and RFC 5321 section 4.5.3.2.6 asks for 10, because a
/// message that is given up then is sent twice. It holds one of few connections, so it gets 1.
const CONFIRM_MAX: Duration = Duration::from_secs(60);

/// Settings with defaults.
#[derive(Clone)]
pub struct Options {
    /// Maximum connections at a time, at least one. With the default, 4, a server that takes 10 ms for each
    /// of the five steps of a message gets 80 messages a second; providers permit 10 and more.
    pub connections_max: usize,
    /// Certificate authorities to trust besides the public ones, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Looks up the name of the mail server.
    pub resolver: Arc<dyn Resolve>,
    /// How much longer than its timeout a message may take until the server confirms it. With the default,
    /// 60 s, most servers confirm what they check first, and no copy is sent.
    pub confirm_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections_max: 4,
            extra_ca_pem: None,
            // The operator chose the name, so the search domains of this machine complete it.
            resolver: Arc::new(SystemResolver::with_search_domains()),
            confirm_max: CONFIRM_MAX,
        }
    }
}

/// Sends messages to one mail server. Cheap to share; one serves the whole process.
pub struct Mailer {
    server: Arc<Server>,
    pool: Arc<Pool>,
    confirm_max: Duration,
    reported: Mutex<Option<Instant>>,
}

impl Mailer {
    /// A mailer without connections. Must be used within a Tokio runtime. Fails if the extra authorities
    /// cannot be read.
    pub fn new(
        settings: SmtpSettings,
        clock: Arc<dyn Clock>,
        options: &Options,
    ) -> Result<Self, ClientError> {
        let tls = tls_client_config(clock, options.extra_ca_pem.as_deref())?;
        Ok(Self {
            pool: Pool::new(options.connections_max.max(1)),
            confirm_max: options.confirm_max,
            server: Arc::new(Server {
                masks: Masks::new(settings.credentials.as_ref()),
                settings,
                tls: TlsConnector::from(Arc::new(tls)),
                resolver: Arc::clone(&options.resolver),
            }),
            reported: Mutex::default(),
        })
    }

    /// Sends a message, and returns how that ended.
    ///
    /// It takes at most `timeout`, in which everything from the look-up of the name to the last dot of the
    /// message has to happen, and [`Options::confirm_max`] longer for the server's answer to the message,
    /// after a wait for a free connection of at most [`WAIT_MAX`]. Returns [`NotSent`] if `may_leave` forbids
    /// it, if that wait was too long, or, at once, if this process is out of file descriptors. The server
    /// then has no message. Pause before sending again.
    ///
    /// Dropping the future aborts the attempt, and the server discards what it has, unless the last dot was
    /// sent.
    pub async fn send(
        &self,
        message: &Message,
        timeout: Duration,
        partial: Partial,
        may_leave: MayLeave<'_>,
    ) -> Result<Sent, NotSent> {
        let asked = Instant::now();
        let place = self.pool.place(WAIT_MAX).await.ok_or(NotSent::Postponed)?;
        let waited = asked.elapsed();
        let task = Task {
            message,
            partial,
            may_leave,
        };
        let mut attempt = Attempt::new(self.server.settings.server());
        let ended = self.attempt(task, timeout, &mut attempt).await;
        if let Some(connection) = attempt.connection.take() {
            self.pool.check_in(connection).await;
        }
        drop(place);
        let ended = match ended {
            Ok(refused) => Ok(refused),
            Err(Stop::NotSent(not_sent)) => {
                self.report_not_sent(not_sent);
                return Err(not_sent);
            }
            Err(Stop::Failed(failure)) => Err(failure),
        };
        let ended = ended.map_err(|failure| match attempt.stage {
            Stage::Before => failure,
            Stage::Begun | Stage::InDoubt => failure.of_message(),
        });
        let sent = sent(ended, attempt.dialogue, message, waited);
        self.report(&sent);
        Ok(sent)
    }

    /// Connects to the mail server, signs in, and leaves, within `timeout`. Sends no message.
    ///
    /// # Errors
    /// Why that is not possible, in plain words, with the server's own; no secret.
    pub async fn reach(&self, timeout: Duration) -> Result<(), String> {
        let mut dialogue = Dialogue::default();
        match tokio::time::timeout(timeout, Connection::open(&self.server, &mut dialogue)).await {
            Ok(Ok(connection)) => {
                self.pool.check_in(connection).await;
                Ok(())
            }
            Ok(Err(Stop::Failed(failure))) => Err(failure.error),
            Ok(Err(Stop::NotSent(not_sent))) => Err(not_sent.to_string()),
            Err(_) => Err(format!("no connection within {} s", timeout.as_secs())),
        }
    }

    /// Sends the message and waits for its confirmation, each in its time.
    async fn attempt(
        &self,
        task: Task<'_>,
        timeout: Duration,
        attempt: &mut Attempt,
    ) -> Result<Vec<Refused>, Stop> {
        let confirmed_by = Instant::now() + timeout + self.confirm_max;
        let posted = tokio::time::timeout(timeout, self.post(task, attempt)).await;
        let (mut connection, posted) = posted.map_err(|_| timed_out(timeout, attempt))??;
        let confirmed = transaction::confirm(&mut connection, posted, &mut attempt.dialogue);
        let confirmed = tokio::time::timeout_at(confirmed_by, confirmed).await;
        let confirmed = confirmed.map_err(|_| timed_out(timeout + self.confirm_max, attempt))?;
        attempt.connection = Some(connection);
        Ok(confirmed?)
    }

    /// Sends the message, up to the last dot.
    async fn post(&self, task: Task<'_>, attempt: &mut Attempt) -> Result<(Connection, Posted), Stop> {
        let mut connection = match self.pool.check_out().await {
            Some(connection) => attempt.reuses(connection),
            None => attempt.opens(&self.server).await?,
        };
        let mut posted = attempt.run(&mut connection, task).await;
        // A server may close an idle connection in the very moment in which it is used.
        let is_gone = matches!(&posted, Err(Stop::Failed(failure)) if failure.is_gone);
        if is_gone && attempt.dialogue.is_reused && attempt.stage == Stage::Before {
            drop(connection);
            connection = attempt.opens(&self.server).await?;
            posted = attempt.run(&mut connection, task).await;
        }
        match posted {
            Ok(posted) => Ok((connection, posted)),
            Err(stop) => {
                attempt.connection = Some(connection);
                Err(stop)
            }
        }
    }

    /// Tells the operator that no mail can be sent.
    fn report(&self, sent: &Sent) {
        if !sent.is_outage() || !self.may_report() {
            return;
        }
        let error = sent.error.as_deref().unwrap_or_default();
        tracing::warn!(
            server = sent.dialogue.server,
            error,
            "no e-mail can be sent; check smtp_url, smtp_user, smtp_password_file and smtp_from"
        );
    }

    /// Tells the operator that no connection could be opened. There is no record that says so.
    fn report_not_sent(&self, not_sent: NotSent) {
        if not_sent == NotSent::Postponed && self.may_report() {
            tracing::warn!("no e-mail can be sent; this process is out of file descriptors");
        }
    }

    /// Whether a minute has passed since this last returned true.
    fn may_report(&self) -> bool {
        let now = Instant::now();
        let mut reported = self.reported.lock();
        let may_report = reported.is_none_or(|last| last + REPORT_EVERY <= now);
        if may_report {
            *reported = Some(now);
        }
        may_report
    }
}

/// The state of an attempt. It outlives the timeout, which drops the future.
struct Attempt {
    /// The connection, once the attempt has ended in time.
    connection: Option<Connection>,
    stage: Stage,
    dialogue: Dialogue,
}

impl Attempt {
    fn new(server: String) -> Self {
        Self {
            connection: None,
            stage: Stage::Before,
            dialogue: Dialogue {
                server,
                ..Dialogue::default()
            },
        }
    }

    fn reuses(&mut self, connection: Connection) -> Connection {
        self.dialogue.is_reused = true;
        self.dialogue.tls = connection.tls();
        connection
    }

    /// Opens a connection. The record begins with it.
    async fn opens(&mut self, server: &Arc<Server>) -> Result<Connection, Stop> {
        self.stage = Stage::Before;
        self.dialogue = Dialogue {
            server: std::mem::take(&mut self.dialogue.server),
            ..Dialogue::default()
        };
        Connection::open(server, &mut self.dialogue).await
    }

    async fn run(&mut self, connection: &mut Connection, task: Task<'_>) -> Result<Posted, Stop> {
        transaction::run(connection, task, &mut self.stage, &mut self.dialogue).await
    }
}

fn timed_out(timeout: Duration, attempt: &Attempt) -> Failure {
    let seconds = timeout.as_secs_f64();
    if attempt.dialogue.steps.is_empty() {
        let error = format!("No connection to the mail server within {seconds} s");
        return Failure::broken(Outcome::Timeout, error);
    }
    let after = format!("No answer of the mail server within {seconds} s");
    let error = match attempt.stage {
        Stage::InDoubt => format!("{after}, {IN_DOUBT}"),
        Stage::Before | Stage::Begun => after,
    };
    Failure::broken(Outcome::Timeout, error)
}

fn sent(
    ended: Result<Vec<Refused>, Failure>,
    dialogue: Dialogue,
    message: &Message,
    waited: Duration,
) -> Sent {
    match ended {
        Ok(refused) => Sent {
            verdict: Verdict::Accepted,
            outcome: Outcome::Succeeded,
            error: partly(&refused, message),
            concerns: Concerns::Message,
            dialogue,
            waited,
        },
        Err(failure) => Sent {
            verdict: failure.verdict,
            outcome: failure.outcome,
            error: Some(failure.error),
            concerns: failure.concerns,
            dialogue,
            waited,
        },
    }
}

fn partly(refused: &[Refused], message: &Message) -> Option<String> {
    let first = refused.first()?;
    let of = message.to.as_slice().len();
    let (count, to, code) = (refused.len(), &first.to, first.code);
    let others = if count > 1 { ", and others" } else { "" };
    Some(format!(
        "The mail server refused {count} of {of} recipients: {to} ({code}){others}"
    ))
}

#[cfg(test)]
mod tests;
