//! The logo that the console shows.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Largest logo, in bytes: it stays in memory and loads with the first page.
const BYTES_MAX: u64 = 256 * 1024;

/// A logo, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The file's format.
    pub kind: LogoKind,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// The format of a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    /// A PNG image.
    Png,
    /// An SVG image.
    Svg,
}

/// Why a file cannot be the logo.
#[derive(Debug, thiserror::Error)]
pub enum LogoError {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// The file is too large.
    #[error("the file is larger than {} KiB", BYTES_MAX / 1024)]
    TooLarge,
    /// The file is neither PNG nor SVG.
    #[error("the file is neither PNG nor SVG")]
    OtherKind,
}

impl LogoKind {
    /// The media type of the format.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

impl Logo {
    /// Reads a logo. The first bytes determine its format, not its name.
    pub fn read(file: &Path) -> Result<Self, LogoError> {
        let mut bytes = Vec::new();
        File::open(file)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(LogoError::TooLarge);
        }
        let kind = kind(&bytes).ok_or(LogoError::OtherKind)?;
        Ok(Self { kind, bytes })
    }
}

/// Recognises PNG by its signature (PNG specification, section 5.2), and SVG as XML whose first element is
/// `svg`.
fn kind(bytes: &[u8]) -> Option<LogoKind> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(LogoKind::Png);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!DOCTYPE") {
            ">"
        } else {
            break;
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
    let name = rest.strip_prefix("<svg")?;
    name.starts_with(|next: char| next.is_whitespace() || next == '>' || next == '/')
        .then_some(LogoKind::Svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_detected_from_the_first_bytes() {
        for svg in [
            "<svg/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- ours -->\n<!DOCTYPE svg PUBLIC \"\" \"\">\n<svg xmlns=\"\"></svg>",
        ] {
            assert_eq!(kind(svg.as_bytes()), Some(LogoKind::Svg), "{svg}");
        }
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0"), Some(LogoKind::Png));
        for other in ["", "GIF89a", "<html><svg/></html>", "<svgx/>", "<?xml", "svg"] {
            assert_eq!(kind(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_logo_has_to_exist_and_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logo");
        assert!(matches!(Logo::read(&file), Err(LogoError::Unreadable(_))));
        let padding = usize::try_from(BYTES_MAX).unwrap() - "<svg/>".len();
        std::fs::write(&file, format!("<svg/>{}", " ".repeat(padding))).unwrap();
        assert_eq!(Logo::read(&file).unwrap().kind.media_type(), "image/svg+xml");
        std::fs::write(&file, format!("<svg/>{}", " ".repeat(padding + 1))).unwrap();
        assert!(matches!(Logo::read(&file), Err(LogoError::TooLarge)));
    }
}
