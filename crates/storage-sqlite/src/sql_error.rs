//! The meaning of a failed statement for callers.

use postrider_storage::StoreError;
use postrider_storage::encoding::Damaged;
use postrider_storage::sealing::{Unopened, Unreadable};
use rusqlite::ErrorCode;

/// Why SQL work failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// SQLite rejected a statement.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds a value that this code never writes.
    #[error("a stored row is damaged: {0}")]
    Damaged(&'static str),
    /// A sealed value did not open.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// The code panicked.
    #[error("a defect: {0}")]
    Panicked(String),
}

/// The result of SQL work.
pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// Whether the connection may be the cause: what it knows of the file, or of the log, does not agree with
    /// the disk after a read or a write has failed. Another connection may find the file as it should be.
    pub(crate) fn may_be_of_the_connection(&self) -> bool {
        matches!(
            self.code(),
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::CannotOpen
            )
        )
    }

    /// Whether a sync may have failed.
    pub(crate) fn may_be_a_failed_sync(&self) -> bool {
        self.code() == Some(ErrorCode::SystemIoFailure)
    }

    /// Whether the environment is the cause (the disk is full, the file cannot be written), not the
    /// statement: the same work may succeed later, and other work would fail now as well.
    pub(crate) fn is_of_the_surroundings(&self) -> bool {
        matches!(
            self.code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied
                    | ErrorCode::OutOfMemory
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::FileLockingProtocolFailed
            )
        )
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Damaged(_) | Self::Unopened(_) | Self::Panicked(_) => None,
        }
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

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        if error.is_of_the_surroundings() || error.may_be_of_the_connection() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(error.to_string())
        }
    }
}
