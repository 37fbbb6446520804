//! Every setting, declared once: its flag, variable, key in `postrider.toml`, default and help all come from
//! here.
//!
//! The field's name is the key (`data_dir`); the flag (`--data-dir`) and the variable (`POSTRIDER_DATA_DIR`)
//! follow from it. The doc comment is the help text and the comment in the reference.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use postrider_cli::Failure;
use postrider_cli::values::header_prefix::HeaderPrefix;
use postrider_cli::values::retry_delays::RetryDelays;
use postrider_egress::{EgressRules, NamePattern, Origin, Proxy};
use postrider_engine::{EngineSettings, UnseenTypes};
use serde::{Deserialize, Serialize};

use super::accent_color::AccentColor;
use super::database::DatabaseUrl;
use super::duration::{AttemptTimeout, Retention, SessionLease, ShutdownGrace};
use super::egress_proxy::EgressProxyUrl;
use super::frame_ancestors::{self, FrameAncestor};
use super::log::{LogFormat, LogLevel};
use super::logo::{Logo, LogoError};
use super::per_second::PerSecond;
use super::product_name::ProductName;
use super::public_url::PublicUrl;
use super::size::{BodyLimit, ResponseBytes, StoredBytes};
use super::{listen, names, networks, origins, ports, retry_delays, text_value};

