//! What the page promises, whatever the language.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use postrider_tests::port::free_port;
use postrider_tests::{Account, Postgres, Proxy, Receiver, Reply, Server, binary, wait};
use serde_json::{Value, json};

use super::language::Language;
use super::relay::{Program, Relay};
use crate::pages::page::Page;

/// The proposals that the sample accepts.
const PROPOSALS: &str = "p_1 p_2 p_3 p_4 p_5";
const ACCEPTED: usize = 5;

/// Events that several relays share: some batches for each.
const SHARED: usize = 200;

/// A batch of events that are larger than `body_limit` (256 KiB), and than a batch (8 MiB).
const LARGE: usize = 30;
const LARGE_BYTES: usize = 300_000;

/// An event that is larger than a batch.
const HUGE_BYTES: usize = 9_000_000;

/// How often the database looks for what a relay does, and how long a relay may take for it, including its
/// start on a busy machine.
const LOOK_EVERY_S: f64 = 0.05;
const LOOKS_MAX: u32 = 1_200;

/// Stands for the passing of the time that a claim or a `Retry-After` lasts.
const TIME_PASSES: &str = "UPDATE outbox SET due_at = now()";

/// Keeps a relay from recording that events are sent.
const HOLD: &str = "
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END';
    CREATE TRIGGER hold BEFORE UPDATE ON outbox FOR EACH ROW
    WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION hold()";

/// A Postrider with an account of the sample's customer, behind an address that can lead elsewhere.
struct World {
    database: Arc<Postgres>,
    server: Server,
    account: Account,
    receiver: Receiver,
    proxy: Proxy,
    program: Program,
}

/// Checks the promises of the page.
pub async fn loses_nothing_and_sends_nothing_twice(language: Language) {
    let world = World::new(language).await;
    world.a_transaction_that_fails_leaves_neither_the_change_nor_the_event();
    let relay = world.waits_as_long_as_it_is_told().await;
    world.waits_for_a_server_that_is_away().await;
    drop(relay);
    let _relay = world.sends_once_although_it_is_killed_in_between().await;
    world.goes_on_after_what_is_refused().await;
    world.goes_on_after_a_batch_that_is_too_large().await;
    let _another = world.program.relay();
    world.several_relays_share_the_work().await;
}

impl World {
    async fn new(language: Language) -> Self {
        let page = Page::read(&binary::root().join("docs/quickstart-outbox.md"));
        let database = Arc::new(Postgres::start());
        database.sql(page.file("outbox.sql"));
        database.sql(page.file("sample.sql"));
        let server = Server::start();
        let api = server.api();
        let customer = json!({"name": "Acme", "uid": "customer-42"});
        let created = api.post("/v1/accounts", customer).await.expect(201);
        let id = created["id"].as_str().unwrap().to_owned();
        let account = Account { api, id };
        let receiver = Receiver::start().await;
        account.automation(json!({"url": receiver.url("/hook")})).await;
        let proxy = Proxy::start(server.address()).await;
        let program = Program::prepare(language, &page, &database, proxy.address());
        Self {
            database,
            server,
            account,
            receiver,
            proxy,
            program,
        }
    }

    fn a_transaction_that_fails_leaves_neither_the_change_nor_the_event(&self) {
        assert!(self.program.accept(PROPOSALS));
        self.database
            .sql("ALTER TABLE outbox ADD CONSTRAINT closed CHECK (account IS NULL) NOT VALID");
        assert!(!self.program.accept("p_6"));
        self.database.sql("ALTER TABLE outbox DROP CONSTRAINT closed");
        let accepted = self
            .database
            .sql("SELECT count(*) FROM proposals WHERE accepted_at IS NOT NULL");
        assert_eq!(accepted, ACCEPTED.to_string());
        assert_eq!(
            self.database.sql("SELECT count(*) FROM outbox"),
            ACCEPTED.to_string()
        );
    }

    /// Waits until so many rows of the outbox are like this.
    async fn rows(&self, condition: &str, expected: usize) {
        self.until(&format!(
            "(SELECT count(*) FROM outbox WHERE {condition}) = {expected}"
        ))
        .await;
    }

    /// Lets the database wait until a condition is true, because a new client for each look would keep a core
    /// busy.
    async fn until(&self, condition: &str) {
        let block = format!(
            "DO $$ BEGIN
                FOR look IN 1..{LOOKS_MAX} LOOP
                    PERFORM pg_stat_clear_snapshot();
                    IF {condition} THEN RETURN; END IF;
                    PERFORM pg_sleep({LOOK_EVERY_S});
                END LOOP;
                RAISE EXCEPTION 'this did not happen';
            END $$"
        );
        let database = self.database.clone();
        // The proxy and the receivers go on meanwhile.
        let waited = tokio::task::spawn_blocking(move || database.sql(&block)).await;
        assert!(waited.is_ok(), "did not happen: {condition}");
    }

    async fn waits_as_long_as_it_is_told(&self) -> Relay {
        let busy = Receiver::start().await;
        let path = "/v1/accounts/customer-42/events/batch";
        // As a proxy in front of Postrider may respond: no JSON, and not even UTF-8.
        busy.respond(
            path,
            [Reply::status(429)
                .with_header("Retry-After", "3000")
                .with_body(&b"later \xe9"[..])],
        );
        self.proxy.lead_to(busy.address());
        let relay = self.program.relay();
        let told = "failure LIKE '429 later %' AND due_at > clock_timestamp() + interval '2900 s'";
        self.rows(told, ACCEPTED).await;
        let received = busy.wait_for(path, 1, wait::SOON).await.remove(0);
        assert_eq!(received.method, Method::POST);
        relay
    }

