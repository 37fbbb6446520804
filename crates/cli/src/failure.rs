//! How a command fails: its message on standard error, and its exit code.

use serde_json::{Value, json};

use crate::client::Problem;

/// Exit codes, as the help of `postrider` lists them.
pub mod exit {
    /// The server refused the request, or the work failed.
    pub const FAILED: u8 = 1;
    /// The command line, a variable or the settings file is wrong, and nothing was done. clap uses the same
    /// number.
    pub const USAGE: u8 = 2;
    /// The server cannot be reached.
    pub const UNREACHABLE: u8 = 3;
    /// `apply --dry-run --exit-code` found something to change.
    pub const DIFFERENT: u8 = 4;
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line, a variable or the settings file is wrong.
    #[error("{0}")]
    Usage(String),
    /// The server refused the request.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The server cannot be reached.
    #[error("cannot reach {url}: {message}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// Why.
        message: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// Standard output is closed or full.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Unreachable { .. } => exit::UNREACHABLE,
            Self::Problem(_) | Self::Failed(_) | Self::Output(_) => exit::FAILED,
        }
    }

    /// The failure as a problem document (RFC 9457): the server's own, or one of the same shape.
    pub fn document(&self) -> Value {
        let (code, title) = match self {
            Self::Problem(problem) => return problem.document(),
            Self::Usage(_) => ("usage", "The command line, a variable or a file is wrong"),
            Self::Unreachable { .. } => ("unreachable", "The server cannot be reached"),
            Self::Failed(_) => ("failed", "The command failed"),
            Self::Output(_) => ("output", "Standard output is closed or full"),
        };
        json!({"type": "about:blank", "title": title, "detail": self.to_string(), "code": code})
    }

    /// Whether standard output was a terminal that has been closed, to which every write fails with EIO. For
    /// commands that run until somebody stops them, that is one of the ways.
    pub fn is_closed_terminal(&self) -> bool {
        const EIO: i32 = rustix::io::Errno::IO.raw_os_error();
        matches!(self, Self::Output(error) if error.raw_os_error() == Some(EIO))
    }

    /// Whether the reader of the output has left (`postrider events list | head`), which is not a failure.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