/// The settings of `postrider serve`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// The address and port of the API and the console. With port 0 the server picks a free port and prints
    /// it.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = listen::parse)]
    #[serde(with = "listen")]
    pub listen: SocketAddr,

    /// The URL under which browsers reach the server, such as `https://webhooks.example.com`, or with a path,
    /// such as `https://example.com/webhooks`. Links to the console begin with it. By default they begin with
    /// the scheme and the host of the request.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// A network of proxies in front of this server, such as `10.1.0.0/16`. From such a peer the server uses
    /// `X-Forwarded-For`, for the client's address in limits and logs, and `X-Forwarded-Proto`, for the
    /// client's scheme. Repeatable, or separated by commas. By default it uses neither header from anybody.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = networks::parse)]
    #[serde(default, with = "networks")]
    pub trusted_proxies: Vec<IpNet>,

    /// The address and port of `/metrics`, which the port of the API then does not serve. `/healthz` and
    /// `/readyz` are served on both. By default everybody who reaches the port of the API can read the
    /// metrics, which name routes and count events, but hold no names of accounts and no data.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen::parse)]
    #[serde(default, with = "listen::optional", skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,

    /// The folder of the embedded database, created if missing. Only one server at a time can use it.
    #[arg(long, value_name = "FOLDER", default_value = "./postrider-data")]
    pub data_dir: PathBuf,

    /// A PostgreSQL database (15 or newer) to use instead of a data folder; several servers can share one.
    /// Example: `postgres://user@host/database?sslmode=require`. If the URL names several hosts, the server
    /// uses the one that accepts writes. TLS always checks the certificate, whatever the `sslmode`.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,

    /// A file that holds only the database's password, for a URL without it. Alternatively, set
    /// POSTRIDER_DATABASE_PASSWORD.
    #[arg(long, value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,

    /// A file with the certificates (PEM) to trust for the database, instead of the public authorities.
    #[arg(long, value_name = "FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// The most connections that this server opens to the database, plus one that listens for changes.
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u32).range(CONNECTIONS))]
    #[serde(deserialize_with = "connections")]
    pub database_connections: u32,

    /// A file that holds only the operator's API key. Alternatively, set POSTRIDER_ADMIN_KEY. Without either,
    /// the first start creates a key.
    #[arg(long, value_name = "FILE")]
    pub admin_key_file: Option<PathBuf>,

    /// The file with the master key, which seals the secrets in the database: one key a line, the first
    /// seals, all open. Only its owner may read it. By default `master.key` in the data folder, created at
    /// the first start. With a database, name the file or the command, or set POSTRIDER_MASTER_KEY.
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// A command whose output is the master key, instead of a file. The shell (`sh -c`) runs it at the start,
    /// for at most 30 s.
    #[arg(long, value_name = "COMMAND")]
    pub master_key_command: Option<String>,

    /// The retry schedule: delays in seconds. `10,100` makes the first attempt at once, retries 10 s after
    /// the first failure and 100 s after the second, then marks the delivery failed. `none` makes one
    /// attempt. Accounts and automations can override it.
    #[arg(long, value_name = "SECONDS,…", default_value = "10,100")]
    #[serde(with = "retry_delays")]
    pub retry_delays: RetryDelays,

    /// The timeout of one attempt, from the name look-up to the last byte of the response. The time that a
    /// request waits for this server does not count: for its turn at a busy host, for a turn to look a name
    /// up, for a stream of a connection, for an open file. Actions can override it.
    #[arg(long, value_name = "DURATION", default_value = "15s")]
    pub attempt_timeout: AttemptTimeout,

    /// The prefix of the headers and of the user agent of webhooks: the name under which you send. `Acme`
    /// sends `Acme-Signature`.
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    #[serde(with = "text_value")]
    pub header_prefix: HeaderPrefix,

    /// A private or loopback network that webhooks may reach, such as `10.1.0.0/16`. Repeatable, or separated
    /// by commas. By default webhooks reach public addresses only. A cloud's metadata address, such as
    /// `169.254.169.254`, is allowed only if it is listed by itself.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = networks::parse)]
    #[serde(default, with = "networks")]
    pub allow_destination: Vec<IpNet>,

    /// A name of an internal network that webhooks may reach: `receiver`, or `*.svc.cluster.local` for all
    /// names below a domain. Repeatable, or separated by commas. Its addresses have to be allowed too. By
    /// default webhooks reach no name without a dot, and none in `.local`, `.internal` and other internal
    /// domains.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = names::parse)]
    #[serde(default, with = "names")]
    pub allow_destination_name: Vec<NamePattern>,

    /// A network that webhooks never reach, even if it is public or allowed. Repeatable, or separated by
    /// commas.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = networks::parse)]
    #[serde(default, with = "networks")]
    pub deny_destination: Vec<IpNet>,

    /// A port that webhooks may reach although it belongs to a database, to the control of a cluster, to mail
    /// or to another protocol, such as 9200. Repeatable, or separated by commas.
    #[arg(long, value_name = "PORT", value_delimiter = ',', value_parser = ports::parse)]
    #[serde(default, with = "ports")]
    pub allow_port: Vec<u16>,

    /// If set, webhooks reach this port only. Repeatable, or separated by commas: `443,8443`.
    #[arg(long, value_name = "PORT", value_delimiter = ',', value_parser = ports::parse)]
    #[serde(default, with = "ports")]
    pub only_port: Vec<u16>,

    /// Whether webhooks go to `https` URLs only. Attempts to URLs that were saved before are `blocked`.
    #[arg(long, value_name = "TRUE|FALSE", default_value = "false", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(deserialize_with = "text_value::deserialize")]
    pub https_only: bool,

    /// A proxy that all webhooks go through: `http://host:port` (CONNECT) or `socks5://host:port`, with
    /// `user:password@` before the host if it wants them. Names are looked up and addresses judged before,
    /// and the proxy gets the address. By default webhooks go out directly, whatever `HTTP_PROXY` says.
    #[arg(long, value_name = "URL")]
    pub egress_proxy: Option<EgressProxyUrl>,

    /// A file that holds only the proxy's password, for a URL with a user name and without a password.
    #[arg(long, value_name = "FILE")]
    pub egress_proxy_password_file: Option<PathBuf>,

    /// A file with additional certificates (PEM) to trust when webhooks are sent over https.
    #[arg(long, value_name = "FILE")]
    pub extra_ca_file: Option<PathBuf>,

    /// A receiver that speaks HTTP/2 without TLS, such as `http://collector.example.com:8080`: scheme, host
    /// and port of its URLs. Repeatable, or separated by commas. Over https the receiver chooses the version,
    /// and every other receiver without TLS gets HTTP/1.1.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', value_parser = origins::parse)]
    #[serde(default, with = "origins")]
    pub http2_prior_knowledge: Vec<Origin>,

    /// How much of each response body is stored with the attempt.
    #[arg(long, value_name = "SIZE", default_value = "16KiB")]
    pub response_bytes_kept: ResponseBytes,

    /// The largest `data` that an event may have.
    #[arg(long, value_name = "SIZE", default_value = "256KiB")]
    pub body_limit: BodyLimit,

    /// How long an event is kept, with its deliveries and attempts, after its last delivery has ended.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub retention: Retention,

    /// How long an entry of the audit trail is kept.
    #[arg(long, value_name = "DURATION", default_value = "400d")]
    pub audit_retention: Retention,

    /// The most that one account may store within the `retention`: the `data` of its events, what is kept of
    /// the responses, and 160 bytes for each event, delivery and attempt. An account that has stored so much
    /// gets a 429 for further events until older ones expire. Example: `20GiB`. Unlimited by default.
    #[arg(long, value_name = "SIZE")]
    pub stored_bytes_per_account_max: Option<StoredBytes>,

    /// The most requests that one API key can send within a second, on each server. Further ones get a 429.
    /// Unlimited by default.
    #[arg(long, value_name = "NUMBER")]
    pub requests_per_s_and_key: Option<PerSecond>,

    /// The most events that an account's producers can post within a second, on each server, on average: a
    /// whole batch is possible at once. Further ones get a 429. Unlimited by default.
    #[arg(long, value_name = "NUMBER")]
    pub events_per_s_and_account: Option<PerSecond>,

    /// What to do with an event whose type is not in the catalogue: `add` accepts it and adds the type,
    /// `refuse` refuses it.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "add")]
    pub unseen_event_types: UnseenEventTypes,

    /// The most attempts in flight at the same time. Each uses a socket and about 20 KiB of memory.
    #[arg(long, value_name = "NUMBER", default_value = "2048", value_parser = clap::value_parser!(u32).range(IN_FLIGHT))]
    #[serde(deserialize_with = "in_flight")]
    pub in_flight_max: u32,

    /// The most attempts in flight to one host at the same time, over all accounts. Further ones wait, and
    /// accounts take turns. Set it to half of `in_flight_max` or less, so that a slow host leaves room for
    /// the others.
    #[arg(long, value_name = "NUMBER", default_value = "1024", value_parser = clap::value_parser!(u32).range(IN_FLIGHT))]
    #[serde(deserialize_with = "in_flight")]
    pub in_flight_per_host_max: u32,

    /// How long a stopping server waits for attempts in flight. It gives up the others, and the next start
    /// repeats them.
    #[arg(long, value_name = "DURATION", default_value = "20s")]
    pub shutdown_grace: ShutdownGrace,

    /// How long a server may lose contact with the PostgreSQL database before the others take over its
    /// deliveries. The server renews its lease every third of this time. A longer lease tolerates longer
    /// network outages; with a shorter one, the others take over sooner from a killed server. Servers that
    /// share a database may differ.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub session_lease: SessionLease,

    /// An origin whose pages may show the console in a frame: `https://app.example.com`,
    /// `https://*.example.com`, or `self` for the server's own pages. Repeatable, or separated by commas. By
    /// default no page may.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(default, with = "frame_ancestors")]
    pub console_frame_ancestors: Vec<FrameAncestor>,

    /// The product name that the console shows, at most 60 characters.
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    pub console_product_name: ProductName,

    /// The accent colour of the console, as `#rrggbb`.
    #[arg(long, value_name = "COLOR", default_value = "#2f5bea")]
    pub console_accent_color: AccentColor,

    /// A file with the logo that the console shows beside the product name: PNG or SVG, at most 256 KiB.
    #[arg(long, value_name = "FILE")]
    pub console_logo_file: Option<PathBuf>,

    /// The format of the log: `text` for people, or `json` with one object per line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// The least severe level that is logged: `error`, `warn`, `info`, `debug` or `trace`. Parts can have
    /// their own, such as `info,postrider_engine=debug`.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
}

