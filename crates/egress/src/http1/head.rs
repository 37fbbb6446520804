//! Reads the heads of HTTP/1 responses, as leniently as their status can still be told.
//!
//! The status decides the outcome of an attempt, and the receiver has already acted when it responds. A head
//! that is odd after its status line is therefore accepted: a folded header, white space before a colon, a
//! control character in a value, a line without a colon or without a carriage return, any number of headers.
//! Its connection is not reused, because such a receiver may frame its next response as oddly.
//!
//! Interim responses (1xx) are skipped. Their number is limited, and so are the bytes of all heads together,
//! because a receiver could send interim responses without end.

use std::borrow::Cow;

use bytes::{Buf, BytesMut};

use crate::failure::ExchangeError;
use crate::head::{HEAD_BYTES_MAX, Head, INTERIM_MAX};
use crate::http1::body::Rest;

/// Reads the heads that precede the body of one response, the interim ones included.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// How far the buffer has been searched for the end of the head.
    searched: usize,
    /// Interim responses so far.
    interim: usize,
    /// The bytes of the heads so far.
    bytes: usize,
}

/// A final head, and what it says about the connection.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) head: Head,
    /// How the body is framed.
    pub(super) rest: Rest,
    /// Whether the connection may carry another request.
    pub(super) is_reusable: bool,
}

impl HeadReader {
    /// Takes the heads off the front of the buffer, until the final one. Returns `None` if it has not arrived
    /// in full.
    pub(super) fn read(&mut self, buffer: &mut BytesMut) -> Result<Option<Parsed>, ExchangeError> {
        loop {
            if self.searched < PROTOCOL.len() {
                let blank = buffer.iter().take_while(|it| matches!(it, b'\r' | b'\n')).count();
                buffer.advance(blank);
                self.bytes += blank;
                check_protocol(buffer)?;
            }
            let end = head_end(buffer, self.searched.saturating_sub(2));
            if self.bytes + end.unwrap_or(buffer.len()) > HEAD_BYTES_MAX {
                return Err(ExchangeError::HeadTooLarge);
            }
            let Some(end) = end else {
                self.searched = buffer.len();
                return Ok(None);
            };
            let parsed = parse(&buffer[..end])?;
            buffer.advance(end);
            self.bytes += end;
            self.searched = 0;
            if parsed.head.status >= 200 || parsed.head.status == 101 {
                return Ok(Some(parsed));
            }
            self.interim += 1;
            if self.interim > INTERIM_MAX {
                return Err(ExchangeError::TooManyInterim);
            }
        }
    }
}

const PROTOCOL: &[u8] = b"HTTP/1.";

/// Refuses other protocols at their first bytes, because they may never send the end of a head.
fn check_protocol(data: &[u8]) -> Result<(), ExchangeError> {
    let length = data.len().min(PROTOCOL.len());
    if data[..length] == PROTOCOL[..length] {
        Ok(())
    } else {
        Err(ExchangeError::Malformed)
    }
}

