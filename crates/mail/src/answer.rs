//! Reads a mail server's answers within bounds (RFC 5321 section 4.2).
//!
//! A server may send a line without an end, an answer without an end, or a byte a second. Lines and answers
//! have bounds here; the time is bounded by the timeout of the attempt.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::dialogue::{ANSWER_BYTES_KEPT, Masks, cut};

/// Maximum bytes of a line. RFC 5321 section 4.5.3.1.5 permits 512; real servers exceed that in `EHLO` and in
/// links of refusals. Postfix reads 2,048.
const LINE_BYTES_MAX: usize = 2_048;

/// Maximum lines of an answer. `EHLO` of large servers has about twenty.
const LINES_MAX: usize = 100;

/// Maximum bytes of an answer.
const ANSWER_BYTES_MAX: usize = 16 * 1_024;

/// Bytes read at a time.
const READ_BYTES: usize = 2_048;

/// Maximum bytes of an answer in a sentence about it.
const SENTENCE_BYTES_MAX: usize = 300;

/// An answer: a code from 200 to 599, and its lines without their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl Answer {
    pub(crate) const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    pub(crate) const fn is_permanent(&self) -> bool {
        matches!(self.code, 500..=599)
    }

    pub(crate) const fn is_negative(&self) -> bool {
        matches!(self.code, 400..=599)
    }

    /// The server closes the connection (RFC 5321 section 3.8).
    pub(crate) const fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// The server wants authentication, or another one, or TLS first (RFC 4954 section 6). That is a matter
    /// of the settings and says nothing about the message.
    pub(crate) const fn wants_sign_in(&self) -> bool {
        matches!(self.code, 530 | 534 | 535 | 538)
    }

    /// As an answer to `MAIL`: a message of this size is not accepted (RFC 1870 section 6). A 452 there may
    /// be about the size as well, but usually says that the server's disk is full (RFC 3463, `4.3.1`).
    pub(crate) const fn is_about_size(&self) -> bool {
        matches!(self.code, 552)
    }

    /// The enhanced status code at the beginning of the text (RFC 3463), such as `5.1.1`.
    pub(crate) fn enhanced(&self) -> Option<&str> {
        let first = self.lines.first()?.split(' ').next()?;
        let mut parts = first.split('.');
        let class = parts.next()?;
        let is_number = |it: &str| matches!(it.len(), 1..=3) && it.bytes().all(|it| it.is_ascii_digit());
        let is_rest = |it: Option<&str>| it.is_some_and(is_number);
        let is_enhanced = matches!(class, "2" | "4" | "5")
            && is_rest(parts.next())
            && is_rest(parts.next())
            && parts.next().is_none();
        is_enhanced.then_some(first)
    }

    /// The text as records keep it.
    pub(crate) fn text(&self) -> String {
        cut(&self.lines.join("\n"), ANSWER_BYTES_KEPT)
    }

    /// The answer on one line, for a sentence about it.
    pub(crate) fn sentence(&self) -> String {
        let text = self.lines.join(" ");
        let text = cut(text.trim(), SENTENCE_BYTES_MAX);
        format!("{} {text}", self.code).trim_end().to_owned()
    }
}

/// Why an answer could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The server closed the connection.
    Closed,
    /// The connection failed.
    Failed(io::Error),
    /// What came is not an answer, or breaks a bound.
    Malformed(&'static str),
}

/// What has arrived and was not read as an answer yet. At most [`LINE_BYTES_MAX`] and [`READ_BYTES`].
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    buffer: Vec<u8>,
}

impl Incoming {
    /// Whether bytes have arrived that belong to no answer. A server that speaks before it is asked is out of
    /// step, or somebody else speaks in its place.
    pub(crate) const fn has_rest(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Reads the next answer, with the secrets in it masked.
    pub(crate) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        masks: &Masks,
    ) -> Result<Answer, ReadError> {
        let mut answer: Option<Answer> = None;
        let mut bytes = 0;
        loop {
            let line = self.line(stream).await?;
            bytes += line.len();
            let (code, is_last, text) = parse(&line)?;
            let so_far = answer.get_or_insert_with(|| Answer {
                code,
                lines: Vec::new(),
            });
            if so_far.code != code {
                return Err(ReadError::Malformed("an answer with two codes"));
            }
            if so_far.lines.len() == LINES_MAX || bytes > ANSWER_BYTES_MAX {
                return Err(ReadError::Malformed("an answer that is too long"));
            }
            so_far.lines.push(text);
            if is_last && let Some(Answer { code, lines }) = answer.take() {
                let lines = masks.masked(lines);
                return Ok(Answer { code, lines });
            }
        }
    }

