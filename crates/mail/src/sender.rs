//! Whom messages come from.

use std::str::FromStr;

use postrider_model::{EmailAddress, EmailAddressError};

/// Maximum characters of a sender's name. Mail programs show about thirty.
const NAME_CHARS_MAX: usize = 100;

/// A name that people read, and the address that replies and bounces go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name; `None` if there is only an address.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

/// Why a text is not a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// It has no closed pair of angle brackets at its end.
    #[error("write Name <name@example.com>, or the address alone")]
    Brackets,
    /// The name is too long, or has control characters.
    #[error("the name can have at most {NAME_CHARS_MAX} characters, and no control characters")]
    Name,
    /// The address is wrong.
    #[error(transparent)]
    Address(#[from] EmailAddressError),
}

/// Reads `Name <a@example.com>`, `"Name, Inc." <a@example.com>`, or `a@example.com`.
impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        if text.chars().any(char::is_control) {
            return Err(SenderError::Name);
        }
        let text = text.trim();
        let Some(before) = text.strip_suffix('>') else {
            if text.contains(['<', '>']) {
                return Err(SenderError::Brackets);
            }
            return Ok(Self {
                name: None,
                address: text.parse()?,
            });
        };
        let (name, address) = before.rsplit_once('<').ok_or(SenderError::Brackets)?;
        let name = unquoted(name.trim());
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(SenderError::Name);
        }
        Ok(Self {
            name: Some(name).filter(|it| !it.is_empty()),
            address: address.trim().parse()?,
        })
    }
}

/// A name without the quotes and backslashes of a quoted string (RFC 5322 section 3.2.4).
fn unquoted(name: &str) -> String {
    let quoted = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(quoted) = quoted else {
        return name.to_owned();
    };
    let mut plain = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, name) in [
            ("a@example.com", None),
            ("<a@example.com>", None),
            ("Example <a@example.com>", Some("Example")),
            ("Café Müller <a@example.com>", Some("Café Müller")),
            (
                r#""Example, \"the\" Inc." <a@example.com>"#,
                Some(r#"Example, "the" Inc."#),
            ),
            ("A <b> C <a@example.com>", Some("A <b> C")),
        ] {
            let sender: Sender = text.parse().unwrap();
            assert_eq!(
                (sender.name.as_deref(), sender.address.as_str()),
                (name, "a@example.com"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_sender_is_refused() {
        for text in [
            "",
            "Example",
            "Example <a@example.com",
            "Example a@example.com>",
            "<a@example.com> x",
            "Example <a>",
            "Exam\r\nBcc: b@example.com <a@example.com>",
            "Example <a@example.com>\r\nBcc: b@example.com",
            &format!("{} <a@example.com>", "x".repeat(101)),
        ] {
            assert!(text.parse::<Sender>().is_err(), "{text:?}");
        }
    }
}
