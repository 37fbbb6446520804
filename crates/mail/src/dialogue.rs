//! The record of what Postrider and the mail server said.
//!
//! It holds neither the password nor the message. If the server repeats the password, in clear or in base64,
//! the record shows [`MASK`]. Every text in it is bounded, and so is the number of steps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::custom_header::MASK;

use crate::answer::Answer;
use crate::settings::Credentials;

/// Maximum steps in the record. The longest dialogue has 20: a greeting, two `EHLO`, `STARTTLS`, three of
/// `AUTH`, `MAIL`, ten `RCPT`, `DATA`, the message. `RSET` is sent over a reused connection only.
const STEPS_MAX: usize = 20;

/// Maximum bytes of an answer that are kept: a refusal with its link, or the first ten lines of `EHLO`. A
/// whole dialogue then takes at most about 16 KiB.
pub const ANSWER_BYTES_KEPT: usize = 512;

/// Maximum bytes of a command that are kept: `RCPT TO:` with the longest address.
const COMMAND_BYTES_KEPT: usize = 300;

/// Shortest secret that is masked: shorter texts occur in any answer by chance.
const SECRET_BYTES_MIN: usize = 4;

/// What was said over a connection for one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialogue {
    /// The server: `host:port`.
    pub server: String,
    /// The version of TLS, such as `TLSv1.3`; `None` without encryption.
    pub tls: Option<&'static str>,
    /// Whether the connection had carried other messages, so that greeting, TLS and `AUTH` are missing here.
    pub is_reused: bool,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// A command and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The command, with [`MASK`] in the place of secrets; `None` for the greeting, which nobody asked for.
    /// The message itself is `(message of N bytes)`.
    pub command: Option<String>,
    /// The code of the answer; `None` if there was none.
    pub code: Option<u16>,
    /// The enhanced status code of the answer (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The text of the answer, lines separated by `\n`, at most [`ANSWER_BYTES_KEPT`].
    pub answer: String,
}

impl Dialogue {
    /// The code of the last answer, if there was one.
    pub fn last_code(&self) -> Option<u16> {
        self.steps.iter().rev().find_map(|step| step.code)
    }

    pub(crate) fn begin(&mut self, command: Option<String>) {
        if self.steps.len() < STEPS_MAX {
            self.steps.push(Step {
                command: command.map(|it| cut(&it, COMMAND_BYTES_KEPT)),
                code: None,
                enhanced: None,
                answer: String::new(),
            });
        }
    }

    pub(crate) fn answered(&mut self, answer: &Answer) {
        if let Some(step) = self.steps.last_mut().filter(|step| step.code.is_none()) {
            step.code = Some(answer.code);
            step.enhanced = answer.enhanced().map(str::to_owned);
            step.answer = answer.text();
        }
    }
}

/// The beginning of a text: at most this many bytes, the last ones an ellipsis if something is missing.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max - ELLIPSIS.len());
    format!("{}{ELLIPSIS}", &text[..end])
}

/// The texts that give the password away, the longest first, so that none leaves a part of another.
#[derive(Default)]
pub(crate) struct Masks(Vec<String>);

impl Masks {
    pub(crate) fn new(credentials: Option<&Credentials>) -> Self {
        let Some(Credentials { user, password }) = credentials else {
            return Self::default();
        };
        let password = password.reveal();
        let mut texts = vec![
            STANDARD.encode(format!("\0{user}\0{password}")),
            STANDARD.encode(password),
            password.to_owned(),
        ];
        texts.retain(|it| it.len() >= SECRET_BYTES_MIN);
        texts.sort_by_key(|it| std::cmp::Reverse(it.len()));
        Self(texts)
    }

    /// The lines of an answer with the secrets masked. One that has spaces may be spread over lines, which a
    /// sentence about the answer joins with spaces.
    pub(crate) fn masked(&self, lines: Vec<String>) -> Vec<String> {
        if self.0.is_empty() {
            return lines;
        }
        let text = self.0.iter().fold(lines.join("\n"), |text, it| masked(&text, it));
        text.split('\n').map(str::to_owned).collect()
    }
}

/// The text with [`MASK`] in place of a secret. A line break counts as a space.
fn masked(text: &str, secret: &str) -> String {
    // Both are one byte, so that the places in the two texts are the same.
    let on_one_line = text.replace('\n', " ");
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, found) in on_one_line.match_indices(secret) {
        out.push_str(&text[end..at]);
        out.push_str(MASK);
        end = at + found.len();
    }
    out.push_str(&text[end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcdefg", 6), "abc…");
        assert_eq!(cut("aüüüü", 7), "aü…");
    }

    #[test]
    fn a_record_is_bounded_whatever_the_server_says() {
        let answer = Answer {
            code: 250,
            lines: vec!["x".repeat(2_000); 8],
        };
        let mut dialogue = Dialogue::default();
        for _ in 0..1_000 {
            dialogue.begin(Some("y".repeat(10_000)));
            dialogue.answered(&answer);
        }
        let bytes: usize = dialogue
            .steps
            .iter()
            .map(|it| it.answer.len() + it.command.as_deref().map_or(0, str::len))
            .sum();
        assert!(
            bytes <= STEPS_MAX * (ANSWER_BYTES_KEPT + COMMAND_BYTES_KEPT),
            "{bytes}"
        );
    }
}
