//! Tells the body of an HTTP/1 response from its framing (RFC 9112 sections 6 and 7.1).

/// Maximum bytes of the line that begins a chunk, and of the trailers. Honest ones take a few.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The part of a response's body that has not been read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// The body is complete.
    Nothing,
    /// This many bytes, more than 0.
    Length(u64),
    /// Chunks.
    Chunks(Chunks),
    /// Everything until the connection is closed.
    UntilClosed,
}

/// Where in its chunks a body is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before the line that tells a chunk's size.
    Size,
    /// Within a chunk that has this many bytes more, and then the end of a line.
    Data(u64),
    /// After the bytes of a chunk, before the end of their line.
    DataEnd,
    /// After the last chunk, with this many bytes of trailers read.
    Trailers(usize),
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This many bytes of the body.
    Data(usize),
    /// Framing.
    Framing {
        bytes: usize,
        /// Whether it is valid only to a lenient reader. Others may see the body end elsewhere.
        is_odd: bool,
    },
    /// Unknown until more bytes arrive.
    Unknown,
    /// Not part of the body, which is complete.
    End,
}

/// The framing is invalid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Rest {
    pub(super) const fn chunked() -> Self {
        Self::Chunks(Chunks::Size)
    }

    /// Takes the next step over `data`, the bytes that have arrived.
    pub(super) fn step(&mut self, data: &[u8]) -> Result<Step, Malformed> {
        match self {
            Self::Nothing => Ok(Step::End),
            Self::Length(_) | Self::UntilClosed if data.is_empty() => Ok(Step::Unknown),
            Self::UntilClosed => Ok(Step::Data(data.len())),
            Self::Length(left) => {
                let bytes = up_to(data, *left);
                *left -= bytes as u64;
                if *left == 0 {
                    *self = Self::Nothing;
                }
                Ok(Step::Data(bytes))
            }
            Self::Chunks(chunks) => {
                let (step, is_over) = chunks.step(data)?;
                if is_over {
                    *self = Self::Nothing;
                }
                Ok(step)
            }
        }
    }
}

impl Chunks {
    /// Takes the next step, and returns whether it is the last.
    fn step(&mut self, data: &[u8]) -> Result<(Step, bool), Malformed> {
        if let Self::Data(left) = self {
            let bytes = up_to(data, *left);
            if bytes == 0 {
                return Ok((Step::Unknown, false));
            }
            *left -= bytes as u64;
            if *left == 0 {
                *self = Self::DataEnd;
            }
            return Ok((Step::Data(bytes), false));
        }
        let Some(end) = line_end(data) else {
            return if data.len() > LINE_BYTES_MAX {
                Err(Malformed)
            } else {
                Ok((Step::Unknown, false))
            };
        };
        let whole = &data[..end - 1];
        let exact = whole.strip_suffix(b"\r");
        let line = whole.trim_ascii_end();
        let mut is_odd = exact != Some(line);
        let mut is_over = false;
        *self = match self {
            Self::Size => {
                let digits = line.split(|it| *it == b';').next().unwrap_or_default();
                is_odd |= digits != digits.trim_ascii();
                match chunk_size(digits.trim_ascii())? {
                    0 => Self::Trailers(0),
                    size => Self::Data(size),
                }
            }
            Self::DataEnd if line.is_empty() => Self::Size,
            Self::Trailers(_) if line.is_empty() => {
                is_over = true;
                Self::Size
            }
            Self::Trailers(bytes) if *bytes + end <= LINE_BYTES_MAX => {
                // Blanks may end the value of a trailer.
                is_odd = exact.is_none();
                Self::Trailers(*bytes + end)
            }
            Self::DataEnd | Self::Trailers(_) | Self::Data(_) => return Err(Malformed),
        };
        Ok((Step::Framing { bytes: end, is_odd }, is_over))
    }
}

/// The position after the first line.
fn line_end(data: &[u8]) -> Option<usize> {
    data.iter().position(|it| *it == b'\n').map(|it| it + 1)
}

/// The size that these digits say.
fn chunk_size(digits: &[u8]) -> Result<u64, Malformed> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Malformed);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    u64::from_str_radix(digits, 16).map_err(|_| Malformed)
}

