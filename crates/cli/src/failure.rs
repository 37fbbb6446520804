//! How a command fails: what it prints on standard error, and its exit code.

use crate::client::Problem;

/// Exit codes, as the help of `postrider` lists them.
pub mod exit {
    /// The server refused, or the work failed.
    pub const FAILED: u8 = 1;
    /// The command line, a variable or the file is wrong; nothing was done. The number that clap uses too.
    pub const USAGE: u8 = 2;
    /// No server answered.
    pub const UNREACHABLE: u8 = 3;
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line is wrong in a way that only the command can see.
    #[error("{0}")]
    Usage(String),
    /// The server refused.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// No server answered.
    #[error("cannot reach {url}: {message}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// Why it did not answer.
        message: String,
    },
    /// Anything else that keeps a command from doing its work.
    #[error("{0}")]
    Failed(String),
    /// Standard output is gone or full.
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

    /// Whether whoever read the output has left (`postrider events list | head`): no failure at all.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