/// Bounds on the attempts in flight: a system has about 28,000 ports for one destination.
const IN_FLIGHT: std::ops::RangeInclusive<i64> = 1..=20_000;

/// Bounds on the connections to the database. At least two, so that reads do not wait for writes. The upper
/// bound is PostgreSQL's default limit; a node sends its work in batches over one or two connections.
const CONNECTIONS: std::ops::RangeInclusive<i64> = 2..=100;

fn in_flight<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&IN_FLIGHT, deserializer)
}

fn connections<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&CONNECTIONS, deserializer)
}

fn number_within<'de, D: serde::Deserializer<'de>>(
    range: &std::ops::RangeInclusive<i64>,
    deserializer: D,
) -> Result<u32, D::Error> {
    let number: u32 = text_value::deserialize(deserializer)?;
    if range.contains(&i64::from(number)) {
        Ok(number)
    } else {
        let bounds = format!("expected {} to {}", range.start(), range.end());
        Err(serde::de::Error::custom(bounds))
    }
}

/// What to do with an event whose type is not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnseenEventTypes {
    /// Accept it and add its type to the catalogue.
    Add,
    /// Refuse it.
    Refuse,
}

impl std::fmt::Display for UnseenEventTypes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Refuse => "refuse",
        })
    }
}

impl Settings {
    /// The logo of the console, read from its file; `None` if none is set.
    pub fn console_logo(&self) -> Result<Option<Logo>, LogoError> {
        self.console_logo_file.as_deref().map(Logo::read).transpose()
    }