fn up_to(data: &[u8], left: u64) -> usize {
    usize::try_from(left).map_or(data.len(), |left| data.len().min(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body in `bytes`, which arrive in pieces of this size, and the number of bytes after it.
    fn decode(rest: Rest, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Malformed> {
        decode_oddly(rest, bytes, piece).map(|(body, after, _)| (body, after))
    }

    /// The same, and whether the framing is odd.
    fn decode_oddly(mut rest: Rest, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize, bool), Malformed> {
        let mut is_any_odd = false;
        let (mut body, mut data, mut pieces) = (Vec::new(), Vec::new(), bytes.chunks(piece));
        loop {
            match rest.step(&data)? {
                Step::Data(bytes) => body.extend(data.drain(..bytes)),
                Step::Framing { bytes, is_odd } => {
                    data.drain(..bytes);
                    is_any_odd |= is_odd;
                }
                Step::End => {
                    let after = data.len() + pieces.map(<[u8]>::len).sum::<usize>();
                    return Ok((body, after, is_any_odd));
                }
                Step::Unknown => data.extend_from_slice(pieces.next().expect("the body ends")),
            }
        }
    }

    #[test]
    fn chunks_are_joined_whatever_the_pieces_in_which_they_arrive() {
        let bytes = b"2\r\nab\r\n00A ;name=\"x\"\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\nHTTP";
        for piece in 1..=bytes.len() {
            let decoded = decode(Rest::chunked(), bytes, piece);
            assert_eq!(decoded, Ok((b"ab0123456789".to_vec(), 4)), "{piece}");
        }
        assert_eq!(decode(Rest::chunked(), b"1\na\n0\n\n", 3), Ok((b"a".to_vec(), 0)));
    }

    #[test]
    fn framing_that_only_a_lenient_reader_accepts_is_odd() {
        for (bytes, is_odd) in [
            ("1\r\na\r\n0\r\n\r\n", false),
            ("1;x=y\r\na\r\n0\r\nA: b \r\n\r\n", false),
            ("1 \r\na\r\n0\r\n\r\n", true),
            (" 1\r\na\r\n0\r\n\r\n", true),
            ("1 ;x=y\r\na\r\n0\r\n\r\n", true),
            ("1\r\r\na\r\n0\r\n\r\n", true),
            ("1\na\r\n0\r\n\r\n", true),
            ("1\r\na \r\n0\r\n\r\n", true),
            ("1\r\na\n0\r\n\r\n", true),
            ("1\r\na\r\n0 \r\n\r\n", true),
            ("1\r\na\r\n0\r\nA: b\n\r\n", true),
            ("1\r\na\r\n0\r\n \r\n", true),
            ("1\r\na\r\n0\r\n\n", true),
        ] {
            let decoded = decode_oddly(Rest::chunked(), bytes.as_bytes(), 64);
            assert_eq!(decoded, Ok((b"a".to_vec(), 0, is_odd)), "{bytes:?}");
        }
    }

    #[test]
    fn invalid_chunks_are_malformed() {
        for bytes in [
            "zz\r\n",
            "\r\n",
            "-1\r\n",
            "0x1\r\na",
            "1\r\nab\r\n",
            "11111111111111111\r\n",
        ] {
            assert_eq!(
                decode(Rest::chunked(), bytes.as_bytes(), 64),
                Err(Malformed),
                "{bytes}"
            );
        }
        let endless = vec![b'1'; LINE_BYTES_MAX + 1];
        assert_eq!(decode(Rest::chunked(), &endless, endless.len()), Err(Malformed));
        let trailers = format!("0\r\n{}", "x: y\r\n".repeat(LINE_BYTES_MAX));
        assert_eq!(decode(Rest::chunked(), trailers.as_bytes(), 1024), Err(Malformed));
    }

    #[test]
    fn a_length_ends_a_body() {
        assert_eq!(decode(Rest::Length(3), b"abcd", 2), Ok((b"abc".to_vec(), 1)));
        assert_eq!(decode(Rest::Nothing, b"abcd", 2), Ok((Vec::new(), 4)));
    }
}
