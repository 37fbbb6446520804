//! A minimal HTTP/1.1 for two ends that know each other: messages with a `Content-Length`.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Initial size of the buffer for a message.
const BUFFER_BYTES: usize = 16 * 1024;

/// An upper bound on the headers that either end sends.
const HEADERS_MAX: usize = 32;

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
}

struct Head {
    status: u16,
    path: std::ops::Range<usize>,
    bytes: usize,
    body_bytes: usize,
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
                let end = head.bytes + head.body_bytes;
                while self.buffer.len() < end {
                    if stream.read_buf(&mut self.buffer).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                self.taken = end;
                return Ok(Some(Message {
                    status: head.status,
                    path: &self.buffer[head.path],
                    body: &self.buffer[head.bytes..end],
                }));
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }
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
        body_bytes: content_length(request.headers),
    }))
}

fn response_head(text: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(bytes) = response.parse(text).map_err(io::Error::other)? else {
        return Ok(None);
    };
    Ok(Some(Head {
        status: response.code.unwrap_or_default(),
        path: 0..0,
        bytes,
        body_bytes: content_length(response.headers),
    }))
}

fn content_length(headers: &[httparse::Header<'_>]) -> usize {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
        .unwrap_or(0)
}
