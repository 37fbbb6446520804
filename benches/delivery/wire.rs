//! A minimal HTTP/1.1 for two ends that take each other at their word. A body has a `Content-Length`, or
//! comes in chunks, or ends with the connection.

use std::io;
use std::ops::Range;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Initial size of the buffer for a message.
const BUFFER_BYTES: usize = 16 * 1024;

/// An upper bound on the size of a message: far beyond any batch or page that the benchmarks ask for.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// An upper bound on the headers that either end sends.
const HEADERS_MAX: usize = 64;

/// Bytes that have been read from a connection.
pub struct Inbox {
    buffer: Vec<u8>,
    taken: usize,
}

/// A message within an [`Inbox`].
pub struct Message<'a> {
    /// The status of a response; 0 for a request.
    pub status: u16,
    /// The path of a request; empty for a response.
    pub path: &'a [u8],
    pub body: &'a [u8],
    /// Whether the peer closes the connection after this message.
    pub closes: bool,
}

struct Head {
    status: u16,
    path: Range<usize>,
    bytes: usize,
    body: Body,
    closes: bool,
}

/// How a message says where its body ends (RFC 9112, section 6.3).
#[derive(Clone, Copy)]
enum Body {
    Bytes(usize),
    Chunks,
    UntilClose,
}

/// Where a body is in the buffer, and where the next message begins.
struct Extent {
    body: Range<usize>,
    next: usize,
}

impl Inbox {
    pub fn new() -> Self {
        Self {
            buffer: Vec::with_capacity(BUFFER_BYTES),
            taken: 0,
        }
    }

    /// The next request; `None` if the peer has closed the connection.
    pub async fn request(&mut self, stream: &mut TcpStream) -> io::Result<Option<Message<'_>>> {
        self.message(stream, request_head).await
    }

    /// The next response.
    pub async fn response(&mut self, stream: &mut TcpStream) -> io::Result<Message<'_>> {
        let message = self.message(stream, response_head).await?;
        message.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    async fn message(
        &mut self,
        stream: &mut TcpStream,
        parse: fn(&[u8]) -> io::Result<Option<Head>>,
    ) -> io::Result<Option<Message<'_>>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        loop {
            if let Some(head) = parse(&self.buffer)? {
                let extent = self.read_body(stream, &head).await?;
                self.taken = extent.next;
                return Ok(Some(Message {
                    status: head.status,
                    path: &self.buffer[head.path],
                    body: &self.buffer[extent.body],
                    closes: head.closes,
                }));
            }
            if self.read(stream).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    async fn read(&mut self, stream: &mut TcpStream) -> io::Result<usize> {
        if self.buffer.len() > MESSAGE_BYTES_MAX {
            return Err(io::Error::other("a message is too large"));
        }
        stream.read_buf(&mut self.buffer).await
    }

    /// Reads until the body is complete, and joins its chunks.
    async fn read_body(&mut self, stream: &mut TcpStream, head: &Head) -> io::Result<Extent> {
        let start = head.bytes;
        loop {
            let complete = match head.body {
                Body::Bytes(bytes) => (self.buffer.len() - start >= bytes).then(|| Extent {
                    body: start..start + bytes,
                    next: start + bytes,
                }),
                Body::Chunks => join_chunks(&mut self.buffer, start)?,
                Body::UntilClose => None,
            };
            if let Some(extent) = complete {
                return Ok(extent);
            }
            if self.read(stream).await? == 0 {
                return match head.body {
                    Body::UntilClose => Ok(Extent {
                        body: start..self.buffer.len(),
                        next: self.buffer.len(),
                    }),
                    Body::Bytes(_) | Body::Chunks => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }
}

/// Moves the chunks of a body together; `None` until the last one has arrived.
fn join_chunks(text: &mut [u8], start: usize) -> io::Result<Option<Extent>> {
    let mut chunks = Vec::new();
    let mut at = start;
    let next = loop {
        let size = httparse::parse_chunk_size(&text[at..]);
        let httparse::Status::Complete((line, size)) =
            size.map_err(|_| io::Error::other("a chunk without a size"))?
        else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(io::Error::other)?;
        let chunk = at + line;
        if size == 0 {
            // Trailers, if any, and the empty line that ends the message.
            let mut trailers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            match httparse::parse_headers(&text[chunk..], &mut trailers).map_err(io::Error::other)? {
                httparse::Status::Complete((bytes, _)) => break chunk + bytes,
                httparse::Status::Partial => return Ok(None),
            }
        }
        let end = chunk.checked_add(size).and_then(|end| end.checked_add(2));
        match end {
            Some(end) if end <= text.len() => at = end,
            Some(end) if end <= start + MESSAGE_BYTES_MAX => return Ok(None),
            _ => return Err(io::Error::other("a chunk is too large")),
        }
        chunks.push(chunk..chunk + size);
    };
    let mut end = start;
    for chunk in chunks {
        let bytes = chunk.len();
        text.copy_within(chunk, end);
        end += bytes;
    }
    Ok(Some(Extent {
        body: start..end,
        next,
    }))
}

fn request_head(text: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(bytes) = request.parse(text).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let path = request.path.unwrap_or_default().as_bytes();
    let start = path.as_ptr() as usize - text.as_ptr() as usize;
    Ok(Some(Head {
        status: 0,
        path: start..start + path.len(),
        bytes,
        body: body(request.headers).unwrap_or(Body::Bytes(0)),
        closes: closes(request.version, request.headers),
    }))
}

fn response_head(text: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(bytes) = response.parse(text).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let body = match status {
        204 | 304 => Body::Bytes(0),
        _ => body(response.headers).unwrap_or(Body::UntilClose),
    };
    Ok(Some(Head {
        status,
        path: 0..0,
        bytes,
        body,
        closes: matches!(body, Body::UntilClose) || closes(response.version, response.headers),
    }))
}

/// What the headers say about the body, if anything.
fn body(headers: &[httparse::Header<'_>]) -> Option<Body> {
    let mut body = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let bytes = std::str::from_utf8(header.value).ok()?.parse().ok()?;
            body = Some(Body::Bytes(bytes));
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Some(Body::Chunks);
        }
    }
    body
}

/// Whether the peer closes the connection: HTTP/1.1 keeps it open unless told otherwise, HTTP/1.0 closes it.
fn closes(version: Option<u8>, headers: &[httparse::Header<'_>]) -> bool {
    let connection = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("connection"));
    match connection {
        Some(header) => header.value.eq_ignore_ascii_case(b"close"),
        None => version == Some(0),
    }
}
