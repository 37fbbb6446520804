//! Three nodes under load, and every disturbance of them and their database, round after round: four rounds
//! with short leases in every run, all rounds with the default lease in `./test --deep`.
//!
//! At the end, every acknowledged event is delivered to each of its actions. A delivery was received twice
//! only if a disturbance kept the sending node from recording the first time. Undisturbed retries kept to
//! their schedule.
//!
//! The seed is printed; `POSTRIDER_TEST_SEED` sets it. The exact moments still depend on the machine.

use std::time::{Duration, Instant};

use postrider_tests::cluster::DEFAULT_LEASE;
use postrider_tests::{Account, Cluster, Postgres, wait};

use super::disturbances::{Disturbance, Whom};
use super::evidence::{self, Enough, Evidence, Story, SucceededDelivery};
use super::producers::Producers;
use super::receivers::Receivers;
use super::table::{self, Round};

/// How long undisturbed work continues at the end of a round, in milliseconds.
const CALM_MS: std::ops::Range<u64> = 1_500..3_000;

/// How long the database is down, and a short silence of the network lasts, in milliseconds.
const AWAY_MS: std::ops::Range<u64> = 2_000..4_000;

/// How often the connections of a node are cut in a row, and the pauses between the cuts, in milliseconds:
/// some cuts fall between a commit and its response.
const CUTS: usize = 8;
const BETWEEN_CUTS_MS: std::ops::Range<u64> = 50..600;

/// How long a node may take to become ready once the disturbance is over.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How long everything may take to settle after the last round: enough for the whole retry schedule (110 s),
/// or for a lease.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// Most faults that are printed.
const FAULTS_SHOWN: usize = 20;

/// A variant of the test.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// The leases of the nodes. Longer than the database is down, so that sessions survive that.
    lease: Duration,
    /// How long one of the receivers is down at the start. A delivery that fails twice arrives 110 seconds
    /// after its first attempt.
    down_for: Duration,
    is_long: bool,
    enough: Enough,
}

const SHORT: Plan = Plan {
    lease: Duration::from_secs(10),
    down_for: Duration::from_secs(6),
    is_long: false,
    enough: Enough {
        events: 500,
        untouched_retries: 30,
    },
};

