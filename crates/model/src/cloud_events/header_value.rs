//! The values of attributes in headers (HTTP protocol binding, section 3.1.3.2).

use std::borrow::Cow;

/// The value of an attribute as a header has it: spaces, double quotes, percent signs and everything but
/// visible ASCII are percent-encoded.
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'"' | b'%' => push_encoded(byte, &mut encoded),
            b'!'..=b'~' => encoded.push(char::from(byte)),
            _ => push_encoded(byte, &mut encoded),
        }
    }
    encoded
}

fn push_encoded(byte: u8, encoded: &mut String) {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    encoded.push('%');
    encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
    encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// The value of an attribute that a header has: double quotes around it are removed, then one round of
/// percent-encoding. A percent sign without two hexadecimal digits stays, because several SDKs do not encode.
/// `None` if the result is not UTF-8.
pub fn decode(header: &str) -> Option<Cow<'_, str>> {
    let text = unquoted(header);
    if !text.contains('%') {
        return Some(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escaped = pair.and_then(hex_pair);
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// Without the double quotes and backslashes of a quoted string (RFC 7230, section 3.2.6), which producers of
/// older versions of the binding send.
fn unquoted(header: &str) -> Cow<'_, str> {
    let inside = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside else {
        return header.into();
    };
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_a_header() {
        for value in ["a", "Euro € 😀", "100%", "%41", "say \"hi\"", "a\\b", "tab\t"] {
            let encoded = encode(value);
            assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()), "{encoded}");
            assert_eq!(decode(&encoded).as_deref(), Some(value));
        }
        // The example of the binding.
        assert_eq!(encode("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
    }

    #[test]
    fn headers_of_other_encoders_are_read_once() {
        for (header, value) in [
            ("\"a \\\"b\\\\ %20\"", Some("a \"b\\  ")),
            ("\"", Some("\"")),
            ("%e2%82%ac", Some("€")),
            ("%2541", Some("%41")),
            ("100%", Some("100%")),
            ("%4", Some("%4")),
            ("%zz%+1", Some("%zz%+1")),
            ("%ff", None),
            ("%C0%80", None),
        ] {
            assert_eq!(decode(header).as_deref(), value, "{header}");
        }
    }
}