    /// The sources of `frame-ancestors` in the console's Content-Security-Policy.
    pub fn console_frame_sources(&self) -> String {
        frame_ancestors::csp_sources(&self.console_frame_ancestors)
    }

    /// The proxy that webhooks go through, with its password.
    pub fn proxy(&self) -> Result<Option<Proxy>, Failure> {
        match (&self.egress_proxy, &self.egress_proxy_password_file) {
            (Some(url), file) => url.proxy(file.as_deref()).map(Some),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let reason = "egress_proxy_password_file has no effect without egress_proxy";
                Err(Failure::Usage(reason.to_owned()))
            }
        }
    }

    /// What webhooks may reach.
    pub fn egress_rules(&self) -> Result<EgressRules, Failure> {
        if self.https_only && !self.http2_prior_knowledge.is_empty() {
            let reason = "http2_prior_knowledge is about receivers without TLS, which https_only forbids";
            return Err(Failure::Usage(reason.to_owned()));
        }
        Ok(EgressRules {
            allowed: self.allow_destination.clone(),
            denied: self.deny_destination.clone(),
            allowed_names: self.allow_destination_name.clone(),
            allowed_ports: self.allow_port.clone(),
            only_ports: self.only_port.clone(),
            https_only: self.https_only,
        })
    }

    /// The settings of the engine.
    pub fn engine(&self) -> EngineSettings {
        EngineSettings {
            retry_delays: self.retry_delays.schedule().clone(),
            attempt_timeout: self.attempt_timeout.get(),
            data_bytes_max: self.body_limit.bytes(),
            unseen_types: match self.unseen_event_types {
                UnseenEventTypes::Add => UnseenTypes::Add,
                UnseenEventTypes::Refuse => UnseenTypes::Refuse,
            },
            retention: self.retention.get(),
            audit_retention: self.audit_retention.get(),
            stored_bytes_per_account_max: self
                .stored_bytes_per_account_max
                .map(|max| u64::try_from(max.bytes()).unwrap_or(u64::MAX)),
            lease: self.session_lease.get(),
            in_flight_max: usize::try_from(self.in_flight_max).unwrap_or(usize::MAX),
            ..EngineSettings::default()
        }
    }
}
