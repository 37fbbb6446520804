//! Tests of the test equipment: a database that crashes and fails over, a network that falls silent.

use std::time::Duration;

use postrider_tests::{Postgres, Proxy, wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_database_that_crashed_has_what_it_confirmed() {
    let mut postgres = Postgres::start();
    postgres.sql("CREATE TABLE kept (number integer)");
    postgres.sql("INSERT INTO kept VALUES (1)");
    let address = postgres.address();
    postgres.stop_immediately();
    assert!(TcpStream::connect(address).await.is_err());
    postgres.start_again();
    assert_eq!(postgres.address(), address);
    assert_eq!(postgres.sql("SELECT number FROM kept"), "1");
    postgres.stop();
    postgres.start_again();
    assert_eq!(postgres.sql("SELECT number FROM kept"), "1");
    assert_eq!(postgres.sql("SHOW fsync"), "on");
}

#[tokio::test]
async fn a_promoted_standby_has_what_its_primary_confirmed() {
    let mut primary = Postgres::start();
    primary.sql("CREATE TABLE kept (number integer)");
    let standby = primary.synchronous_standby();
    primary.sql("INSERT INTO kept VALUES (1)");
    primary.stop_immediately();
    standby.promote();
    standby.sql("INSERT INTO kept VALUES (2)");
    assert_eq!(standby.sql("SELECT sum(number) FROM kept"), "3");
}

#[tokio::test]
async fn a_paused_network_holds_what_is_sent_and_carries_it_later() {
    let (listener, proxy) = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said(&mut stream, b"a").await.unwrap(), *b"a");
    proxy.pause();
    stream.write_all(b"b").await.unwrap();
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    new.write_all(b"c").await.unwrap();
    let mut byte = [0];
    let silent = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut byte)).await;
    assert!(silent.is_err(), "{silent:?}");
    proxy.resume();
    stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(byte, *b"b");
    new.read_exact(&mut byte).await.unwrap();
    assert_eq!(byte, *b"c");
    listener.abort();
}

#[tokio::test]
async fn a_cut_network_resets_its_connections_and_takes_new_ones_elsewhere() {
    let (first, proxy) = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said(&mut stream, b"a").await.unwrap(), *b"a");
    proxy.cut();
    let error = said(&mut stream, b"b").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said(&mut stream, b"c").await.unwrap(), *b"c");
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.lead_to(elsewhere.local_addr().unwrap());
    assert!(said(&mut stream, b"d").await.is_err());
    let _new = TcpStream::connect(proxy.address()).await.unwrap();
    let arrived = tokio::time::timeout(wait::SOON, elsewhere.accept()).await;
    assert!(arrived.unwrap().is_ok());
    first.abort();
}

/// Sends a byte and returns the byte that comes back.
async fn said(stream: &mut TcpStream, byte: &[u8; 1]) -> std::io::Result<[u8; 1]> {
    stream.write_all(byte).await?;
    let mut echoed = [0];
    stream.read_exact(&mut echoed).await?;
    Ok(echoed)
}

/// A server that echoes each byte, behind a proxy.
async fn echo() -> (tokio::task::JoinHandle<()>, Proxy) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let proxy = Proxy::start(address).await;
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    (serving, proxy)
}
