//! The trace that a request belongs to, by the header `traceparent` of W3C Trace Context
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use std::fmt;

use http::HeaderValue;

/// The id of a trace: 32 lowercase hexadecimal digits, not all of them 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

/// Length of a version-00 header; later versions may append to it.
const LENGTH: usize = 55;

impl TraceId {
    /// The trace that the header names. `None` if the header breaks the specification: the trace then begins
    /// here, and has no id.
    pub fn of(header: &HeaderValue) -> Option<Self> {
        let bytes = header.as_bytes();
        let text = std::str::from_utf8(bytes.get(..LENGTH)?).ok()?;
        let mut fields = text.split('-');
        let mut field = |digits: usize| {
            let field = fields.next()?;
            let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            (field.len() == digits && field.bytes().all(is_hex)).then_some(field)
        };
        let (version, trace, parent) = (field(2)?, field(32)?, field(16)?);
        field(2)?;
        let has_more = bytes.len() > LENGTH;
        let is_known = match version {
            "ff" => false,
            "00" => !has_more,
            _ => !has_more || bytes[LENGTH] == b'-',
        };
        let trace = u128::from_str_radix(trace, 16).ok()?;
        let parent = u64::from_str_radix(parent, 16).ok()?;
        (is_known && trace != 0 && parent != 0).then_some(Self(trace))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Option<String> {
        TraceId::of(&header.parse().unwrap()).map(|id| id.to_string())
    }

    #[test]
    fn a_header_of_the_specification_names_its_trace() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for header in [
            format!("00-{id}-00f067aa0ba902b7-01"),
            format!("cc-{id}-00f067aa0ba902b7-01"),
            format!("cc-{id}-00f067aa0ba902b7-01-what-the-future-adds"),
        ] {
            assert_eq!(of(&header).as_deref(), Some(id), "{header}");
        }
    }

    #[test]
    fn a_header_that_breaks_the_specification_names_none() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for header in [
            String::new(),
            id.to_owned(),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("00-{id}-00f067aa0ba902b7-01-more"),
            format!("cc-{id}-00f067aa0ba902b7-01.more"),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{id}-0000000000000000-01"),
            format!("00-{id}-00f067aa0ba902b7-0x"),
            format!("00-{id}-00f067aa0ba902b7"),
            format!("00_{id}_00f067aa0ba902b7_01"),
        ] {
            assert_eq!(of(&header), None, "{header}");
        }
    }
}
