//! The benchmark's HTTP: senders that it did not choose end a body in every way that the protocol allows.

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::wire::Inbox;

/// The two ends of a connection.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    near.set_nodelay(true).unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// What is read of responses that arrive in pieces of this many bytes: status, body, and whether the peer
/// closes.
async fn responses(text: &str, piece: usize) -> Vec<(u16, String, bool)> {
    let (mut near, mut far) = connected().await;
    let text = text.to_owned();
    let writer = tokio::spawn(async move {
        for piece in text.as_bytes().chunks(piece) {
            near.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut inbox = Inbox::new();
    let mut read = Vec::new();
    while let Ok(response) = inbox.response(&mut far).await {
        let body = String::from_utf8(response.body.to_vec()).unwrap();
        read.push((response.status, body, response.closes));
    }
    writer.await.unwrap();
    read
}

#[tokio::test]
async fn bodies_are_read_however_they_end_and_in_whatever_pieces_they_arrive() {
    let text = "HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\nnine\
                HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\ndefghijklm\r\n0\r\nX: y\r\n\r\n\
                HTTP/1.1 204 No Content\r\n\r\n\
                HTTP/1.1 200 OK\r\nConnection: Close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
                HTTP/1.1 200 OK\r\n\r\nto the end";
    let expected = [
        (202, "nine", false),
        (200, "abcdefghijklm", false),
        (204, "", false),
        (200, "", true),
        (200, "to the end", true),
    ];
    for piece in [1, 2, 7, 1000] {
        let read = responses(text, piece).await;
        let read: Vec<_> = read
            .iter()
            .map(|(status, body, closes)| (*status, body.as_str(), *closes))
            .collect();
        assert_eq!(read, expected, "in pieces of {piece}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off_or_malformed_is_no_response() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnin",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffe\r\n",
    ] {
        assert_eq!(responses(text, 1000).await, [], "{text}");
    }
}

#[tokio::test]
async fn requests_follow_each_other_on_a_connection_until_it_closes() {
    let (mut near, mut far) = connected().await;
    near.write_all(
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
    )
    .await
    .unwrap();
    drop(near);
    let mut inbox = Inbox::new();
    let first = inbox.request(&mut far).await.unwrap().unwrap();
    assert_eq!((first.path, first.body), (&b"/a"[..], &b"x"[..]));
    let second = inbox.request(&mut far).await.unwrap().unwrap();
    assert_eq!((second.path, second.body), (&b"/b"[..], &b""[..]));
    assert!(inbox.request(&mut far).await.unwrap().is_none());
}
