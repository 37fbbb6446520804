//! `postrider dev`: a throw-away demo. A real node, fed through its real API, delivers to the demo's own
//! receiver.
//!
//! * [`demo`]: the account and the sample events, created through the API. [`receiver`]: verifies signatures,
//!   and fails now and then. [`narrator`]: a line per attempt. [`banner`]: addresses, and commands to try.

mod banner;
mod demo;
mod narrator;
mod receiver;

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use postrider_figures::RecordedAttempt;
use postrider_model::delivery::Next;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::config::duration::SampleInterval;
use crate::config::log::{LogFormat, LogLevel};
use crate::config::{Environment, Settings, declaration, listen, networks};
use crate::wiring::admin_key::{FirstKey, KeepCreated};
use crate::wiring::signals::StopSignals;
use crate::wiring::{Node, Secrets, logging, open_files};
use demo::Demo;
use narrator::Narrator;
use postrider_cli::Failure;
use postrider_cli::client::{Client, ClientArgs};
use postrider_cli::display::Screen;
use postrider_cli::values::retry_delays::RetryDelays;
use receiver::{Receipt, Receiver};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The demo creates a temporary data folder, an account with an automation on proposal.accepted, and a receiver on a free \
loopback port. It sends a sample event every few seconds and prints each attempt. The receiver verifies both signatures \
and responds with 500 to the first attempt of every third event, so that you see retries. When the demo stops (ctrl-c, or \
the terminal is closed), everything is deleted.

It ignores the settings file and the server's variables.

Examples:
  postrider dev
  postrider dev --every 500ms --retry-delays 1,2
  postrider dev --once 3 --retry-delays 1    # stops after three events, for scripts")]
pub struct Args {
    /// The address and port of the API and the console; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = listen::parse)]
    listen: SocketAddr,

    /// How often to send a sample event
    #[arg(long, value_name = "DURATION", default_value = "3s")]
    every: SampleInterval,

    /// Send this many events, and stop when their deliveries have ended
    #[arg(long, value_name = "NUMBER")]
    once: Option<u64>,

    /// The retry schedule: delays in seconds, or with a unit, such as `10s,5m,1h`
    #[arg(long, value_name = "DELAYS", default_value = "10,100")]
    retry_delays: RetryDelays,

    /// The log level, as in `postrider serve --help`
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: LogLevel,
}

/// Most receipts that wait for the narrator. The narrator is faster than any receiver; receipts beyond this
/// are not shown.
const RECEIPTS_MAX: usize = 1_024;

/// Runs the demo until a signal stops it, or until the deliveries of `--once` have ended.
pub async fn run(args: &Args) -> Result<(), Failure> {
    // The narrator says what happens.
    logging::start(LogFormat::Text, &args.log_level, logging::Lines::NONE);
    open_files::raise_limit();
    let stop = StopSignals::catch()?;
    // For its owner alone, as a data folder has to be.
    let folder = tempfile::Builder::new()
        .prefix("postrider-dev-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir();
    let folder =
        folder.map_err(|error| Failure::Failed(format!("cannot create a temporary folder: {error}")))?;
    let settings = settings(args, folder.path())?;
    let node = Node::start(&settings, Secrets::default(), &KeepCreated::Shown).await?;
    let FirstKey::Shown(key) = node.first_key() else {
        return Err(Failure::Failed(
            "the new data folder already has an API key".to_owned(),
        ));
    };
    let key = key.expose().to_owned();
    let figures = Arc::clone(node.figures());
    let attempts = figures.watch();
    let sign_in_link = node.sign_in_link().await?;
    let url = format!("http://{}", super::health::reachable(node.address()));
    let (stop_node, node_stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(node.run_until(async {
        // An error means that the demo has failed: stop then, too.
        let _ = node_stopped.await;
    }));

    let narrated = narrate(args, (&url, &sign_in_link), &key, attempts, stop).await;
    let _ = stop_node.send(());
    running
        .await
        .map_err(|error| Failure::Failed(format!("the node failed: {error}")))??;
    drop(figures);
    match narrated {
        Err(failure) if failure.is_closed_terminal() => Ok(()),
        narrated => narrated,
    }
}

/// Runs the demo between the start and the stop of the node.
async fn narrate(
    args: &Args,
    (url, sign_in_link): (&str, &str),
    key: &str,
    mut attempts: broadcast::Receiver<Arc<RecordedAttempt>>,
    stop: StopSignals,
) -> Result<(), Failure> {
    let mut narrator = Narrator::new();
    let (receipts, mut received) = mpsc::channel::<Receipt>(RECEIPTS_MAX);
    let receiver = Receiver::bind(receipts).await?;
    let mut demo = Demo::set_up(client(url, key)?, &receiver.url()).await?;
    Screen::new().print(&banner::banner(
        (url, sign_in_link),
        key,
        &demo,
        &receiver.url(),
        args.every,
    ))?;
    receiver.start(demo.secret().clone());

    let mut samples = tokio::time::interval(args.every.get());
    samples.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut finished = 0;
    let mut stop = std::pin::pin!(stop.first());
    loop {
        let is_sending = args.once.is_none_or(|once| demo.sent() < once);
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(receipt) = received.recv() => narrator.receipt(&receipt)?,
            attempt = attempts.recv() => match attempt {
                Ok(attempt) => {
                    narrator.attempt(&attempt)?;
                    finished += u64::from(demo.is_sample(attempt.event.id) && matches!(attempt.next, Next::Settle(_)));
                    if args.once.is_some_and(|once| finished >= once) {
                        break;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => narrator.missed(missed)?,
                Err(broadcast::error::RecvError::Closed) => break,
            },
            _ = samples.tick(), if is_sending => narrator.event(&demo.send_sample().await?)?,
        }
    }
    while let Ok(receipt) = received.try_recv() {
        narrator.receipt(&receipt)?;
    }
    narrator.summary()
}

/// The default settings, except those that the demo needs.
fn settings(args: &Args, data_dir: &Path) -> Result<Settings, Failure> {
    let defaults = declaration::read(declaration::defaults());
    let defaults =
        defaults.map_err(|error| Failure::Failed(format!("cannot read the default settings: {error}")))?;
    let loopback =
        ["127.0.0.0/8", "::1"].map(|network| networks::parse(network).expect("these are networks"));
    Ok(Settings {
        listen: args.listen,
        data_dir: data_dir.to_owned(),
        retry_delays: args.retry_delays.clone(),
        allow_destination: loopback.to_vec(),
        ..defaults
    })
}

fn client(url: &str, key: &str) -> Result<Client, Failure> {
    let url = url
        .parse()
        .map_err(|error| Failure::Failed(format!("{url}: {error}")))?;
    let args = ClientArgs {
        url: Some(url),
        api_key: Some(key.to_owned()),
        ..ClientArgs::default()
    };
    Client::new(&args, &Environment::default())
}
