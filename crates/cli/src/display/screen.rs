//! Standard output.

use std::io::{Stdout, Write as _};

use super::Paint;
use crate::Failure;

/// Standard output. Unlike `println!`, it returns an error instead of panicking when the reader has left.
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

    /// The colours that it shows.
    pub const fn paint(&self) -> Paint {
        self.paint
    }

    /// Prints a text, adds a missing line feed at its end, and flushes.
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
