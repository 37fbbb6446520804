//! A minimal HTTP/2 for two ends that know each other: it decodes no header, because the ends recognise
//! messages by their bodies, and it never waits for a window, because both ends open theirs wide.

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What a client sends first (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

/// Flags.
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Bytes of a frame's header.
const HEAD_BYTES: usize = 9;

/// Settings: no dynamic table for the headers sent to us, the streams that a peer may open, and the window of
/// each.
const HEADER_TABLE_SIZE: (u16, u32) = (1, 0);
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: (u16, u32) = (4, 1 << 24);

/// The window of a connection before it is raised, the largest that there is, and how much may be used of it
/// before it is filled up.
const DEFAULT_WINDOW: u32 = (1 << 16) - 1;
const WINDOW_MAX: u32 = (1 << 31) - 1;
const WINDOW_USED_MAX: u32 = 1 << 29;

/// The most that a peer accepts in a frame, unless it says otherwise.
const FRAME_BYTES_MAX: usize = 1 << 14;

/// Initial size of the buffer for frames.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a peer sent.
pub enum Received {
    /// The body of a stream is complete.
    Message { stream: u32, body: Vec<u8> },
    /// A stream was reset, or the connection is going away.
    Reset { code: u32 },
}

/// A connection. What is queued goes out in one write before the next read.
pub struct Frames<S> {
    stream: S,
    inbox: Vec<u8>,
    taken: usize,
    outbox: Vec<u8>,
    window_used: u32,
    /// Bodies of which a part has arrived.
    parts: HashMap<u32, Vec<u8>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// The end that serves requests, at most this many at a time. Reads the client's preface.
    pub async fn server(stream: S, streams_max: u32) -> io::Result<Self> {
        let mut frames = Self::new(stream);
        frames.settings(&[(MAX_CONCURRENT_STREAMS, streams_max), INITIAL_WINDOW_SIZE]);
        while frames.inbox.len() < PREFACE.len() {
            frames.turn().await?;
        }
        frames.taken = PREFACE.len();
        Ok(frames)
    }

    /// The end that sends requests.
    pub fn client(stream: S) -> Self {
        let mut frames = Self::new(stream);
        frames.outbox.extend_from_slice(PREFACE);
        frames.settings(&[HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE]);
        frames
    }

    fn new(stream: S) -> Self {
        Self {
            stream,
            inbox: Vec::with_capacity(BUFFER_BYTES),
            taken: 0,
            outbox: Vec::with_capacity(BUFFER_BYTES),
            window_used: 0,
            parts: HashMap::new(),
        }
    }

    /// Queues a message: its headers, encoded by [`literal`] and the like, and its body.
    pub fn send(&mut self, stream: u32, headers: &[u8], body: &[u8]) {
        self.queue(HEADERS, END_HEADERS, stream, headers);
        let mut parts = body.chunks(FRAME_BYTES_MAX).peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_none() { END_STREAM } else { 0 };
            self.queue(DATA, flags, stream, part);
        }
    }

    /// Writes what is queued, and waits until something has been read.
    pub async fn turn(&mut self) -> io::Result<()> {
        if self.window_used > WINDOW_USED_MAX {
            self.queue(WINDOW_UPDATE, 0, 0, &self.window_used.to_be_bytes());
            self.window_used = 0;
        }
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            self.stream.flush().await?;
            self.outbox.clear();
        }
        self.inbox.drain(..self.taken);
        self.taken = 0;
        match self.stream.read_buf(&mut self.inbox).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Takes what has been read; `None` means that it takes another turn.
    pub fn next(&mut self) -> Option<Received> {
        loop {
            let unread = &self.inbox[self.taken..];
            let head = unread.get(..HEAD_BYTES)?;
            let bytes = HEAD_BYTES + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let payload = unread.get(HEAD_BYTES..bytes)?;
            self.taken += bytes;
            match kind {
                DATA => {
                    self.window_used += payload.len() as u32;
                    if flags & END_STREAM == 0 {
                        self.parts.entry(stream).or_default().extend_from_slice(payload);
                        continue;
                    }
                    let mut body = self.parts.remove(&stream).unwrap_or_default();
                    body.extend_from_slice(payload);
                    return Some(Received::Message { stream, body });
                }
                RST_STREAM | GOAWAY => {
                    // A GOAWAY names a stream first.
                    let at = if kind == GOAWAY { 4 } else { 0 };
                    let code = payload.get(at..).and_then(<[u8]>::first_chunk);
                    let code = code.copied().map_or(0, u32::from_be_bytes);
                    return Some(Received::Reset { code });
                }
                SETTINGS if flags & ACK == 0 => self.queue(SETTINGS, ACK, 0, &[]),
                PING if flags & ACK == 0 => {
                    let payload = payload.to_vec();
                    self.queue(PING, ACK, 0, &payload);
                }
                _ => {}
            }
        }
    }

    /// Queues our settings, and opens the connection's window.
    fn settings(&mut self, settings: &[(u16, u32)]) {
        let settings: Vec<u8> = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        self.queue(SETTINGS, 0, 0, &settings);
        self.queue(WINDOW_UPDATE, 0, 0, &(WINDOW_MAX - DEFAULT_WINDOW).to_be_bytes());
    }

    fn queue(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
        self.outbox.extend_from_slice(&length);
        self.outbox.extend_from_slice(&[kind, flags]);
        self.outbox.extend_from_slice(&stream.to_be_bytes());
        self.outbox.extend_from_slice(payload);
    }
}

/// Adds a header whose name is in the static table (RFC 7541 appendix A), as a literal that enters no table.
pub fn literal(headers: &mut Vec<u8>, name: u8, value: &[u8]) {
    // Prefixes of 4 bits for the name and of 7 for the length.
    match name {
        0..15 => headers.push(name),
        _ => headers.extend_from_slice(&[15, name - 15]),
    }
    let length = u8::try_from(value.len()).ok().filter(|length| *length < 127);
    headers.push(length.expect("the benchmark's headers are short"));
    headers.extend_from_slice(value);
}
