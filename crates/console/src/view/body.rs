//! Bodies of requests and answers, for reading. They are bytes from anywhere: always shown as text, never rendered.

use serde_json::Value;

/// Longest body that is also shown in its pretty form; past it, laying out costs more than it helps.
const PRETTY_BYTES_MAX: usize = 256 * 1024;

/// A body as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// As it came; bytes that are no UTF-8 are replaced.
    pub raw: String,
    /// Laid out, where it is JSON and that makes a difference.
    pub pretty: Option<String>,
    /// Its size in bytes.
    pub bytes: usize,
}

impl Body {
    /// For these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(bytes).into_owned();
        let pretty = (bytes.len() <= PRETTY_BYTES_MAX)
            .then(|| pretty(&raw))
            .flatten()
            .filter(|pretty| *pretty != raw);
        Self {
            raw,
            pretty,
            bytes: bytes.len(),
        }
    }

    /// What to read first.
    pub fn readable(&self) -> &str {
        self.pretty.as_deref().unwrap_or(&self.raw)
    }
}

/// JSON laid out; `None` for anything else. Numbers keep their digits as far as `serde_json` keeps them; who needs the
/// exact bytes reads the raw form.
pub fn pretty(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    if !value.is_array() && !value.is_object() {
        return None;
    }
    serde_json::to_string_pretty(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_all_else_stays_as_it_is() {
        let body = Body::new(br#"{"b":1,"a":[true]}"#);
        assert_eq!(
            body.pretty.as_deref(),
            Some("{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}")
        );
        assert_eq!(Body::new(b"<script>").pretty, None);
        assert_eq!(Body::new(b"\xff").raw, "\u{fffd}");
        assert_eq!(Body::new(b"").bytes, 0);
    }
}
