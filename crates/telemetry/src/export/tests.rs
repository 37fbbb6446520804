//! The tasks against a scripted collector, on virtual time.

use std::collections::VecDeque;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest,
};
use postrider_engine::SystemClock;

use super::*;
use crate::queue::{BATCH_MAX, QUEUE_MAX};
use crate::resource::resource;

/// Responds as told, then with 200. Notes when and what it was sent.
struct Scripted {
    responses: Mutex<VecDeque<Response>>,
    posts: Mutex<Vec<(Instant, String, Vec<u8>)>>,
}

enum Response {
    Status(u16),
    Body(Vec<u8>),
    Silence,
}

#[async_trait]
impl Collector for Scripted {
    async fn post(&self, path: &str, message: Vec<u8>) -> Result<(u16, Vec<u8>), String> {
        self.posts.lock().push((Instant::now(), path.to_owned(), message));
        let response = self.responses.lock().pop_front();
        match response {
            None => Ok((200, Vec::new())),
            Some(Response::Status(status)) => Ok((status, Vec::new())),
            Some(Response::Body(body)) => Ok((200, body)),
            Some(Response::Silence) => std::future::pending().await,
        }
    }
}

fn start(responses: impl IntoIterator<Item = Response>) -> (Arc<Scripted>, Arc<Queue<Span>>, Export) {
    let collector = Arc::new(Scripted {
        responses: Mutex::new(responses.into_iter().collect()),
        posts: Mutex::default(),
    });
    let spans = Arc::new(Queue::new(Signal::Traces));
    let sources = Sources {
        spans: Some(Arc::clone(&spans)),
        lines: None,
        metrics: None,
    };
    let clock = Arc::new(SystemClock::new());
    let shared: Arc<dyn Collector> = Arc::clone(&collector) as _;
    let export = Export::start(&shared, &resource([1; 16], None), clock, sources);
    (collector, spans, export)
}

fn spans(count: usize) -> Vec<Span> {
    vec![Span::default(); count]
}

impl Scripted {
    fn times(&self) -> Vec<Instant> {
        self.posts.lock().iter().map(|(at, ..)| *at).collect()
    }

    fn received(&self) -> Vec<usize> {
        let count = |message: &Vec<u8>| {
            let request = ExportTraceServiceRequest::decode(message.as_slice()).unwrap();
            request.resource_spans[0].scope_spans[0].spans.len()
        };
        self.posts
            .lock()
            .iter()
            .map(|(_, _, message)| count(message))
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_leaves_at_once_and_a_small_one_after_a_while() {
    let (collector, queue, export) = start([]);
    let began = Instant::now();
    queue.add(spans(BATCH_MAX + 1));
    sleep(EXPORT_EVERY * 3).await;
    assert_eq!(collector.received(), [BATCH_MAX, 1]);
    assert_eq!(collector.times()[0], began);
    queue.add(spans(2));
    let added = Instant::now();
    sleep(EXPORT_EVERY * 2).await;
    assert_eq!(collector.received(), [BATCH_MAX, 1, 2]);
    assert!(collector.times()[2] - added <= EXPORT_EVERY);
    export.stop(FLUSH_MAX).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_again_a_few_times_and_then_dropped() {
    let away = [503, 429, 502, 504].map(Response::Status);
    let (collector, queue, export) = start(away);
    queue.add(spans(3));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(collector.received(), [3, 3, 3, 3], "and never again");
    queue.add(spans(1));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(collector.received().last(), Some(&1));
    export.stop(FLUSH_MAX).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_collector_refuses_for_good_is_not_sent_again() {
    let (collector, queue, export) = start([Response::Status(401)]);
    queue.add(spans(3));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(collector.received(), [3]);
    export.stop(FLUSH_MAX).await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_rejected_is_not_sent_again() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 2,
            error_message: "too old".to_owned(),
        }),
    };
    let (collector, queue, export) = start([Response::Body(partial.encode_to_vec())]);
    queue.add(spans(3));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(collector.received(), [3]);
    export.stop(FLUSH_MAX).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_collector_delays_no_stop_and_the_queue_stays_bounded() {
    let (collector, queue, export) = start((0..1_000).map(|_| Response::Silence));
    for _ in 0..20 {
        queue.add(spans(BATCH_MAX));
        sleep(Duration::from_secs(1)).await;
    }
    let mut waiting = 0;
    loop {
        let taken = queue.take().len();
        if taken == 0 {
            break;
        }
        waiting += taken;
    }
    assert!(waiting <= QUEUE_MAX);
    let times = collector.times();
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] >= REQUEST_MAX),
        "{times:?}"
    );
    let stopping = Instant::now();
    export.stop(FLUSH_MAX).await;
    assert!(stopping.elapsed() <= FLUSH_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_stop_exports_what_is_left() {
    let (collector, queue, export) = start([]);
    queue.add(spans(5));
    export.stop(FLUSH_MAX).await;
    assert_eq!(collector.received(), [5]);
}
