//! The console in a real browser.
//!
//! * [`harness`]: the browser does what the other tests take for granted, shown on the static pages of [`pages`].
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod harness;
mod pages;
