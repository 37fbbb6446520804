//! The beginning of an event's data, which tells rows apart.

use super::body::visible;

/// How many bytes an excerpt of this many characters reads. A character has at most four bytes; the factor of
/// eight leaves room for white space between words.
pub const fn bytes(chars: usize) -> usize {
    chars * 8
}

/// The first `chars` characters of the data, on one line.
pub fn excerpt(data: &[u8], chars: usize) -> String {
    let start = &data[..data.len().min(bytes(chars))];
    let text = String::from_utf8_lossy(start);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let mut short: String = line.chars().take(chars).collect();
    if short.len() < line.len() || start.len() < data.len() {
        short.push('…');
    }
    visible(&short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_beginning_on_one_line() {
        assert_eq!(excerpt(b"{\n  \"a\": 1\n}", 120), "{ \"a\": 1 }");
        let long = format!("\"{}\"", "é".repeat(100_000));
        let short = excerpt(long.as_bytes(), 120);
        assert_eq!(short.chars().count(), 121);
        assert!(short.ends_with("é…"));
    }

    #[test]
    fn a_beginning_of_enough_bytes_gives_the_same_excerpt() {
        let data = format!("{{\"a\":\"{}\"}}", "😀  ".repeat(400));
        let beginning = &data.as_bytes()[..bytes(60) + 1];
        assert_eq!(excerpt(beginning, 60), excerpt(data.as_bytes(), 60));
    }
}
