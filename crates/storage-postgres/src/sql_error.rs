//! What a failed statement means to a caller.

use std::error::Error;
use std::io;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use postrider_storage::StoreError;
use postrider_storage::encoding::Damaged;
use tokio_postgres::error::SqlState;

/// The SQLSTATE of `fail_as_not_all`, of a class that PostgreSQL has no errors in.
const NOT_ALL: &str = "PR001";

/// Why a piece of SQL work failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// The database refused a statement, or the connection to it failed.
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("no connection: {}", describe_pool(.0))]
    Pool(PoolError),
    /// Another transaction did at the same time what this one was about to do: trying again finds it done.
    #[error("another transaction was faster, again and again")]
    Raced,
    /// The verb took longer than it may.
    #[error("no answer in time")]
    TimedOut,
    /// No session may begin.
    #[error("a copy into this database is unfinished")]
    CopyUnfinished,
    /// A row holds what this code never writes.
    #[error("a stored row is damaged: {0}")]
    Damaged(&'static str),
}

/// The outcome of a piece of SQL work.
pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// What the server called it, where the server said something.
    pub(crate) fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Pool(PoolError::Backend(error)) => error.code(),
            _ => None,
        }
    }

    /// Whether the same work may succeed when done again at once: it lost against another transaction, or
    /// this process got no processor for so long that the server gave the transaction up.
    pub(crate) fn may_be_tried_again(&self) -> bool {
        let lost = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        matches!(self, Self::Raced) || self.state().is_some_and(|state| lost.contains(state))
    }

    /// Whether a statement undid its transaction, because it would not have changed all the rows that it
    /// should (`fail_as_not_all` in the schema).
    pub(crate) fn is_not_all(&self) -> bool {
        self.state().is_some_and(|state| state.code() == NOT_ALL)
    }

    /// Whether this connection, or the server behind it, is of no use any more: it is gone, shutting down, or
    /// a standby that takes no writes.
    pub(crate) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Pool(
                PoolError::Backend(_) | PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle),
            ) => true,
            Self::Pool(_) | Self::TimedOut | Self::Raced | Self::CopyUnfinished | Self::Damaged(_) => false,
            Self::Postgres(error) => match error.code() {
                // Nothing came back: the connection is broken, or this client asked for something impossible.
                None => {
                    error.is_closed() || Error::source(error).is_some_and(|source| source.is::<io::Error>())
                }
                Some(state) => {
                    let code = state.code();
                    // 08: connection exceptions; 57P: the server is stopping, starting, or threw us out.
                    code.starts_with("08")
                        || code.starts_with("57P")
                        || *state == SqlState::READ_ONLY_SQL_TRANSACTION
                }
            },
        }
    }

    /// Whether the server said that the statement failed, and goes on serving: the statement was not done.
    pub(crate) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code().is_some()) && !self.is_of_the_connection()
    }

    /// Whether the server does not want us (a wrong password, 28; no such database, 3D), or we do not trust
    /// it. Waiting will not mend that.
    fn is_refused(&self) -> bool {
        let Self::Pool(PoolError::Backend(error)) = self else {
            return false;
        };
        match error.code() {
            Some(state) => ["28", "3D"].contains(&&state.code()[..2]),
            None => is_untrusted(error),
        }
    }

    /// Whether the surroundings are to blame, not the statement: the same work may succeed later.
    fn is_of_the_surroundings(&self) -> bool {
        if self.is_refused() {
            return false;
        }
        if self.is_of_the_connection() {
            return true;
        }
        match self {
            Self::Raced | Self::TimedOut | Self::CopyUnfinished | Self::Pool(_) => true,
            Self::Damaged(_) => false,
            Self::Postgres(error) => error.code().is_some_and(|state| {
                let code = state.code();
                // 53: out of disk, memory or connections; 58: the system failed; 57014: took too long;
                // 55P03: a lock was not to be had.
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
            // The first statement of a new connection is a part of connecting.
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

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        if matches!(error, SqlError::Pool(PoolError::Timeout(TimeoutType::Wait))) {
            Self::Busy
        } else if error.is_of_the_surroundings() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(error.to_string())
        }
    }
}

/// Whether somewhere behind this the server's certificate is what is wrong.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let tls = error
        .downcast_ref::<rustls::Error>()
        .or_else(|| inner?.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_))) || error.source().is_some_and(is_untrusted)
}

/// The server's words where it said something; the driver's own text leaves them out.
fn describe(error: &tokio_postgres::Error) -> String {
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
