//! Long values: in place, from a file, or from standard input.

use std::fs::File;
use std::io::Read;

use postrider_json::inspect;

use crate::Failure;

/// Largest input, in bytes: twice the largest body that any installation accepts.
const INPUT_BYTES_MAX: u64 = 32 << 20;

/// Reads the bytes of `-` (standard input) or of a file.
pub fn read(source: &str) -> Result<Vec<u8>, Failure> {
    let read = match source {
        "-" => read_bounded(std::io::stdin().lock()),
        path => File::open(path).and_then(read_bounded),
    };
    let name = if source == "-" { "standard input" } else { source };
    read.map_err(|error| Failure::Usage(format!("cannot read {name}: {error}")))
}

/// The text that `argument` stands for: itself, `@FILE`, or `-` for standard input, without a byte order
/// mark, which editors and PowerShell add. Errors name `flag`.
pub fn text(flag: &str, argument: &str) -> Result<String, Failure> {
    let bytes = match argument.strip_prefix('@') {
        Some(path) => read(path)?,
        None if argument == "-" => read("-")?,
        None => argument.as_bytes().to_vec(),
    };
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{flag}: not valid UTF-8")))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The JSON text that `argument` stands for: JSON in place, `@FILE`, or `-` for standard input. Errors name
/// `flag`.
///
/// The text is returned unchanged, so that the server receives the bytes that were given. Only a byte order
/// mark is removed, which RFC 8259 does not allow.
pub fn json(flag: &str, argument: &str) -> Result<String, Failure> {
    let text = text(flag, argument)?;
    match inspect(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::Usage(format!("{flag} is not JSON: {error}"))),
    }
}

fn read_bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= INPUT_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            INPUT_BYTES_MAX >> 20
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_sent_byte_for_byte_or_refused_with_its_position() {
        assert_eq!(json("--data", "{ \"a\": 1.0 }").unwrap(), "{ \"a\": 1.0 }");
        assert_eq!(json("--data", "\u{feff}{}\r\n").unwrap(), "{}\r\n");
        let error = json("--data", "{a:1}").unwrap_err().to_string();
        assert!(
            error.starts_with("--data is not JSON: expected a name in double quotes"),
            "{error}"
        );
        assert!(
            json("--data", "@/nowhere/at/all")
                .unwrap_err()
                .to_string()
                .contains("/nowhere/at/all")
        );
    }
}
