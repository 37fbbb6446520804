//! URLs and names of event types, which have no spaces: a line breaks behind their punctuation rather than in
//! the middle of a word.

use std::fmt;

use askama::FastWritable;
use askama::filters::{Html, HtmlSafe, escape};

/// A text with `<wbr>` between its pieces. What a person copies has none of them.
pub struct Breakable<'a>(&'a str);

/// The text, to be shown.
pub fn breakable(text: &str) -> Breakable<'_> {
    Breakable(text)
}

impl Breakable<'_> {
    /// The pieces, each with the punctuation that ends it.
    fn pieces(&self) -> impl Iterator<Item = &str> {
        self.0
            .split_inclusive(['.', '/', '?', '&', '=', '-', '_', ':', ','])
    }
}

impl fmt::Display for Breakable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, piece) in self.pieces().enumerate() {
            // `https://` stays in one piece.
            if at > 0 && piece != "/" {
                f.write_str("<wbr>")?;
            }
            let Ok(escaped) = escape(piece, Html);
            write!(f, "{escaped}")?;
        }
        Ok(())
    }
}

impl FastWritable for Breakable<'_> {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(write!(dest, "{self}")?)
    }
}

impl HtmlSafe for Breakable<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_behind_punctuation_and_the_text_is_escaped() {
        for (text, expected) in [
            ("proposal.accepted", "proposal.<wbr>accepted"),
            (
                "https://crm.example.com/hooks?a=<b>",
                "https://<wbr>crm.<wbr>example.<wbr>com/<wbr>hooks?<wbr>a=<wbr>&#60;b&#62;",
            ),
            ("", ""),
        ] {
            assert_eq!(breakable(text).to_string(), expected);
        }
    }
}
