//! Text of the documentation, which is markup already.

use std::fmt;

use postrider_docs::Html;

use super::markup;

/// Shows the text unchanged: [`postrider_docs`] has already escaped everything except its own markup.
pub struct Prose<'a>(pub &'a Html);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

markup!(Prose<'_>);
