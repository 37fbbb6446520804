//! `postrider health`: asks a running server on this machine whether it is well. For containers, whose image
//! has no other program that could.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::ArgMatches;
use postrider_cli::Failure;
use postrider_cli::client::probe::{self, Probed};
use postrider_cli::display::Screen;
use postrider_model::duration;
use url::Url;

use super::data_dir::HealthArgs;
use crate::config::{self, Environment};

/// The longest that a check may wait: a supervisor asks more often than that.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Calls /readyz of the server, at the address on which these settings make it listen: the same flags, variables and file \
as those of `serve`. It needs no API key. Exit codes: 0 if the server is ready, 1 if it responds otherwise, 3 if it \
does not respond within the timeout.

A server that waits for its database is not ready, and a restart would not help it: use --live to restart a process, and \
the default to send it traffic. In a Dockerfile: HEALTHCHECK CMD [\"/usr/bin/postrider\", \"health\"].

Examples:
  postrider health
  postrider health --live --timeout 2s
  postrider health --url http://10.0.0.7:8080
  postrider health --config /etc/postrider.toml")]
pub struct Args {
    /// Ask only whether the process responds (/healthz)
    #[arg(long)]
    pub live: bool,

    /// The server's address [default: that of the settings]
    #[arg(long, value_name = "URL")]
    pub url: Option<Url>,

    /// How long to wait for the response, at most 1m
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = timeout)]
    pub timeout: Duration,

    /// Where the server listens.
    #[command(flatten)]
    pub settings: HealthArgs,
}

fn timeout(text: &str) -> Result<Duration, duration::DurationError> {
    duration::parse_within(text, Duration::from_millis(1)..=TIMEOUT_MAX)
}

/// Asks the server.
pub async fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let base = match &args.url {
        Some(url) => url.clone(),
        None => url_of_settings(matches, environment)?,
    };
    let path = if args.live { "healthz" } else { "readyz" };
    let Probed { url, status, text } = probe::get(&base, path, args.timeout).await?;
    let said = match status {
        200..=299 => return Screen::new().print(text.trim()),
        _ => format!("{url} responded with {status}: {}", text.trim()),
    };
    Err(Failure::Failed(said))
}

fn url_of_settings(matches: &ArgMatches, environment: &Environment) -> Result<Url, Failure> {
    let settings = config::load(matches, environment)?.settings;
    let reachable = reachable(settings.listen);
    if reachable.port() == 0 {
        let reason =
            "listen has port 0, which stands for any free port: name the server's address with --url";
        return Err(Failure::Usage(reason.to_owned()));
    }
    let url = format!("http://{reachable}").parse();
    url.map_err(|error| Failure::Usage(format!("listen {reachable}: {error}")))
}

/// The address at which this machine reaches a server that listens there.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