    async fn waits_for_a_server_that_is_away(&self) {
        self.proxy.lead_to(([127, 0, 0, 1], free_port()).into());
        self.database.sql(TIME_PASSES);
        self.rows("failure LIKE '0 %' AND due_at > clock_timestamp()", ACCEPTED)
            .await;
    }

    async fn sends_once_although_it_is_killed_in_between(&self) -> Relay {
        self.database.sql(HOLD);
        self.proxy.lead_to(self.server.address());
        self.database.sql(TIME_PASSES);
        let relay = self.program.relay();
        let settling = "FROM pg_stat_activity WHERE query LIKE '%settle_events(%' AND wait_event = 'PgSleep'
            AND pid <> pg_backend_pid()";
        self.until(&format!("EXISTS (SELECT 1 {settling})")).await;
        assert_eq!(self.account.count("events").await, ACCEPTED);
        drop(relay);
        // Otherwise the database would complete the statement of the relay that is gone.
        self.database
            .sql(&format!("SELECT pg_terminate_backend(pid) {settling}"));
        self.database.sql("DROP TRIGGER hold ON outbox");
        self.rows("sent_at IS NULL AND claim IS NOT NULL", ACCEPTED).await;

        self.database.sql(TIME_PASSES);
        let relay = self.program.relay();
        self.rows("sent_at IS NOT NULL AND failure IS NULL", ACCEPTED)
            .await;
        self.each_event_arrived_once(ACCEPTED).await;
        relay
    }

    /// Every row of the outbox is an event of the same id, and a webhook with the row's data.
    async fn each_event_arrived_once(&self, expected: usize) {
        let rows = self
            .database
            .sql("SELECT id FROM outbox WHERE sent_at IS NOT NULL");
        let ids: BTreeSet<_> = rows.lines().map(str::to_owned).collect();
        let events = self.account.all("events").await;
        let posted: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(posted.len(), expected);
        assert_eq!(
            posted.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
            ids
        );
        let received = self.receiver.wait_for("/hook", expected, wait::SOON).await;
        assert_eq!(received.len(), expected);
        for webhook in received {
            let body: Value = serde_json::from_slice(&webhook.body).unwrap();
            assert!(ids.contains(body["id"].as_str().unwrap()));
            assert_eq!(body["data"]["total"], "1250.50");
        }
    }

    async fn goes_on_after_what_is_refused(&self) {
        let id = self
            .database
            .sql("DELETE FROM outbox WHERE position = 1 RETURNING id");
        self.database.sql(&format!(
            r#"INSERT INTO outbox (account, id, type, data) VALUES
                ('customer-42', '{id}', 'proposal.accepted', '{{"another": 1}}'),
                ('customer-42', new_event_id(), 'not good', '1'),
                ('customer-42', new_event_id(), 'a', '{{"total": "1250.50"}}')"#
        ));
        self.rows("failed_at IS NOT NULL AND failure LIKE '%event_conflict%'", 1)
            .await;
        self.rows("failed_at IS NOT NULL AND failure LIKE '%invalid_body%'", 1)
            .await;
        self.rows("type = 'a' AND sent_at IS NOT NULL", 1).await;
        self.receiver.wait_for("/hook", ACCEPTED + 1, wait::SOON).await;
    }

    /// 30 events above the limit of an event, one above that of a batch, and one after them.
    async fn goes_on_after_a_batch_that_is_too_large(&self) {
        self.database.sql(&format!(
            r#"INSERT INTO outbox (account, type, data)
                SELECT 'customer-42', 'large', json_build_object('text', repeat('x', {LARGE_BYTES}))
                FROM generate_series(1, {LARGE});
            INSERT INTO outbox (account, type, data) VALUES
                ('customer-42', 'huge', json_build_object('text', repeat('x', {HUGE_BYTES}))),
                ('customer-42', 'after', '{{"total": "1250.50"}}')"#
        ));
        self.rows("type = 'large' AND alone AND failed_at IS NULL", LARGE)
            .await;
        self.rows("type IN ('huge', 'after') AND alone AND failed_at IS NULL", 2)
            .await;
        self.database.sql(&format!(
            "{TIME_PASSES} WHERE sent_at IS NULL AND failed_at IS NULL"
        ));
        self.rows("failed_at IS NOT NULL AND failure LIKE '%data_too_large%'", LARGE)
            .await;
        self.rows("failed_at IS NOT NULL AND failure LIKE '413 %body_too_large%'", 1)
            .await;
        self.rows("type = 'after' AND sent_at IS NOT NULL", 1).await;
        self.receiver.wait_for("/hook", ACCEPTED + 2, wait::SOON).await;
    }

    async fn several_relays_share_the_work(&self) {
        self.database.sql(&format!(
            r#"INSERT INTO outbox (account, type, data)
                SELECT 'customer-42', 'b', '{{"total": "1250.50"}}' FROM generate_series(1, {SHARED})"#
        ));
        self.rows("type = 'b' AND sent_at IS NOT NULL", SHARED).await;
        let events = self.account.all("events").await;
        assert_eq!(events.len(), ACCEPTED + 2 + SHARED);
        self.receiver
            .wait_for("/hook", ACCEPTED + 2 + SHARED, wait::SOON)
            .await;
    }
}
