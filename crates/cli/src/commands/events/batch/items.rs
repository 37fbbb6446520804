//! Reads events from a file, line by line (NDJSON) or from a JSON array, and gives each an id.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};

use postrider_model::EventId;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::Failure;

/// Longest line, and largest array, in bytes: as much as any other input of a command.
const BYTES_MAX: u64 = 32 << 20;

/// Most events without an id of their own, whose copies have to be counted: 100 MB of memory.
const DERIVED_MAX: usize = 2_000_000;

/// An event to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The line in the source where it begins, from 1.
    pub line: u64,
    /// The event, with an id.
    pub json: String,
}

/// A line that is not an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnEvent {
    pub line: u64,
    pub detail: String,
}

/// The events of a source, in order.
pub(super) struct Items {
    source: Source,
    ids: Ids,
    total: Option<u64>,
}

enum Source {
    Lines {
        reader: Box<dyn BufRead>,
        line: u64,
    },
    /// The elements of an array that are left, the last one first.
    Elements(Vec<(u64, String)>),
}

impl Items {
    /// The events of a file, or of standard input (`-`).
    pub fn open(source: &str, account: &str, run: Option<&str>) -> Result<Self, Failure> {
        let name = if source == "-" { "standard input" } else { source };
        let failed = |error: io::Error| Failure::Usage(format!("cannot read {name}: {error}"));
        let mut total = None;
        let reader: Box<dyn BufRead> = if source == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            if std::fs::metadata(source).map_err(failed)?.is_file() {
                total = Some(count_lines(source).map_err(failed)?);
            }
            Box::new(BufReader::new(File::open(source).map_err(failed)?))
        };
        Self::of(reader, total, Ids::new(account, run)).map_err(|error| match error {
            Failure::Usage(message) => Failure::Usage(format!("{name}: {message}")),
            other => other,
        })
    }

    fn of(mut reader: Box<dyn BufRead>, mut total: Option<u64>, ids: Ids) -> Result<Self, Failure> {
        let read = |error: io::Error| Failure::Usage(error.to_string());
        let mut line = 0;
        let source = if is_array(&mut *reader, &mut line).map_err(read)? {
            let mut text = String::new();
            let bytes = reader
                .take(BYTES_MAX + 1)
                .read_to_string(&mut text)
                .map_err(read)?;
            if bytes as u64 > BYTES_MAX {
                return Err(Failure::Usage(format!(
                    "the array is larger than {} MiB: write one event per line",
                    BYTES_MAX >> 20
                )));
            }
            let elements = elements(&text, line)?;
            total = total.and(Some(elements.len() as u64));
            Source::Elements(elements)
        } else {
            Source::Lines { reader, line }
        };
        Ok(Self { source, ids, total })
    }

    /// How many events there are, if the source is a file.
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next event, or why the next line is none; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Result<Item, NotAnEvent>>, Failure> {
        let next = match &mut self.source {
            Source::Elements(left) => left.pop(),
            Source::Lines { reader, line } => next_line(&mut **reader, line)?,
        };
        match next {
            None => Ok(None),
            Some((line, text)) => self.ids.item(line, &text).map(Some),
        }
    }
}

/// The next line that is not blank, with its number.
fn next_line(reader: &mut dyn BufRead, line: &mut u64) -> Result<Option<(u64, String)>, Failure> {
    loop {
        let mut bytes = Vec::new();
        let read = reader.take(BYTES_MAX + 1).read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| Failure::Usage(format!("line {}: {error}", *line + 1)))?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        if read as u64 > BYTES_MAX {
            return Err(Failure::Usage(format!(
                "line {line} is longer than {} MiB",
                BYTES_MAX >> 20
            )));
        }
        let text = String::from_utf8_lossy(&bytes);
        // U+FFFD is valid JSON in a string, and would hide that the line is not UTF-8.
        if matches!(text, Cow::Owned(_)) {
            return Ok(Some((*line, String::new())));
        }
        let text = text.trim_matches(|it: char| it.is_ascii_whitespace() || it == '\u{feff}');
        if !text.is_empty() {
            return Ok(Some((*line, text.to_owned())));
        }
    }
}

/// Skips white space and a byte order mark. Whether an array follows.
fn is_array(reader: &mut dyn BufRead, line: &mut u64) -> io::Result<bool> {
    loop {
        let available = reader.fill_buf()?;
        match available.first() {
            None => return Ok(false),
            Some(b'\n') => *line += 1,
            Some(byte) if byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf) => {}
            Some(byte) => return Ok(*byte == b'['),
        }
        reader.consume(1);
    }
}

/// The elements of an array with the lines where they begin, the last one first.
fn elements(text: &str, first_line: u64) -> Result<Vec<(u64, String)>, Failure> {
    let elements: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| Failure::Usage(format!("not a JSON array: {error}")))?;
    let (mut line, mut at) = (first_line + 1, 0);
    let mut numbered: Vec<_> = elements
        .into_iter()
        .map(|element| {
            let begins = element.get().as_ptr() as usize - text.as_ptr() as usize;
            line += text.as_bytes()[at..begins]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count() as u64;
            at = begins;
            (line, element.get().to_owned())
        })
        .collect();
    numbered.reverse();
    Ok(numbered)
}

fn count_lines(path: &str) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let (mut lines, mut last) = (0, b'\n');
    loop {
        let bytes = reader.fill_buf()?;
        let Some(end) = bytes.last() else {
            return Ok(lines + u64::from(last != b'\n'));
        };
        last = *end;
        lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = bytes.len();
        reader.consume(length);
    }
}

