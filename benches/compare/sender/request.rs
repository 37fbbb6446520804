//! The requests that result from a description.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::description::{Call, Description};
use super::environment;
use super::template::{self, Values};
use super::{Fault, Pointer};

/// Digits of an event's number.
pub const DIGITS: usize = 8;

/// Stands for a digit of the number until it is known. No description and no payload contains it.
const UNKNOWN_DIGIT: char = '\u{1}';

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// All headers but `Host` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request that posts an event, for any number.
#[derive(Debug, Clone)]
pub struct EventRequest {
    /// The whole request.
    pub bytes: Vec<u8>,
    /// Where the number's digits belong.
    pub offsets: Vec<usize>,
}

/// The data of an event: a JSON object in which the digits of the event's number are missing.
#[derive(Debug, Clone)]
pub struct Payload(String);

impl Payload {
    /// Data whose number is the eight digits at this offset.
    pub fn new(data: &str, number_at: usize) -> Self {
        let (before, rest) = data.split_at(number_at);
        let number = UNKNOWN_DIGIT.to_string().repeat(DIGITS);
        Self(format!("{before}{number}{}", &rest[DIGITS..]))
    }

    /// The data in a JSON string. It has no control characters, so only these two are escaped.
    fn in_string(&self) -> String {
        self.0.replace('\\', r"\\").replace('"', r#"\""#)
    }
}

impl Description {
    /// The request of a step of the set-up.
    pub fn setup_request(&self, step: usize, values: &Values) -> Result<Request, Fault> {
        self.request(&self.setup[step].call(), values)
            .map_err(|fault| fault.at(&format!("setup {}", step + 1)))
    }

    /// Adds the values that a step captures from its response.
    pub fn capture(&self, step: usize, response: &[u8], values: &mut Values) -> Result<(), Fault> {
        for (name, pointer) in &self.setup[step].capture {
            let text = Pointer::parse(pointer)?.text(response).ok_or_else(|| {
                Fault::new(format!(
                    "setup {}: the response has no text or number at {pointer}: {}",
                    step + 1,
                    String::from_utf8_lossy(response)
                ))
            })?;
            if text.is_empty() || !environment::is_plain(&text) {
                return Err(Fault::new(format!(
                    "setup {}: the {name} in the response is empty, or has a character other than visible ASCII \
                     without quotes, backslashes and braces",
                    step + 1
                )));
            }
            values.insert(name.clone(), text);
        }
        Ok(())
    }

    /// The request that posts an event with this data.
    pub fn event_request(&self, values: &Values, payload: &Payload) -> Result<Request, Fault> {
        let mut values = values.clone();
        values.insert("n".to_owned(), UNKNOWN_DIGIT.to_string().repeat(DIGITS));
        values.insert("payload".to_owned(), payload.0.clone());
        values.insert("payload_string".to_owned(), payload.in_string());
        self.request(&self.event.call(), &values)
            .map_err(|fault| fault.at("event"))
    }

    fn request(&self, call: &Call<'_>, values: &Values) -> Result<Request, Fault> {
        let mut by_name: BTreeMap<String, (&String, &String)> = BTreeMap::new();
        for header in self.headers.iter().chain(call.headers) {
            by_name.insert(header.0.to_ascii_lowercase(), header);
        }
        let is_json = match by_name.get("content-type") {
            Some((_, value)) => value.contains("json"),
            None => call.body.is_some(),
        };
        let mut headers = Vec::new();
        if is_json && !by_name.contains_key("content-type") {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        for (name, value) in by_name.into_values() {
            headers.push((name.clone(), template::fill(value, values)?));
        }
        let body = template::fill(call.body.unwrap_or_default(), values)?;
        if is_json && call.body.is_some() {
            let numbered = body.replace(UNKNOWN_DIGIT, "0");
            if let Err(error) = serde_json::from_str::<IgnoredAny>(&numbered) {
                return Err(Fault::new(format!("the body is not JSON: {error}: {numbered}")));
            }
        }
        Ok(Request {
            method: call.method.to_owned(),
            path: template::fill(call.path, values)?,
            headers,
            body,
        })
    }
}

impl Request {
    /// The request as it is sent to this host.
    pub fn bytes(&self, authority: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {authority}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if self.method != "GET" || !self.body.is_empty() {
            text += &format!("Content-Length: {}\r\n", self.body.len());
        }
        text += "\r\n";
        text += &self.body;
        text.into_bytes()
    }

    /// The request with the number of an event.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let unknown = UNKNOWN_DIGIT.to_string().repeat(DIGITS);
        let digits = format!("{number:0DIGITS$}");
        let fill = |text: &str| text.replace(&unknown, &digits);
        Self {
            method: self.method.clone(),
            path: fill(&self.path),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect(),
            body: fill(&self.body),
        }
    }

    /// The request to this host, ready for any number.
    pub fn for_numbers(&self, authority: &str) -> EventRequest {
        let bytes = self.bytes(authority);
        let unknown = vec![UNKNOWN_DIGIT as u8; DIGITS];
        let (mut offsets, mut from) = (Vec::new(), 0);
        while let Some(at) = bytes[from..].windows(DIGITS).position(|window| window == unknown) {
            offsets.push(from + at);
            from += at + DIGITS;
        }
        EventRequest { bytes, offsets }
    }
}

impl EventRequest {
    /// Writes the number of an event.
    pub fn set_number(&mut self, number: u32) {
        for offset in &self.offsets {
            let mut rest = number;
            for digit in self.bytes[*offset..*offset + DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
    }
}
