//! Sentences with code in them, as messages of other crates write it: between backticks.

use std::fmt;

use askama::filters::{Html, escape};

use super::markup;

/// Shows text between two backticks as code, and everything else as it is.
pub struct Coded(pub String);

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('`').peekable();
        let mut is_code = false;
        while let Some(part) = parts.next() {
            let escaped = escape(part, Html).map_err(|_| fmt::Error)?;
            match (is_code, parts.peek()) {
                (true, Some(_)) => write!(f, "<code>{escaped}</code>")?,
                // The last backtick has no partner.
                (true, None) => write!(f, "`{escaped}")?,
                (false, _) => write!(f, "{escaped}")?,
            }
            is_code = !is_code;
        }
        Ok(())
    }
}

markup!(Coded);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_everything_is_escaped() {
        let shown = |text: &str| Coded(text.to_owned()).to_string();
        assert_eq!(shown("a `b` c"), "a <code>b</code> c");
        assert_eq!(shown("`<b>` & `"), "<code>&#60;b&#62;</code> &#38; `");
    }
}