/// Derives ids for events that have none.
///
/// The id is a UUIDv8 (RFC 9562, section 5.8) from the account as it was named, the run's name, the line's
/// text, and how many equal lines precede it. So the same file has the same ids again, also after other lines
/// were corrected.
struct Ids {
    salted: Sha256,
    copies: HashMap<[u8; 16], u32>,
}

impl Ids {
    fn new(account: &str, run: Option<&str>) -> Self {
        let mut salted = Sha256::new();
        for part in [account, run.unwrap_or_default()] {
            salted.update((part.len() as u64).to_be_bytes());
            salted.update(part);
        }
        Self {
            salted,
            copies: HashMap::new(),
        }
    }

    fn item(&mut self, line: u64, text: &str) -> Result<Result<Item, NotAnEvent>, Failure> {
        let members: HashMap<String, &RawValue> = match serde_json::from_str(text) {
            Ok(members) => members,
            Err(error) => {
                let detail = match text {
                    "" => "not valid UTF-8".to_owned(),
                    text if text.starts_with('{') => format!("not JSON: {error}"),
                    _ => "expected a JSON object such as {\"type\":\"proposal.accepted\",\"data\":{}}"
                        .to_owned(),
                };
                return Ok(Err(NotAnEvent { line, detail }));
            }
        };
        let json = match members.contains_key("id") {
            true => text.to_owned(),
            false => {
                let id = self.derived(text)?;
                let comma = if members.is_empty() { "" } else { "," };
                format!("{{\"id\":\"{id}\"{comma}{}", &text[1..])
            }
        };
        Ok(Ok(Item { line, json }))
    }

    fn derived(&mut self, text: &str) -> Result<EventId, Failure> {
        let hash = |copy: u32| {
            let mut hash = self.salted.clone();
            hash.update(copy.to_be_bytes());
            hash.update(text);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.finalize()[..16]);
            bytes
        };
        let first = hash(0);
        if self.copies.len() >= DERIVED_MAX && !self.copies.contains_key(&first) {
            return Err(Failure::Usage(format!(
                "more than {DERIVED_MAX} events without an `id`: split the file, or give each event an `id`"
            )));
        }
        let copy = *self.copies.get(&first).unwrap_or(&0);
        let mut bytes = hash(copy);
        self.copies.insert(first, copy + 1);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Ok(EventId::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str, run: Option<&str>) -> Vec<Result<Item, NotAnEvent>> {
        let reader = Box::new(text.as_bytes());
        let mut items = Items::of(reader, None, Ids::new("acme", run)).unwrap();
        std::iter::from_fn(|| items.next().unwrap()).collect()
    }

    fn jsons(text: &'static str, run: Option<&str>) -> Vec<String> {
        all(text, run)
            .into_iter()
            .map(|item| item.unwrap().json)
            .collect()
    }

    fn lines(text: &'static str) -> Vec<u64> {
        all(text, None)
            .into_iter()
            .map(|item| item.unwrap().line)
            .collect()
    }

    #[test]
    fn events_come_from_lines_or_from_an_array_with_their_line_numbers() {
        assert_eq!(lines("\u{feff}{\"a\":1}\r\n\n  {\"a\":2}\n{\"a\":3}"), [1, 3, 4]);
        assert_eq!(
            lines("\n[{\"a\":1}, {\"a\":2},\n\n{\"a\":\n3}\n,{}]\n"),
            [2, 2, 4, 6]
        );
        assert_eq!(lines(""), [0; 0]);
        assert_eq!(lines("[]"), [0; 0]);
    }

    #[test]
    fn an_event_keeps_its_bytes_and_its_own_id() {
        let own = r#"{ "id":"evt_01h455vb4pex5vsknk084sn02q", "data": 1.0 }"#;
        assert_eq!(jsons(own, None), [own]);
        let derived = jsons(r#"{ "data": 8202522731445525542.10 }"#, None).remove(0);
        assert!(derived.starts_with("{\"id\":\"evt_"), "{derived}");
        assert!(
            derived.ends_with(r#"", "data": 8202522731445525542.10 }"#),
            "{derived}"
        );
        assert!(jsons("{}", None)[0].ends_with("\"}"));
    }

    #[test]
    fn the_same_file_has_the_same_ids_and_equal_lines_have_different_ones() {
        let first = jsons("{\"a\":1}\n{\"a\":1}\n{\"a\":2}\n", None);
        assert_eq!(first, jsons("{\"a\":1}\n{\"a\":1}\n{\"a\":2}\n", None));
        assert_ne!(first[0], first[1]);
        assert_eq!(
            first[2],
            jsons("{\"corrected\":0}\n{\"a\":1}\n{\"a\":2}\n", None)[2],
            "other lines do not matter"
        );
        assert_ne!(first[0], jsons("{\"a\":1}", Some("second"))[0]);
    }

    #[test]
    fn a_line_that_is_not_an_event_is_named_and_the_others_go_on() {
        let read = all("{\"a\":1}\n[1]\n{\"a\":\n7\n{\"b\":2}\n", None);
        let refused: Vec<_> = read.iter().filter_map(|it| it.as_ref().err()).collect();
        assert_eq!(refused.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(refused[0].detail.contains("expected a JSON object"));
        assert!(refused[1].detail.contains("not JSON"), "{}", refused[1].detail);
        assert_eq!(read.len(), 5);
    }
}
