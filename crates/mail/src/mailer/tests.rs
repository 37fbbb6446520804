//! What needs a socket of a chosen size, or the log.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use postrider_egress::ResolveError;
use postrider_model::{DeliveryId, Recipients, Timestamp};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::*;
use crate::message::Draft;
use crate::settings::SmtpTexts;

/// Bytes of the buffers of sockets. A message of 300 KiB does not fit into them.
const SOCKET_BYTES: u32 = 8 * 1_024;

struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn mailer(resolver: Arc<dyn Resolve>) -> Mailer {
    let settings = SmtpSettings::read(&SmtpTexts {
        url: "smtp://mail.example.com?tls=none",
        user: None,
        password: None,
        from: "automations@example.com",
    });
    let options = Options {
        resolver,
        ..Options::default()
    };
    Mailer::new(settings.unwrap(), Arc::new(NoClock), &options).unwrap()
}

fn message(text: &str) -> Message {
    let draft = Draft {
        from: &"automations@example.com".parse().unwrap(),
        to: &Recipients::new(vec!["ann@example.org".parse().unwrap()]).unwrap(),
        subject: "s",
        text,
        date: Timestamp::EPOCH,
        delivery: DeliveryId::from_u128(1),
        event_type: &"a.b".parse().unwrap(),
        header_prefix: "Postrider",
    };
    Message::compose(&draft).unwrap()
}

/// Fails every look-up in the same way.
struct Failing(ResolveError);

#[async_trait::async_trait]
impl Resolve for Failing {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        Err(self.0)
    }
}

/// A mailer with an idle connection, and the server's end of it. Only little fits into the connection.
async fn with_a_narrow_connection() -> (Mailer, BufReader<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SOCKET_BYTES).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let client = TcpSocket::new_v4().unwrap();
    client.set_send_buffer_size(SOCKET_BYTES).unwrap();
    let client = client.connect(listener.local_addr().unwrap()).await.unwrap();
    let (served, _) = listener.accept().await.unwrap();
    let mailer = mailer(Arc::new(Failing(ResolveError::NotFound)));
    let connection = Connection::plain(client, &mailer.server);
    mailer.pool.check_in(connection).await;
    (mailer, BufReader::new(served))
}

/// Answers as a server does, up to the answer to `DATA`.
async fn serve_until_data(stream: &mut BufReader<TcpStream>) {
    for answer in ["250 ok\r\n", "250 ok\r\n", "354 go on\r\n"] {
        let mut command = String::new();
        stream.read_line(&mut command).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_does_not_read_the_message_is_given_up_in_time() {
    let (mailer, mut served) = with_a_narrow_connection().await;
    let large = message(&"x".repeat(250_000));
    let began = Instant::now();
    let attempt = mailer.send(&large, Duration::from_millis(400), Partial::Wait, &|| true);
    let (sent, ()) = tokio::join!(attempt, serve_until_data(&mut served));
    let sent = sent.unwrap();
    assert_eq!(sent.outcome, Outcome::Timeout);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(sent.dialogue.steps.len(), 4, "it was writing the message");
    let mut arrived = Vec::new();
    served.read_to_end(&mut arrived).await.unwrap();
    assert!(arrived.len() < large.bytes().len(), "it waited in the write");
}

#[tokio::test]
async fn a_message_that_was_not_written_in_full_is_not_accepted() {
    for (answer, verdict) in [
        ("250 2.0.0 queued", Verdict::Temporary),
        ("552 5.3.4 too big", Verdict::Permanent),
    ] {
        let (mailer, mut served) = with_a_narrow_connection().await;
        let large = message(&"x".repeat(250_000));
        let attempt = mailer.send(&large, Duration::from_secs(20), Partial::Wait, &|| true);
        let server = async move {
            serve_until_data(&mut served).await;
            served.read_u8().await.unwrap();
            served
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .unwrap();
            // Dropped with unread bytes, the connection is reset.
        };
        let (sent, ()) = tokio::join!(attempt, server);
        let sent = sent.unwrap();
        assert_eq!(sent.verdict, verdict, "{sent:?}");
        assert_eq!(sent.dialogue.last_code(), answer[..3].parse().ok(), "{sent:?}");
        assert_eq!(mailer.pool.idle_count(), 0, "the connection is not kept");
    }
}

/// Counts what is logged.
#[derive(Clone, Default)]
struct Log(Arc<AtomicUsize>);

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("postrider_mail")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn the_log_says_at_most_once_a_minute_that_no_mail_can_be_sent() {
    for error in [ResolveError::OutOfFiles, ResolveError::NotFound] {
        let log = Log::default();
        let _guard = tracing::subscriber::set_default(log.clone());
        let mailer = mailer(Arc::new(Failing(error)));
        for (seconds, lines) in [(0, 1), (0, 1), (59, 1), (1, 2), (0, 2)] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            let sent = mailer
                .send(&message("t"), Duration::from_secs(1), Partial::Wait, &|| true)
                .await;
            match sent {
                Err(not_sent) => assert_eq!(not_sent, NotSent::Postponed),
                Ok(sent) => assert_eq!(sent.concerns, Concerns::Server),
            }
            assert_eq!(log.0.load(Ordering::SeqCst), lines, "{error:?}");
        }
    }
}
