//! Confirmation questions before actions that cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use crate::Failure;

/// Whether standard input is a terminal, so that a person can reply.
pub fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks on standard error, so that standard output holds results only. Returns the reply, trimmed.
pub fn ask(question: &str) -> Result<String, Failure> {
    let mut stderr = io::stderr();
    write!(stderr, "{question} ")?;
    stderr.flush()?;
    let mut reply = String::new();
    io::stdin().read_line(&mut reply)?;
    Ok(reply.trim().to_owned())
}

/// Whether a reply means yes. Anything else, including an empty reply, means no.
pub fn is_yes(reply: &str) -> bool {
    matches!(reply.to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_means_yes() {
        assert!(["y", "Y", "yes", "YES"].into_iter().all(is_yes));
        assert!(!["", "n", "no", "yep", "ye s"].into_iter().any(is_yes));
    }
}
