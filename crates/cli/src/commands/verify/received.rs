//! The headers of a request that concern its signatures.

use crate::Failure;
use crate::input;

/// Most signatures of one request.
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

impl Received {
    /// Reads headers from flags and from a file with one per line.
    pub fn read(flags: &[String], file: Option<&str>) -> Result<Self, Failure> {
        let mut received = Self::default();
        for (name, value) in headers(flags, file)? {
            received.add(&name, &value);
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

    fn checked(self) -> Result<Self, Failure> {
        if self.signatures.is_empty() {
            return Err(Failure::Usage(
                "no signature among the headers: expected …-Signature or webhook-signature".to_owned(),
            ));
        }
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(Failure::Usage(format!(
                "expected at most {SIGNATURES_MAX} signatures"
            )));
        }
        let is_standard = self
            .signatures
            .iter()
            .any(|signature| signature.scheme == Scheme::Standard);
        if is_standard && self.signed_as().is_none() {
            return Err(Failure::Usage(
                "webhook-signature also signs webhook-id and webhook-timestamp (whole seconds): give both headers"
                    .to_owned(),
            ));
        }
        Ok(self)
    }
}

/// Names and values of headers, from flags and from a file with one per line.
pub fn headers(flags: &[String], file: Option<&str>) -> Result<Vec<(String, String)>, Failure> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut headers = Vec::new();
    for flag in flags {
        let header = split(flag)
            .ok_or_else(|| Failure::Usage(format!("--header: expected `Name: value`, not `{flag}`")))?;
        headers.push(owned(header));
    }
    if let Some(file) = file {
        let bytes = input::read(file)?;
        // Other lines, such as the request line, are ignored: people paste what they have.
        let text = String::from_utf8_lossy(&bytes);
        headers.extend(text.lines().filter_map(split).map(owned));
    }
    Ok(headers)
}

fn split(header: &str) -> Option<(&str, &str)> {
    let (name, value) = header.split_once(':')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, value.trim()))
}
