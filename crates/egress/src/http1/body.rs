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
    /// This many bytes of framing.
    Framing(usize),
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
                let step = chunks.step(data)?;
                if step == Step::End {
                    *self = Self::Nothing;
                    // The empty line that ends the trailers.
                    return Ok(Step::Framing(line_end(data).unwrap_or_default()));
                }
                Ok(step)
            }
        }
    }
}

impl Chunks {
    fn step(&mut self, data: &[u8]) -> Result<Step, Malformed> {
        if let Self::Data(left) = self {
            let bytes = up_to(data, *left);
            if bytes == 0 {
                return Ok(Step::Unknown);
            }
            *left -= bytes as u64;
            if *left == 0 {
                *self = Self::DataEnd;
            }
            return Ok(Step::Data(bytes));
        }
        let Some(end) = line_end(data) else {
            return if data.len() > LINE_BYTES_MAX {
                Err(Malformed)
            } else {
                Ok(Step::Unknown)
            };
        };
        let line = data[..end].trim_ascii_end();
        *self = match self {
            Self::Size => match chunk_size(line)? {
                0 => Self::Trailers(0),
                size => Self::Data(size),
            },
            Self::DataEnd if line.is_empty() => Self::Size,
            Self::Trailers(_) if line.is_empty() => return Ok(Step::End),
            Self::Trailers(bytes) if *bytes + end <= LINE_BYTES_MAX => Self::Trailers(*bytes + end),
            Self::DataEnd | Self::Trailers(_) | Self::Data(_) => return Err(Malformed),
        };
        Ok(Step::Framing(end))
    }
}

/// The position after the first line.
fn line_end(data: &[u8]) -> Option<usize> {
    data.iter().position(|it| *it == b'\n').map(|it| it + 1)
}

/// The size in `1f; extension=x`.
fn chunk_size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line
        .split(|it| *it == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
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
    fn decode(mut rest: Rest, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Malformed> {
        let (mut body, mut data, mut pieces) = (Vec::new(), Vec::new(), bytes.chunks(piece));
        loop {
            match rest.step(&data)? {
                Step::Data(bytes) => body.extend(data.drain(..bytes)),
                Step::Framing(bytes) => drop(data.drain(..bytes)),
                Step::End => return Ok((body, data.len() + pieces.map(<[u8]>::len).sum::<usize>())),
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
