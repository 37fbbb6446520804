//! Standard output.

use std::io::{Stdout, Write as _};

use super::Paint;
use crate::Failure;

/// Standard output. Unlike `println!` it makes an error, not a panic, of a reader who has left.
#[derive(Debug)]
pub struct Screen {
    out: Stdout,
    paint: Paint,
}

impl Screen {
    /// Standard output, in colour if it is a terminal.
    pub fn new() -> Self {
        let out = std::io::stdout();
        Self {
            paint: Paint::for_stream(&out),
            out,
        }
    }

    /// The colours that it can show.
    pub const fn paint(&self) -> Paint {
        self.paint
    }

    /// Prints a text, with a line feed behind it where it has none, and sees that it is out.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = self.out.lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}
