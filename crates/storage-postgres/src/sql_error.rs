//! The meaning of a failed statement for callers.

use std::error::Error;
use std::io;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use postrider_storage::StoreError;
use postrider_storage::encoding::Damaged;
use postrider_storage::sealing::{Unopened, Unreadable};
use tokio_postgres::error::SqlState;

use crate::explain;

/// The SQLSTATE of `fail_as_not_all`, in a class that PostgreSQL does not use.
const NOT_ALL: &str = "PR001";

/// Why SQL work failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// The database rejected a statement, or the connection to it failed.
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool could not provide a connection.
    #[error("no connection: {}", describe_pool(.0))]
    Pool(PoolError),
    /// Another transaction concurrently did what this one was about to do: a retry finds it done.
    #[error("another transaction was faster, again and again")]
    Raced,
    /// The verb exceeded its time limit.
    #[error("no answer in time")]
    TimedOut,
    /// No session may begin while a copy is unfinished.
    #[error("a copy into this database is unfinished")]
    CopyUnfinished,
    /// A row holds a value that this code never writes.
    #[error("a stored row is damaged: {0}")]
    Damaged(&'static str),
    /// A sealed value did not open.
    #[error(transparent)]
    Unopened(#[from] Unopened),
}

/// The result of SQL work.
pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// The SQLSTATE, if the server returned an error.
    pub(crate) fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Pool(PoolError::Backend(error)) => error.code(),
            _ => None,
        }
    }

    /// Whether an immediate retry may succeed: the work lost against another transaction, or this process got
    /// no CPU time for so long that the server ended the transaction.
    pub(crate) fn may_be_tried_again(&self) -> bool {
        let lost = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        matches!(self, Self::Raced) || self.state().is_some_and(|state| lost.contains(state))
    }

    /// Whether a statement undid its transaction because it would not have changed all the rows that it
    /// should (`fail_as_not_all` in the schema).
    pub(crate) fn is_not_all(&self) -> bool {
        self.state().is_some_and(|state| state.code() == NOT_ALL)
    }

    /// Whether this connection, or the server behind it, can no longer be used: it is gone, shutting down, or
    /// a standby that accepts no writes.
    pub(crate) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Pool(
                PoolError::Backend(_) | PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle),
            ) => true,
            Self::Pool(_)
            | Self::TimedOut
            | Self::Raced
            | Self::CopyUnfinished
            | Self::Damaged(_)
            | Self::Unopened(_) => false,
            Self::Postgres(error) => match error.code() {
                // No SQLSTATE: the connection is broken, or this client requested something impossible.
                None => {
                    error.is_closed() || Error::source(error).is_some_and(|source| source.is::<io::Error>())
                }
                Some(state) => {
                    let code = state.code();
                    // 08: connection exceptions; 57P: the server is stopping or starting, or ended the
                    // session.
                    code.starts_with("08")
                        || code.starts_with("57P")
                        || *state == SqlState::READ_ONLY_SQL_TRANSACTION
                }
            },
        }
    }

    /// Whether the server reported that the statement failed, and continues to serve: the statement had no
    /// effect.
    pub(crate) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code().is_some()) && !self.is_of_the_connection()
    }

    /// Whether the server rejects this node (28: a wrong password; 3D: no such database), this node does not
    /// trust the server, or the settings do not fit the server. A retry will not help.
    fn is_refused(&self) -> bool {
        let Self::Pool(PoolError::Backend(error)) = self else {
            return false;
        };
        match error.code() {
            Some(state) => ["28", "3D"].contains(&&state.code()[..2]),
            None => is_untrusted(error) || is_of_settings(error),
        }
    }

    /// Whether the environment is the cause, not the statement: the same work may succeed later.
    fn is_of_the_surroundings(&self) -> bool {
        if self.is_refused() {
            return false;
        }
        if self.is_of_the_connection() {
            return true;
        }
        match self {
            Self::Raced | Self::TimedOut | Self::CopyUnfinished | Self::Pool(_) => true,
            Self::Damaged(_) | Self::Unopened(_) => false,
            Self::Postgres(error) => error.code().is_some_and(|state| {
                let code = state.code();
                // 53: out of disk, memory or connections; 58: a system error; 57014: statement timeout;
                // 55P03: lock not available.
                code.starts_with("53")
                    || code.starts_with("58")
                    || ["57014", "55P03"].contains(&code)
                    || self.may_be_tried_again()
            }),
        }
    }
}

impl From<PoolError> for SqlError {
    fn from(error: PoolError) -> Self {
        Self::Pool(match error {
            // The first statement on a new connection is part of connecting.
            PoolError::PostCreateHook(HookError::Backend(error)) => PoolError::Backend(error),
            other => other,
        })
    }
}

impl From<Damaged> for SqlError {
    fn from(Damaged(what): Damaged) -> Self {
        Self::Damaged(what)
    }
}

impl From<Unreadable> for SqlError {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Damaged(damaged) => damaged.into(),
            Unreadable::Unopened(unopened) => unopened.into(),
        }
    }
}

impl SqlError {
    /// The error for callers. If it is of the connection or of the server's settings, it names the server and
    /// says what to do.
    pub(crate) fn explained(self, server: &str) -> StoreError {
        let text = match &self {
            Self::Pool(PoolError::Backend(_)) | Self::TimedOut => explain::explained(server, &self),
            Self::Postgres(error) if error.code().is_some_and(is_of_rights) => {
                explain::explained(server, &self)
            }
            _ => self.to_string(),
        };
        self.with_text(text)
    }

    /// The driver's error, if there is one.
    pub(crate) fn driver_error(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Postgres(error) | Self::Pool(PoolError::Backend(error)) => Some(error),
            _ => None,
        }
    }

    fn with_text(self, text: String) -> StoreError {
        if matches!(self, Self::Pool(PoolError::Timeout(TimeoutType::Wait))) {
            StoreError::Busy
        } else if self.is_of_the_surroundings() {
            StoreError::Unavailable(text)
        } else {
            StoreError::Internal(text)
        }
    }
}

/// Whether a statement failed because of what the role may do: 42501, or 3F000, without a schema to work in.
fn is_of_rights(state: &SqlState) -> bool {
    ["42501", "3F000"].contains(&state.code())
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        let text = error.to_string();
        error.with_text(text)
    }
}

/// Whether this error was caused by an invalid server certificate.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let tls = error
        .downcast_ref::<rustls::Error>()
        .or_else(|| inner?.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_))) || error.source().is_some_and(is_untrusted)
}

/// Whether the server wants a password and there is none, or has no TLS and `sslmode` requires it.
fn is_of_settings(error: &tokio_postgres::Error) -> bool {
    let cause = Error::source(error).map(ToString::to_string).unwrap_or_default();
    [PASSWORD_MISSING, NO_TLS].contains(&cause.as_str())
}

/// What the driver says if the server wants a password and there is none.
pub(crate) const PASSWORD_MISSING: &str = "password missing";

/// What the driver says if the server has no TLS and `sslmode` requires it.
pub(crate) const NO_TLS: &str = "server does not support TLS";

/// The server's message, if there is one; the driver's own text leaves it out.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => match Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

fn describe_pool(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => describe(error),
        PoolError::Timeout(_) => "all of them are busy".to_owned(),
        other => other.to_string(),
    }
}
