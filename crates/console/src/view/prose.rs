//! Text of the documentation, which is markup already.

use std::fmt;

use postrider_docs::Html;

use super::markup;

/// Shows it as it is: [`postrider_docs`] has escaped what is no markup of its own.
pub struct Prose<'a>(pub &'a Html);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

markup!(Prose<'_>);
