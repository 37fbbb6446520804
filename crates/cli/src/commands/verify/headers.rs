//! The headers of a request, from flags and from a file.

use postrider_signing::diagnosis::header_line;

use crate::Failure;
use crate::input;

/// Names and values of headers, from flags and from a file with one per line.
pub fn read(flags: &[String], file: Option<&str>) -> Result<Vec<(String, String)>, Failure> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut headers = Vec::new();
    for flag in flags {
        let header = header_line(flag)
            .ok_or_else(|| Failure::Usage(format!("--header: expected `Name: value`, not `{flag}`")))?;
        headers.push(owned(header));
    }
    if let Some(file) = file {
        let bytes = input::read(file)?;
        // Other lines, such as the request line, are ignored: people paste what they have.
        let text = String::from_utf8_lossy(&bytes);
        headers.extend(text.lines().filter_map(header_line).map(owned));
    }
    Ok(headers)
}