/// The position after the empty line that ends a head.
fn head_end(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(newline) = data[at..].iter().position(|it| *it == b'\n') {
        at += newline + 1;
        match data[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// A header: its name without white space, and its unfolded value.
type Field<'a> = (&'a [u8], Cow<'a, [u8]>);

fn parse(head: &[u8]) -> Result<Parsed, ExchangeError> {
    let has_bare_end = head
        .split_inclusive(|it| *it == b'\n')
        .any(|line| !line.ends_with(b"\r\n"));
    let mut lines = head
        .split(|it| *it == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (minor, status) = status_line(lines.next().unwrap_or_default()).ok_or(ExchangeError::Malformed)?;
    let (fields, is_odd) = fields(lines);
    let keeps_alive = keeps_alive(minor, &fields);
    let (rest, is_framed) = framing(minor, status, &fields);
    let named = fields.iter().map(|(name, value)| (*name, &**value));
    Ok(Parsed {
        head: Head::new(status, named),
        rest,
        is_reusable: keeps_alive && is_framed && !is_odd && !has_bare_end && status != 101,
    })
}

/// The minor version and the status of `HTTP/1.1 200 OK`; the reason may be missing.
fn status_line(line: &[u8]) -> Option<(u8, u16)> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let [minor @ (b'0' | b'1'), b' ', digits @ ..] = rest else {
        return None;
    };
    let (code, reason) = digits.split_at_checked(3)?;
    let is_whole = matches!(reason.first(), None | Some(b' ' | b'\t'));
    let status = std::str::from_utf8(code).ok()?.parse().ok()?;
    let is_number = code.iter().all(u8::is_ascii_digit);
    (is_whole && is_number && status >= 100).then_some((*minor, status))
}

/// The headers, and whether a line among them is odd.
fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> (Vec<Field<'a>>, bool) {
    let mut fields: Vec<Field<'a>> = Vec::with_capacity(16);
    let mut is_odd = false;
    for line in lines.filter(|it| !it.is_empty()) {
        if matches!(line[0], b' ' | b'\t') {
            is_odd = true;
            if let Some((_, value)) = fields.last_mut() {
                let value = value.to_mut();
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
            continue;
        }
        let Some(colon) = line.iter().position(|it| *it == b':') else {
            is_odd = true;
            continue;
        };
        let name = line[..colon].trim_ascii_end();
        is_odd |= name.len() < colon || name.is_empty() || name.iter().any(|it| !it.is_ascii_graphic());
        if !name.is_empty() {
            fields.push((name, Cow::Borrowed(line[colon + 1..].trim_ascii())));
        }
    }
    (fields, is_odd)
}

/// The elements of a header that is a list separated by commas, in lines or in one.
fn elements<'a>(fields: &'a [Field<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(move |(it, _)| it.eq_ignore_ascii_case(name.as_bytes()))
        .flat_map(|(_, value)| value.split(|it| *it == b','))
        .map(<[u8]>::trim_ascii)
}

/// Whether the receiver keeps the connection open (RFC 9112 section 9.3).
fn keeps_alive(minor: u8, fields: &[Field<'_>]) -> bool {
    let says =
        |option: &str| elements(fields, "connection").any(|it| it.eq_ignore_ascii_case(option.as_bytes()));
    !says("close") && (minor == b'1' || says("keep-alive"))
}

/// How the body is framed (RFC 9112 section 6.3), and whether that is certain. Where it is not, the
/// connection is not reused.
fn framing(minor: u8, status: u16, fields: &[Field<'_>]) -> (Rest, bool) {
    let has_length = elements(fields, "content-length").next().is_some();
    let codings: Vec<_> = elements(fields, "transfer-encoding").collect();
    if matches!(status, 101 | 204 | 304) {
        // They have no body. A 304 may tell the length that another response would have; a 204 that announces
        // a body may send one.
        let is_empty = elements(fields, "content-length").all(|it| it == b"0");
        return (Rest::Nothing, codings.is_empty() && (status != 204 || is_empty));
    }
    if let [before @ .., last] = &codings[..] {
        let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
        return if is_chunked(last) {
            // Section 6.1: a sender of HTTP/1.0 does not know chunks, no sender applies them twice, and a
            // message with a length as well has been tampered with, or its sender is confused.
            let is_certain = minor == b'1' && !has_length && !before.iter().any(|it| is_chunked(it));
            (Rest::chunked(), is_certain)
        } else {
            (Rest::UntilClosed, false)
        };
    }
    let mut lengths = elements(fields, "content-length");
    let Some(first) = lengths.next() else {
        return (Rest::UntilClosed, false);
    };
    let is_agreed = lengths.all(|it| it == first) && first.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(first).ok().and_then(|it| it.parse().ok());
    match length {
        Some(0) if is_agreed => (Rest::Nothing, true),
        Some(length) if is_agreed => (Rest::Length(length), true),
        _ => (Rest::Nothing, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Parsed>, ExchangeError> {
        HeadReader::default().read(&mut BytesMut::from(bytes))
    }

    fn final_head(bytes: &[u8]) -> Parsed {
        read(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_head_is_read_whatever_the_pieces_in_which_it_arrives() {
        let whole =
            b"\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nok";
        let mut reader = HeadReader::default();
        let mut buffer = BytesMut::new();
        let mut heads = Vec::new();
        for byte in whole {
            buffer.extend_from_slice(&[*byte]);
            if heads.is_empty() {
                heads.extend(reader.read(&mut buffer).unwrap());
            }
        }
        let parsed = heads.pop().unwrap();
        assert_eq!((parsed.head.status, parsed.is_reusable), (200, true));
        assert_eq!(parsed.rest, Rest::Length(2));
        assert_eq!(&buffer[..], b"ok");
    }

    #[test]
    fn odd_lines_are_accepted_and_end_the_connection() {
        for (line, kept) in [
            (
                "X-Powered-By: old\r\n  and tired",
                Some(("x-powered-by", "old and tired")),
            ),
            ("Server : x", Some(("server", "x"))),
            ("My Header: x", Some(("my header", "x"))),
            ("PHP Warning", None),
            (": x", None),
            (" folded at once", None),
        ] {
            let parsed =
                final_head(format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 0\r\n\r\n").as_bytes());
            assert!(!parsed.is_reusable, "{line}");
            let kept = kept.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(
                parsed.head.headers.len(),
                1 + usize::from(kept.is_some()),
                "{line}"
            );
            assert!(kept.is_none_or(|it| parsed.head.headers.contains(&it)), "{line}");
        }
    }

    #[test]
    fn connections_are_reused_as_their_version_and_header_say() {
        for (head, reusable) in [
            ("HTTP/1.1 200\r\nContent-Length: 0", true),
            ("HTTP/1.1 204 No Content", true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", true),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1",
                false,
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", false),
            ("HTTP/1.1 200 OK", false),
            ("HTTP/1.1 101 Switching Protocols", false),
            (
                "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0",
                false,
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0", false),
            (
                "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0",
                true,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: nine", false),
            (
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked",
                false,
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, Chunked", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                false,
            ),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0", true),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 2", false),
            ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked", false),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 2", true),
            ("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked", false),
        ] {
            assert_eq!(
                final_head(format!("{head}\r\n\r\n").as_bytes()).is_reusable,
                reusable,
                "{head}"
            );
        }
    }

    #[test]
    fn lines_without_a_carriage_return_are_accepted_and_end_the_connection() {
        for bytes in [
            "HTTP/1.1 200 OK\nServer: x\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\n",
        ] {
            let parsed = final_head(bytes.as_bytes());
            assert_eq!(
                (parsed.head.status, parsed.is_reusable),
                (200, false),
                "{bytes:?}"
            );
            assert_eq!(parsed.head.headers.len(), 2, "{bytes:?}");
        }
    }

    #[test]
    fn other_protocols_and_endless_heads_are_refused() {
        for bytes in [
            "SSH-2.0-x",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 20x OK\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "\0",
        ] {
            assert!(
                matches!(read(bytes.as_bytes()), Err(ExchangeError::Malformed)),
                "{bytes}"
            );
        }
        let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(20_000));
        assert!(matches!(
            read(endless.as_bytes()),
            Err(ExchangeError::HeadTooLarge)
        ));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM_MAX);
        assert!(matches!(read(interim.as_bytes()), Ok(None)));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM_MAX + 1);
        assert!(matches!(
            read(interim.as_bytes()),
            Err(ExchangeError::TooManyInterim)
        ));
        let large = format!("HTTP/1.1 103 Early Hints\r\nx: {}\r\n\r\n", "y".repeat(1024)).repeat(65);
        assert!(matches!(read(large.as_bytes()), Err(ExchangeError::HeadTooLarge)));
    }
}