    /// The next line, without its end.
    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ReadError> {
        let mut searched = 0;
        loop {
            let end = self.buffer[searched..].iter().position(|it| *it == b'\n');
            let length = end.map_or(self.buffer.len(), |end| searched + end);
            if length > LINE_BYTES_MAX {
                return Err(ReadError::Malformed("a line that is too long"));
            }
            if end.is_some() {
                let mut line: Vec<u8> = self.buffer.drain(..=length).collect();
                line.pop();
                line.pop_if(|it| *it == b'\r');
                return Ok(line);
            }
            searched = self.buffer.len();
            let mut read = [0; READ_BYTES];
            match stream.read(&mut read).await {
                Ok(0) => return Err(ReadError::Closed),
                Ok(count) => self.buffer.extend_from_slice(&read[..count]),
                Err(error) => return Err(ReadError::Failed(error)),
            }
        }
    }
}

/// The code of a line, whether it is the last of its answer, and its text without control characters.
fn parse(line: &[u8]) -> Result<(u16, bool, String), ReadError> {
    const NOT_SMTP: ReadError = ReadError::Malformed("something other than SMTP");
    let (code, rest) = line.split_at_checked(3).ok_or(NOT_SMTP)?;
    if !matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
        return Err(NOT_SMTP);
    }
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (is_last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err(NOT_SMTP),
    };
    let text = String::from_utf8_lossy(text);
    let text = text.chars().map(|it| if it.is_control() { ' ' } else { it });
    Ok((code, is_last, text.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8]) -> Result<Answer, ReadError> {
        let mut stream = text;
        Incoming::default().read(&mut stream, &Masks::default()).await
    }

    fn answer(code: u16, lines: &[&str]) -> Answer {
        Answer {
            code,
            lines: lines.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn answers_of_one_and_of_several_lines_are_read() {
        for (text, expected) in [
            ("250 OK\r\n", answer(250, &["OK"])),
            ("250\r\n", answer(250, &[""])),
            ("250 OK\n", answer(250, &["OK"])),
            ("250-a\r\n250-b c\r\n250 d\r\n", answer(250, &["a", "b c", "d"])),
            (
                "550 5.1.1 no\tsuch\x1b[31m user\r\n",
                answer(550, &["5.1.1 no such [31m user"]),
            ),
        ] {
            assert_eq!(read(text.as_bytes()).await.unwrap(), expected, "{text:?}");
        }
        let foreign = read(b"250 \xff\r\n").await.unwrap();
        assert_eq!(foreign, answer(250, &["\u{fffd}"]));
    }

    #[tokio::test]
    async fn what_is_not_an_answer_is_refused() {
        for text in [
            "HTTP/1.1 200 OK\r\n",
            "\r\n",
            "25\r\n",
            "2500 OK\r\n",
            "150 OK\r\n",
            "650 OK\r\n",
            "250-a\r\n550 b\r\n",
            "٢٥٠ OK\r\n",
        ] {
            let error = read(text.as_bytes()).await.unwrap_err();
            assert!(matches!(error, ReadError::Malformed(_)), "{text:?}: {error:?}");
        }
        assert!(matches!(read(b"250-a\r\n").await, Err(ReadError::Closed)));
        assert!(matches!(read(b"250 a").await, Err(ReadError::Closed)));
    }

    #[tokio::test]
    async fn endless_lines_and_answers_are_given_up_within_their_bounds() {
        for unit in [
            "x",
            "250-",
            "250-a\r\n",
            "250-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        ] {
            let mut stream = Endless {
                unit: unit.as_bytes(),
                at: 0,
                given: 0,
            };
            let mut incoming = Incoming::default();
            let error = incoming.read(&mut stream, &Masks::default()).await.unwrap_err();
            assert!(matches!(error, ReadError::Malformed(_)), "{unit:?}: {error:?}");
            assert!(
                stream.given <= ANSWER_BYTES_MAX + LINE_BYTES_MAX + READ_BYTES,
                "{unit:?}: {}",
                stream.given
            );
            assert!(
                incoming.buffer.capacity() <= 4 * (LINE_BYTES_MAX + READ_BYTES),
                "{unit:?}"
            );
        }
    }

    #[test]
    fn an_enhanced_status_code_is_told_from_text() {
        for (line, expected) in [
            ("5.1.1 No such user", Some("5.1.1")),
            ("4.7.108", Some("4.7.108")),
            ("10.0.0.1 is blocked", None),
            ("5.1 x", None),
            ("5.1.1.1 x", None),
            ("5..1 x", None),
            ("OK", None),
            ("", None),
        ] {
            assert_eq!(answer(550, &[line]).enhanced(), expected, "{line}");
        }
    }

    /// Repeats its unit for ever.
    struct Endless {
        unit: &'static [u8],
        at: usize,
        given: usize,
    }

    impl AsyncRead for Endless {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            // A bound that does not hold must fail the test, not hang it.
            assert!(self.given < 1_000_000);
            while buffer.remaining() > 0 {
                buffer.put_slice(&[self.unit[self.at % self.unit.len()]]);
                self.at += 1;
                self.given += 1;
            }
            std::task::Poll::Ready(Ok(()))
        }
    }
}
