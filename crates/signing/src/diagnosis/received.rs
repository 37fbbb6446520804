//! The headers of a request that concern its signatures.

/// Most signatures of one request: a request has one per live key and header, which is fewer than 20.
const SIGNATURES_MAX: usize = 32;

/// How a signature is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Hexadecimal, of the body, in `…-Signature` or `…-Signature-Next`.
    Postrider,
    /// `v1,` and base64, of id, time and body, in `webhook-signature`.
    Standard,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the header that held the signature, as it was spelled.
    pub header: String,
    /// How the signature is computed.
    pub scheme: Scheme,
    /// The signature. A header with several signatures yields one value each.
    pub value: String,
}

/// The received headers that concern signatures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// All signatures; at least one.
    pub signatures: Vec<Signature>,
    /// `webhook-id`.
    pub id: Option<String>,
    /// `webhook-timestamp`.
    pub timestamp: Option<String>,
}

/// Headers that hold nothing to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceivedError {
    /// No header holds a signature.
    #[error("no signature among the headers: expected …-Signature or webhook-signature")]
    NoSignature,
    /// More signatures than a request has.
    #[error("expected at most {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// `webhook-signature` came without what it signs.
    #[error(
        "webhook-signature also signs webhook-id and webhook-timestamp (whole seconds): give both headers"
    )]
    MissingIdOrTimestamp,
}

impl Received {
    /// Reads the names and values of headers. Those that do not concern signatures are ignored.
    ///
    /// # Errors
    /// See [`ReceivedError`].
    pub fn of<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ReceivedError> {
        let mut received = Self::default();
        for (name, value) in headers {
            received.add(name, value);
        }
        received.checked()
    }

    /// Id and time, which the signatures of Standard Webhooks need.
    pub fn signed_as(&self) -> Option<(&str, i64)> {
        Some((self.id.as_deref()?, self.timestamp.as_deref()?.parse().ok()?))
    }

    fn add(&mut self, name: &str, value: &str) {
        let signature = |scheme, value: &str| Signature {
            header: name.to_owned(),
            scheme,
            value: value.to_owned(),
        };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => self.id = Some(value.to_owned()),
            "webhook-timestamp" => self.timestamp = Some(value.to_owned()),
            "webhook-signature" => {
                let tokens = value.split_ascii_whitespace();
                self.signatures
                    .extend(tokens.map(|token| signature(Scheme::Standard, token)));
            }
            name if name.ends_with("-signature") || name.ends_with("-signature-next") => {
                self.signatures.push(signature(Scheme::Postrider, value));
            }
            _ => {}
        }
    }

    fn checked(self) -> Result<Self, ReceivedError> {
        if self.signatures.is_empty() {
            return Err(ReceivedError::NoSignature);
        }
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(ReceivedError::TooManySignatures);
        }
        let is_standard = self
            .signatures
            .iter()
            .any(|signature| signature.scheme == Scheme::Standard);
        if is_standard && self.signed_as().is_none() {
            return Err(ReceivedError::MissingIdOrTimestamp);
        }
        Ok(self)
    }
}

/// Name and value of a header, from a line such as `Name: value`.
///
/// Also from a line of an object that a program printed (`'name': "value",`) and from what `curl -v` prints
/// (`> Name: value`), because people paste what they have.
pub fn header_line(line: &str) -> Option<(&str, &str)> {
    const QUOTES: [char; 2] = ['"', '\''];
    let line = line.trim();
    let line = line
        .strip_prefix("> ")
        .or_else(|| line.strip_prefix("< "))
        .unwrap_or(line);
    let (name, value) = line.split_once(':')?;
    let (name, mut value) = (name.trim(), value.trim());
    let bare = name.trim_matches(QUOTES);
    if value.starts_with(QUOTES) {
        value = value.trim_end_matches(',').trim_matches(QUOTES);
    }
    (!bare.is_empty() && !bare.contains(char::is_whitespace)).then_some((bare, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_from_what_people_paste() {
        for line in [
            "X-Signature: ab",
            " x-signature:ab ",
            "> X-Signature: ab",
            "  'x-signature': 'ab',",
            "\"X-Signature\": \"ab\"",
        ] {
            let (name, value) = header_line(line).unwrap();
            assert!(
                name.eq_ignore_ascii_case("x-signature") && value == "ab",
                "{line}"
            );
        }
        for line in ["POST /hooks HTTP/1.1", "", "see this: no", ": x"] {
            assert_eq!(header_line(line), None, "{line}");
        }
    }

    #[test]
    fn headers_without_a_signature_are_refused() {
        let refused = |headers: &[(&'static str, &'static str)]| Received::of(headers.iter().copied());
        assert_eq!(refused(&[("X-Y", "1")]), Err(ReceivedError::NoSignature));
        assert_eq!(refused(&[]), Err(ReceivedError::NoSignature));
        assert_eq!(
            refused(&[("webhook-signature", "v1,AAAA")]),
            Err(ReceivedError::MissingIdOrTimestamp)
        );
        let many = vec![("X-Signature", "1"); SIGNATURES_MAX + 1];
        assert_eq!(refused(&many), Err(ReceivedError::TooManySignatures));
    }
}
