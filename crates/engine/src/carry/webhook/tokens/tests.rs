use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_egress::allowance::WAIT_MAX;
use postrider_egress::{Leave, Request, Response};
use postrider_model::{ClientAuthentication, OAuth2, Secret, Timestamp};
use tokio::time::{Instant, sleep};

use super::*;

/// A clock that follows the runtime's virtual time.
struct Virtual(Instant);

impl Clock for Virtual {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_ms(0)
    }

    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A token endpoint that takes a second, and issues `token-1`, `token-2` and so on for 100 s each.
struct Endpoint {
    asked: AtomicUsize,
    /// The time that each request had.
    timeouts: Mutex<Vec<Duration>>,
    is_down: AtomicBool,
    takes: Duration,
    /// How long the first request waits for resources of ours.
    waits: Duration,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            asked: AtomicUsize::default(),
            timeouts: Mutex::default(),
            is_down: AtomicBool::default(),
            takes: SECOND,
            waits: Duration::ZERO,
        }
    }
}

impl Transport for Endpoint {
    async fn send(&self, request: &Request) -> Response {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        self.timeouts.lock().push(request.timeout);
        sleep(self.takes.min(request.timeout)).await;
        let is_late = self.takes > request.timeout;
        let status = if self.is_down.load(Ordering::Relaxed) {
            503
        } else {
            200
        };
        let body = format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":100}}"#);
        Response {
            outcome: if is_late {
                Outcome::Timeout
            } else {
                Outcome::Succeeded
            },
            status_code: (!is_late).then_some(status),
            error: is_late.then(|| "no response in time".to_owned()),
            headers: Vec::new(),
            body: Bytes::from(body),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }

    async fn send_if(&self, request: &mut Request, _: Leave<'_>) -> Result<Response, NotSent> {
        let is_first = self.asked.load(Ordering::Relaxed) == 0;
        let waited = if is_first { self.waits } else { Duration::ZERO };
        sleep(waited.min(WAIT_MAX)).await;
        if waited > WAIT_MAX {
            self.asked.fetch_add(1, Ordering::Relaxed);
            return Err(NotSent::Postponed);
        }
        let response = self.send(request).await;
        Ok(Response { waited, ..response })
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn client(version: i64) -> OAuth2Client {
    OAuth2Client {
        connection: ConnectionId::from_u128(1),
        version,
        oauth2: OAuth2 {
            token_url: "https://id.example/token".to_owned(),
            client_id: "me & you".to_owned(),
            client_secret: Secret::new("s:e+c%r=t"),
            scope: Some("a b".to_owned()),
            audience: None,
            client_authentication: ClientAuthentication::Basic,
        },
    }
}

fn asking(endpoint: &Endpoint, timeout: Duration) -> Asking<'_, Endpoint> {
    Asking {
        transport: endpoint,
        user_agent: "Postrider/1",
        tenant: 1,
        timeout,
        may_leave: &|| true,
    }
}

struct Scene {
    tokens: Tokens,
    endpoint: Endpoint,
}

impl Scene {
    fn new() -> Self {
        Self::with(Endpoint::default())
    }

    fn with(endpoint: Endpoint) -> Self {
        Self {
            tokens: Tokens::new(Arc::new(Virtual(Instant::now()))),
            endpoint,
        }
    }

    async fn get(&self, version: i64, refused: Option<&Token>) -> Result<Got, TokenFailure> {
        let asking = asking(&self.endpoint, 5 * SECOND);
        let got = self.tokens.get(&client(version), refused, &asking).await;
        got.unwrap().0
    }

    /// Asks with this much time left.
    async fn within(&self, timeout: Duration) -> Result<(Result<Got, TokenFailure>, Duration), NotSent> {
        let asking = asking(&self.endpoint, timeout);
        self.tokens.get(&client(1), None, &asking).await
    }

    async fn token(&self) -> Token {
        self.get(1, None).await.unwrap().token
    }

    fn is_down(&self, is_down: bool) {
        self.endpoint.is_down.store(is_down, Ordering::Relaxed);
    }

    fn asked(&self) -> usize {
        self.endpoint.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_wait_for_the_same_token_share_one_request() {
    let scene = Scene::new();
    let all = (0..20).map(|_| scene.get(1, None));
    let mut tokens = Vec::new();
    for got in futures_of(all).await {
        tokens.push(got.unwrap().token.expose().to_owned());
    }
    assert_eq!(tokens, vec!["token-1"; 20]);
    assert_eq!(scene.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let scene = Scene::new();
    assert_eq!(scene.token().await.expose(), "token-1");
    sleep(89 * SECOND).await;
    assert_eq!(scene.token().await.expose(), "token-1");
    sleep(2 * SECOND).await;
    assert_eq!(scene.token().await.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn an_edited_connection_does_not_use_the_token_of_before() {
    let scene = Scene::new();
    assert_eq!(scene.token().await.expose(), "token-1");
    let edited = scene.get(2, None).await.unwrap();
    assert!(edited.is_new);
    assert_eq!(edited.token.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_counts_for_a_second_and_for_all_who_waited() {
    let scene = Scene::new();
    scene.is_down(true);
    let all = (0..20).map(|_| scene.get(1, None));
    for got in futures_of(all).await {
        assert_eq!(got.unwrap_err().error, "the token endpoint responded HTTP 503");
    }
    assert_eq!(scene.asked(), 1);
    sleep(SECOND).await;
    assert!(scene.get(1, None).await.is_err());
    assert_eq!(scene.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_at_most_once_in_ten_seconds() {
    let scene = Scene::new();
    let first = scene.token().await;
    let second = scene.get(1, Some(&first)).await.unwrap();
    assert!(second.is_new);
    let late = scene.get(1, Some(&first)).await.unwrap();
    assert!(!late.is_new, "another attempt has renewed it already");
    assert_eq!(late.token, second.token);
    assert!(scene.get(1, Some(&second.token)).await.is_err());
    assert_eq!(scene.asked(), 2);
    assert_eq!(scene.token().await, second.token, "it is still used");
    sleep(RENEWED_EVERY).await;
    let third = scene.get(1, Some(&second.token)).await.unwrap();
    assert_eq!(third.token.expose(), "token-3");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_keeps_the_token_for_the_others() {
    let scene = Scene::new();
    let token = scene.token().await;
    scene.is_down(true);
    let refused = scene.get(1, Some(&token)).await.unwrap_err();
    assert_eq!(refused.status_code, Some(503));
    assert_eq!(scene.token().await, token);
    let again = scene.get(1, Some(&token)).await.unwrap_err();
    assert!(again.error.contains("refuses the tokens"), "{}", again.error);
    assert_eq!(scene.asked(), 2);
    scene.is_down(false);
    sleep(RENEWED_EVERY).await;
    let renewed = scene.get(1, Some(&token)).await.unwrap();
    assert_eq!(renewed.token.expose(), "token-3");
    assert_eq!(scene.token().await, renewed.token);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_under_way_does_not_hold_up_those_who_use_the_token_in_memory() {
    let scene = Scene::new();
    let token = scene.token().await;
    let began = Instant::now();
    let others = async {
        sleep(SECOND / 2).await;
        let got = scene.get(1, None).await.unwrap();
        (got.token, began.elapsed())
    };
    let (renewed, (used, at)) = tokio::join!(scene.get(1, Some(&token)), others);
    assert_eq!(renewed.unwrap().token.expose(), "token-2");
    assert_eq!((used, at), (token, SECOND / 2));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_takes_long_is_not_followed_by_the_next_at_once() {
    let scene = Scene::new();
    let token = scene.token().await;
    let slow = Scene {
        endpoint: Endpoint {
            takes: 60 * SECOND,
            ..Endpoint::default()
        },
        ..scene
    };
    let asking = asking(&slow.endpoint, 30 * SECOND);
    let late = slow.tokens.get(&client(1), Some(&token), &asking).await;
    assert_eq!(late.unwrap().0.unwrap_err().outcome, Outcome::Timeout);
    assert!(slow.get(1, Some(&token)).await.is_err());
    assert_eq!(
        slow.asked(),
        1,
        "the receiver refuses its tokens: not before ten seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_for_want_of_time_does_not_fail_who_has_more() {
    let scene = Scene::with(Endpoint {
        takes: 3 * SECOND,
        ..Endpoint::default()
    });
    let hasty = scene.within(2 * SECOND).await.unwrap().0;
    assert_eq!(hasty.unwrap_err().outcome, Outcome::Timeout);
    // Those who have as little time, or less, need not ask.
    let as_hasty = scene.within(2 * SECOND).await.unwrap().0;
    assert_eq!(as_hasty.unwrap_err().outcome, Outcome::Timeout);
    assert_eq!(scene.asked(), 1);
    let patient = scene.within(4 * SECOND).await.unwrap().0;
    assert_eq!(patient.unwrap().token.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_request_that_waits_for_resources_of_ours_loses_no_time() {
    let scene = Scene::with(Endpoint {
        waits: 20 * SECOND,
        ..Endpoint::default()
    });
    let (first, second) = tokio::join!(scene.within(5 * SECOND), scene.within(25 * SECOND));
    assert_eq!(first.unwrap().1, 20 * SECOND);
    let (got, waited) = second.unwrap();
    assert!(!got.unwrap().is_new);
    assert_eq!(waited, 20 * SECOND, "the second that the response took counts");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_left_takes_no_time_from_the_next() {
    let scene = Scene::with(Endpoint {
        waits: 2 * WAIT_MAX,
        ..Endpoint::default()
    });
    let (first, second) = tokio::join!(scene.within(5 * SECOND), scene.within(40 * SECOND));
    assert_eq!(first.unwrap_err(), NotSent::Postponed);
    let (got, waited) = second.unwrap();
    assert!(got.unwrap().is_new);
    assert_eq!(waited, WAIT_MAX);
    assert_eq!(*scene.endpoint.timeouts.lock(), [40 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_wait_for_the_request_of_another_is_postponed() {
    let scene = Scene::new();
    let (first, hasty) = tokio::join!(scene.get(1, None), scene.within(SECOND / 2));
    assert!(first.is_ok());
    assert_eq!(hasty.unwrap_err(), NotSent::Postponed);
    assert_eq!(scene.asked(), 1);
}

#[test]
fn a_request_is_the_one_of_the_specification() {
    let endpoint = Endpoint::default();
    let asking = asking(&endpoint, SECOND);
    let header = |request: &Request, name: &str| {
        let found = request.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let basic = request(&client(1), &asking, SECOND);
    assert_eq!(basic.body, "grant_type=client_credentials&scope=a%20b");
    assert_eq!(
        header(&basic, "Content-Type").unwrap(),
        "application/x-www-form-urlencoded"
    );
    // `me%20%26%20you:s%3Ae%2Bc%25r%3Dt`
    assert_eq!(
        header(&basic, "Authorization").unwrap(),
        "Basic bWUlMjAlMjYlMjB5b3U6cyUzQWUlMkJjJTI1ciUzRHQ="
    );
    let mut in_body = client(1);
    in_body.oauth2.client_authentication = ClientAuthentication::Body;
    in_body.oauth2.audience = Some("https://api.example/".to_owned());
    let in_body = request(&in_body, &asking, SECOND);
    assert_eq!(
        in_body.body,
        "grant_type=client_credentials&scope=a%20b&audience=https%3A%2F%2Fapi.example%2F\
         &client_id=me%20%26%20you&client_secret=s%3Ae%2Bc%25r%3Dt"
    );
    assert_eq!(header(&in_body, "Authorization"), None);
}

/// Runs the futures at the same time.
async fn futures_of<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut pending {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        match pending.iter().all(|(_, output)| output.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}
