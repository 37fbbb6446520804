//! Icons, drawn in the page itself: 16 by 16, in the colour of the surrounding text. They only repeat the
//! words beside them, so they are hidden from screen readers.

use std::fmt;

use super::markup;

/// An icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Succeeded, or switched on.
    Check,
    /// Failed.
    Cross,
    /// Waiting, or a timeout.
    Clock,
    /// Canceled, blocked or switched off.
    Stop,
    /// Copy.
    Copy,
    /// A first attempt, or sending a test.
    Send,
    /// A retry or a resend.
    Again,
    /// A warning.
    Warning,
    /// An accepted event.
    Inbox,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Check => "M3 8.5l3.2 3.2L13 5",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Clock => "M8 4.5V8l2.3 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
            Self::Stop => "M4 8h8M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
            Self::Copy => "M6 6h7v7H6zM10 6V3H3v7h3",
            Self::Send => "M14 2L2 7l5 2 2 5zM14 2L7 9",
            Self::Again => "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
            Self::Warning => "M8 2l6.5 11.5h-13zM8 6.5v3M8 11.5v.1",
            Self::Inbox => "M2 9l2-6h8l2 6v4H2zM2 9h3.5a2.5 2.5 0 0 0 5 0H14",
        }
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d="{}"/></svg>"#,
            self.path()
        )
    }
}

markup!(Icon);