const LONG: Plan = Plan {
    lease: DEFAULT_LEASE,
    down_for: Duration::from_secs(15),
    is_long: true,
    enough: Enough {
        events: 1_000,
        untouched_retries: 100,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_lose_nothing_in_chaos() {
    lose_nothing(SHORT).await;
}

mod deep {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn three_nodes_lose_nothing_in_long_chaos() {
        super::lose_nothing(super::LONG).await;
    }
}

async fn lose_nothing(plan: Plan) {
    let seed = std::env::var("POSTRIDER_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let started = Instant::now();
    let cluster = Cluster::start_with(Postgres::start(), 3, plan.lease).await;
    let account = Account::create(cluster.nodes[0].api()).await;
    let receivers = Receivers::start(plan.down_for).await;
    let actions = receivers.subscribe(&account).await;
    let producers = Producers::start(&account, cluster.apis(), &mut random);
    let mut nodes = [0, 1, 2];
    random.shuffle(&mut nodes);
    let mut chaos = Chaos {
        plan,
        nodes,
        cluster,
        account,
        producers,
        random,
        rounds: Vec::new(),
        disturbances: Vec::new(),
        succeeded: Vec::new(),
    };
    chaos.rage_briefly().await;
    if plan.is_long {
        chaos.rage_on().await;
    }
    // Keep the cluster until the faults are known: its logs are printed if the test fails.
    let (evidence, rounds, _cluster) = chaos.end(&receivers, actions).await;
    table::print(&evidence, &rounds, seed, started.elapsed());
    let faults = evidence.faults();
    for fault in faults.iter().take(FAULTS_SHOWN) {
        println!("FAULT {fault}");
    }
    assert!(
        faults.is_empty(),
        "{} faults, of which the first are above",
        faults.len()
    );
}

/// A run of the test.
struct Chaos {
    plan: Plan,
    /// The nodes in a random order.
    nodes: [usize; 3],
    cluster: Cluster,
    account: Account,
    producers: Producers,
    random: fastrand::Rng,
    rounds: Vec<Round>,
    disturbances: Vec<Disturbance>,
    succeeded: Vec<SucceededDelivery>,
}

impl Chaos {
    /// The rounds of every run. The node that was killed first is killed again while another is frozen.
    async fn rage_briefly(&mut self) {
        let [a, _, c] = self.nodes;
        self.round("nothing").await;
        self.calm().await;
        self.round("one node killed and started").await;
        self.kill(&[a]).await;
        self.round("the database crashed and started").await;
        self.crash_database().await;
        self.round("a node frozen past its lease; meanwhile another killed")
            .await;
        self.freeze(c, a).await;
    }

    /// The rounds of a long run only.
    async fn rage_on(&mut self) {
        let [a, b, c] = self.nodes;
        self.round("connections of a node cut again and again").await;
        self.cut(b).await;
        self.round("the network of a node silent for some seconds").await;
        self.silence(a).await;
        self.round("the network of a node silent past its lease; meanwhile others cut and killed")
            .await;
        self.silence_past_lease(b, a, c).await;
        self.round("two nodes killed at once").await;
        self.kill(&[a, b]).await;
        self.round("the database crashed and started, after a node was killed")
            .await;
        self.kill(&[c]).await;
        self.crash_database().await;
        self.round("every node killed at once").await;
        self.kill(&[a, b, c]).await;
    }

    /// Begins a round. Deliveries that have succeeded on record by now must stay so.
    async fn round(&mut self, what: &str) {
        let reader = self.random.usize(..self.cluster.nodes.len());
        let account = self.account.through(self.cluster.nodes[reader].api());
        self.succeeded.extend(SucceededDelivery::read(&account).await);
        self.rounds.push(Round {
            what: what.to_owned(),
            from: Instant::now(),
        });
    }

    async fn kill(&mut self, nodes: &[usize]) {
        let since = Instant::now();
        for &node in nodes {
            self.cluster.nodes[node].server.kill();
        }
        self.pause(0..1_000).await;
        for &node in nodes {
            self.cluster.nodes[node].start();
        }
        self.producers.move_to(self.cluster.apis());
        for &node in nodes {
            self.over(Whom::Node(node), since).await;
        }
        self.calm().await;
    }

    async fn crash_database(&mut self) {
        let since = Instant::now();
        self.cluster.postgres.stop_immediately();
        self.pause(AWAY_MS).await;
        self.cluster.postgres.start_again();
        self.over(Whom::Database, since).await;
        self.calm().await;
    }

    async fn cut(&mut self, node: usize) {
        let since = Instant::now();
        for _ in 0..CUTS {
            self.cluster.nodes[node].proxy.cut();
            self.pause(BETWEEN_CUTS_MS).await;
        }
        self.over(Whom::Node(node), since).await;
        self.calm().await;
    }

    async fn freeze(&mut self, frozen: usize, killed: usize) {
        let since = Instant::now();
        self.cluster.nodes[frozen].server.freeze();
        self.pause(5_000..10_000).await;
        self.kill(&[killed]).await;
        self.taken_over(since).await;
        self.cluster.nodes[frozen].server.thaw();
        self.over(Whom::Node(frozen), since).await;
        self.calm().await;
    }

    async fn silence(&mut self, node: usize) {
        let since = Instant::now();
        self.cluster.nodes[node].proxy.pause();
        self.pause(AWAY_MS).await;
        self.cluster.nodes[node].proxy.resume();
        self.over(Whom::Node(node), since).await;
        self.calm().await;
    }

    async fn silence_past_lease(&mut self, silent: usize, cut: usize, killed: usize) {
        let since = Instant::now();
        self.cluster.nodes[silent].proxy.pause();
        self.pause(3_000..6_000).await;
        self.cut(cut).await;
        self.pause(3_000..6_000).await;
        self.kill(&[killed]).await;
        self.taken_over(since).await;
        self.cluster.nodes[silent].proxy.resume();
        self.over(Whom::Node(silent), since).await;
        self.calm().await;
    }

    /// Waits until others have taken over the deliveries of a node that fell silent at `since`. This is a
    /// sleep, because the lease itself is under test.
    async fn taken_over(&self, since: Instant) {
        let within = self.cluster.nodes[0].taken_over_within();
        tokio::time::sleep_until((since + within).into()).await;
    }

    /// Waits until the affected nodes are ready again, and notes the disturbance.
    async fn over(&mut self, whom: Whom, since: Instant) {
        let struck = match whom {
            Whom::Node(node) => node..node + 1,
            Whom::Database => 0..self.cluster.nodes.len(),
        };
        for node in &self.cluster.nodes[struck] {
            let api = node.api();
            wait::until("the node is ready", READY_WITHIN, async || {
                let response = api.call(http::Method::GET, "/readyz").try_send().await;
                response
                    .is_ok_and(|response| response.status == 200)
                    .then_some(())
            })
            .await;
        }
        self.disturbances.push(Disturbance {
            round: self.rounds.len() - 1,
            whom,
            span: since..Instant::now(),
        });
    }

    /// A time in which events are accepted and nothing is disturbed.
    async fn calm(&mut self) {
        let before = self.producers.accepted();
        self.pause(CALM_MS).await;
        wait::until("events are accepted", READY_WITHIN, async || {
            (self.producers.accepted() > before).then_some(())
        })
        .await;
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.u64(milliseconds))).await;
    }

    /// Stops the load, waits for everything to settle, and reads all records.
    async fn end(self, receivers: &Receivers, actions: Vec<String>) -> (Evidence, Vec<Round>, Cluster) {
        let produced = self.producers.finish().await;
        let account = self.account.through(self.cluster.nodes[0].api());
        wait::until("nothing is pending", SETTLED_WITHIN, async || {
            let path = account.at("/deliveries?status=pending&limit=1");
            let page = account.api.get(path).await.expect(200);
            page["data"].as_array()?.is_empty().then_some(())
        })
        .await;
        let mut requests = receivers.requests(&actions);
        let records = evidence::records(&account, &self.cluster.apis()).await;
        let stories = records.into_iter().map(|(key, record)| {
            let requests = requests.remove(&key).unwrap_or_default();
            (key, Story { record, requests })
        });
        let evidence = Evidence {
            produced,
            disturbances: self.disturbances,
            stories: stories.collect(),
            succeeded: self.succeeded,
            actions,
            events: account.all("events").await.len(),
            enough: self.plan.enough,
        };
        (evidence, self.rounds, self.cluster)
    }
}
