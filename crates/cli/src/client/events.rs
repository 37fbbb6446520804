//! A response that goes on: server-sent events (WHATWG HTML, section 9.2), read one by one.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use memchr::memchr;

/// Largest event, in bytes: a request with the largest body, in base64.
const EVENT_BYTES_MAX: usize = 32 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamEvent {
    /// The name; empty if it has none.
    pub name: String,
    /// The data, its lines joined by line feeds.
    pub data: String,
}

/// The stream of a response.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    lines: Lines,
    ready: VecDeque<StreamEvent>,
    open: StreamEvent,
}

/// Bytes that have arrived, cut into lines.
#[derive(Debug, Default)]
struct Lines(BytesMut);

impl Lines {
    fn next(&mut self) -> Option<Bytes> {
        let end = memchr(b'\n', &self.0)?;
        let mut line = self.0.split_to(end + 1).freeze();
        line.truncate(end);
        if line.ends_with(b"\r") {
            line.truncate(end - 1);
        }
        Some(line)
    }
}

impl EventStream {
    pub(super) fn new(body: Incoming) -> Self {
        Self {
            body,
            lines: Lines::default(),
            ready: VecDeque::new(),
            open: StreamEvent::default(),
        }
    }

    /// The next event, comments included: they come without a name and without data, and show that the
    /// stream is alive. `None` at its end, however it ended. Safe to drop while it waits.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let frame = self.body.frame().await?.ok()?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if self.lines.0.len() + data.len() > EVENT_BYTES_MAX {
                return None;
            }
            self.lines.0.extend_from_slice(&data);
            while let Some(line) = self.lines.next() {
                take(&line, &mut self.open, &mut self.ready);
            }
        }
    }
}

/// Adds a line to the event that is `open`, and moves it to `ready` at its end.
fn take(line: &[u8], open: &mut StreamEvent, ready: &mut VecDeque<StreamEvent>) {
    let line = String::from_utf8_lossy(line);
    if line.is_empty() {
        if *open != StreamEvent::default() {
            ready.push_back(std::mem::take(open));
        }
        return;
    }
    let (field, value) = line.split_once(':').unwrap_or((&line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match field {
        "" => ready.push_back(StreamEvent::default()),
        "event" => value.clone_into(&mut open.name),
        "data" => {
            if !open.data.is_empty() {
                open.data.push('\n');
            }
            open.data.push_str(value);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_the_pieces_that_they_arrive_in() {
        let text = b"event: hello\r\ndata: {\"a\":1}\r\n\r\n: still here\n\ndata: x\ndata:y\n\n";
        for size in 1..text.len() {
            let (mut lines, mut open, mut ready) =
                (Lines::default(), StreamEvent::default(), VecDeque::new());
            for piece in text.chunks(size) {
                lines.0.extend_from_slice(piece);
                while let Some(line) = lines.next() {
                    take(&line, &mut open, &mut ready);
                }
            }
            let event = |name: &str, data: &str| StreamEvent {
                name: name.to_owned(),
                data: data.to_owned(),
            };
            let expected = [event("hello", "{\"a\":1}"), event("", ""), event("", "x\ny")];
            assert_eq!(ready, expected, "{size}");
        }
    }
}
