//! The record of what Postrider and the mail server said.
//!
//! It holds neither the password nor the message. If the server repeats the password, in clear or in base64,
//! the record shows [`MASK`]; from `MAIL` on, also in place of the mail server's names. Every text in it is
//! bounded, and so is the number of steps.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_egress::Host;
use postrider_model::custom_header::MASK;

use crate::answer::Answer;
use crate::settings::{Credentials, SmtpSettings};

/// Maximum steps in the record. The longest dialogue has 20: a greeting, two `EHLO`, `STARTTLS`, three of
/// `AUTH`, `MAIL`, ten `RCPT`, `DATA`, the message. `RSET` is sent over a reused connection only.
const STEPS_MAX: usize = 20;

/// Maximum bytes of an answer that are kept: a refusal with its link, or the first ten lines of `EHLO`. A
/// whole dialogue then takes at most about 16 KiB.
pub(crate) const ANSWER_BYTES_KEPT: usize = 512;

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
    /// The text of the answer, lines separated by `\n`, at most 512 bytes.
    pub answer: String,
}

impl Step {
    /// Whether this is `MAIL`, with which the transaction of a message begins.
    pub fn is_mail(&self) -> bool {
        let command = self.command.as_deref();
        command.is_some_and(|command| command.starts_with("MAIL FROM:"))
    }
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

/// Names by which the mail server calls itself or is called in the settings. They show how the operator's
/// network is built, and replies to `RCPT` and to the message, which customers read, repeat them.
#[derive(Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The host of the settings and the names at the beginning of these answers, to the connection and to
    /// `EHLO`. Only names with a dot and addresses: other words occur in any answer by chance. The sender's
    /// domain is no secret.
    pub(crate) fn of(settings: &SmtpSettings, answers: [&Answer; 2]) -> Self {
        let first_words = answers.map(|answer| {
            let line = answer.lines.first().map(String::as_str).unwrap_or_default();
            line.split(' ').next().unwrap_or_default()
        });
        let host = match &settings.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        };
        let domain = settings.sender.address.domain().to_ascii_lowercase();
        let names = first_words.into_iter().chain([host.as_str()]);
        let names = names.map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase());
        let mut names: Vec<_> = names.filter(|name| is_host(name) && *name != domain).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        Self(names)
    }

    /// The lines with the names masked, in upper and lower case.
    pub(crate) fn masked(&self, lines: Vec<String>) -> Vec<String> {
        let masked = |line: String| self.0.iter().fold(line, |line, name| without(&line, name));
        lines.into_iter().map(masked).collect()
    }
}

/// Whether a word is a name with a dot, or an address.
fn is_host(word: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_');
    let inner = word.trim_matches('.');
    let is_name =
        inner.contains('.') && word.bytes().all(is_part) && word.bytes().any(|it| it.is_ascii_alphabetic());
    is_name || word.parse::<IpAddr>().is_ok()
}

/// The text with [`MASK`] in place of a name in lower case, where the name is not a part of a longer word.
fn without(text: &str, name: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '-');
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, found) in lower.match_indices(name) {
        let after = at + found.len();
        if is_word(text[..at].chars().next_back()) || is_word(text[after..].chars().next()) {
            continue;
        }
        out.push_str(&text[end..at]);
        out.push_str(MASK);
        end = after;
    }
    out.push_str(&text[end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SmtpTexts;

    fn names(url: &str, greeting: &str, hello: &str) -> Names {
        let settings = SmtpSettings::read(&SmtpTexts {
            url,
            user: None,
            password: None,
            from: "a@example.com",
        });
        let [greeting, hello] = [greeting, hello].map(|line| Answer {
            code: 220,
            lines: vec![line.to_owned()],
        });
        Names::of(&settings.unwrap(), [&greeting, &hello])
    }

    #[test]
    fn an_answer_shows_no_name_of_the_server_and_keeps_all_other_words() {
        let names = names(
            "smtp://Relay.internal:25?tls=none",
            "mta-7.internal ESMTP",
            "[10.0.0.7] hi",
        );
        for (said, shown) in [
            ("5.1.1 MTA-7.Internal knows no bob", "5.1.1 •••• knows no bob"),
            ("queued by relay.internal[10.0.0.7].", "queued by ••••[••••]."),
            ("<1@x.mta-7.internal>", "<1@x.••••>"),
            (
                "10.0.0.70 and my-mta-7.internals, ü",
                "10.0.0.70 and my-mta-7.internals, ü",
            ),
        ] {
            assert_eq!(names.masked(vec![said.to_owned()]), [shown]);
        }
    }

    #[test]
    fn words_that_are_no_name_and_the_senders_domain_are_not_masked() {
        let names = names("smtp://mail:25?tls=none", "2.0.0 ready", "Example.com");
        assert_eq!(names.0, [""; 0]);
        for word in ["", "4.3.2", ".", "hello", "a.b/c", "x."] {
            assert!(!is_host(word), "{word}");
        }
    }

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
