//! `postrider listen`: forwards the events of an account to a URL on this machine.
//!
//! The command creates an automation whose URL is a name below `listen.invalid`. The server signs each
//! request as always, hands it over ([`nodes`]) instead of sending it, and records the response that the
//! command returns ([`forward`]). At its end the command deletes the automation ([`automation`]). If it
//! crashes, the server deletes the automation a minute later, a cluster six minutes later.

mod automation;
mod forward;
mod local_url;
mod nodes;
mod show;

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use self::automation::Listened;
use self::forward::Forwarder;
use self::local_url::LocalUrl;
use self::nodes::{News, Nodes};
use self::show::Show;
use super::remote::Remote;
use crate::client::{ClientArgs, Server, server};
use crate::{Context, Failure};

/// How soon a second signal is taken for the first one: `timeout` and some shells send a signal twice.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// Most requests that are forwarded at a time, over all nodes: a development server has few threads. Further
/// ones wait at the server.
const FORWARDED_MAX: usize = 32;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each event of the account is delivered to this machine as to any other receiver: signed with the account's key, \
retried on the account's schedule, and on record, with the response of your program. The API key needs the permissions \
`read` and `manage`, and `admin` if `--test-account` has to create its account.

While the command runs, the account has an automation whose URL ends in listen.invalid. The command deletes it at its \
end (ctrl-c). If the command is killed, the server deletes it after a minute, a cluster after six. Requests are made \
exactly as the server would make them; only the header Host is that of your URL.

Examples:
  postrider listen customer-42 --forward-to http://localhost:3000/hooks
  postrider listen customer-42 --forward-to 3000 --on 'proposal.*'
  postrider listen --test-account --forward-to localhost:3000/hooks
  postrider listen customer-42 --forward-to 3000 --like tell-the-crm    # the same events, body and headers
  postrider trigger customer-42 proposal.accepted    # in another terminal")]
pub struct Args {
    /// The account's id or uid
    #[arg(required_unless_present = "test_account")]
    account: Option<String>,

    /// Listen to the account `listen-test`, which is created if it does not exist, and kept. Creating it
    /// needs the permission `admin`
    #[arg(long, conflicts_with = "account")]
    test_account: bool,

    /// The URL that gets the requests: `http://localhost:3000/hooks`, `localhost:3000/hooks`, or a port
    #[arg(long, value_name = "URL")]
    forward_to: LocalUrl,

    /// An event type to forward, such as `proposal.accepted`, `proposal.*` or `*`. Repeatable [default: `*`,
    /// or those of --like]
    #[arg(long, visible_alias = "event-type", value_name = "TYPE")]
    on: Vec<String>,

    /// An automation of the account whose trigger, body, plain headers and signature profile to use
    #[arg(long, value_name = "ID OR UID")]
    like: Option<String>,

    /// The request body: the envelope (id, type, timestamp and data), `data` alone, or a CloudEvent 1.0 in
    /// structured or in binary mode [default: envelope]
    #[arg(long, value_parser = ["envelope", "data", "cloudevents", "cloudevents_binary"], conflicts_with = "like")]
    body: Option<String>,

    /// How the body is serialised, as in `automations create` [default: js]
    #[arg(long, value_parser = ["js", "python", "raw"], conflicts_with = "like")]
    body_style: Option<String>,

    /// Which headers sign the requests [default: the server's signature_profile]
    #[arg(long, value_name = "NAME", conflicts_with = "like")]
    signature_profile: Option<String>,

    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command until a signal ends it.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let server = server::chosen(&args.client, context.environment)?;
    let mut stop = stop_signals()?;
    let listened = automation::create(&args, &mut remote).await?;
    let mut show = Show::new(remote.is_json(), Arc::clone(context.shared_clock));
    let ended = tokio::select! {
        ended = forward_all(&args, server, &listened, &mut show, context) => ended,
        _ = stop.recv() => Ok(()),
    };
    let kept = tokio::select! {
        deleted = automation::delete(&listened, &mut remote) => deleted,
        () = impatience(&mut stop) => Err(Failure::Failed(format!(
            "the automation {} is still there; the server deletes it in a minute, a cluster in six",
            listened.id
        ))),
    };
    match ended.and(kept).and(show.summary(&listened)) {
        Err(failure) if failure.is_closed_terminal() => Ok(()),
        ended => ended,
    }
}

/// Forwards requests until another client takes over, or the automation is gone.
async fn forward_all(
    args: &Args,
    server: Server,
    listened: &Listened,
    show: &mut Show,
    context: Context<'_>,
) -> Result<(), Failure> {
    let server = Arc::new(server);
    let (news, mut arriving) = mpsc::channel(FORWARDED_MAX);
    let mut nodes = Nodes::open(Arc::clone(&server), listened.path(), news).await?;
    let forwarder = Forwarder::new(&args.forward_to, server, listened, nodes.hello(), context)?;
    let forwarder = Arc::new(forwarder);
    let (results, mut forwarded) = mpsc::channel(FORWARDED_MAX);
    let room = Arc::new(tokio::sync::Semaphore::new(FORWARDED_MAX));
    show.begin(listened, &args.forward_to, &args.on, &nodes)?;
    loop {
        tokio::select! {
            biased;
            Some(result) = forwarded.recv() => show.forwarded(&result)?,
            Some(news) = arriving.recv() => match news {
                News::Request(request) => {
                    let (forwarder, results) = (Arc::clone(&forwarder), results.clone());
                    let room = Arc::clone(&room).acquire_owned().await;
                    tokio::spawn(async move {
                        let result = forwarder.forward(*request).await;
                        drop(room);
                        // An error means that the command ends.
                        let _ = results.send(result).await;
                    });
                }
                News::Change(change) => nodes.follow(&change, show)?,
            },
            () = nodes.due() => nodes.look_for_more(show).await?,
        }
    }
}

/// Waits for a second signal, from somebody who is in a hurry.
async fn impatience(stop: &mut mpsc::Receiver<()>) {
    tokio::time::sleep(SAME_SIGNAL).await;
    while stop.try_recv().is_ok() {}
    stop.recv().await;
}

/// SIGINT from ctrl-c, SIGTERM, and SIGHUP from a terminal that is closed, each into the channel.
fn stop_signals() -> Result<mpsc::Receiver<()>, Failure> {
    let (stop, stopped) = mpsc::channel(2);
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut caught =
            signal(kind).map_err(|error| Failure::Failed(format!("cannot catch signals: {error}")))?;
        let stop = stop.clone();
        tokio::spawn(async move {
            while caught.recv().await.is_some() {
                let _ = stop.try_send(());
            }
        });
    }
    Ok(stopped)
}
