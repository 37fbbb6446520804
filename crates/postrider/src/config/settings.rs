//! Every setting, declared once: its flag, variable, key in `postrider.toml`, default and help all come from here.
//!
//! The field's name is the key (`data_dir`); the flag (`--data-dir`) and the variable (`POSTRIDER_DATA_DIR`) follow
//! from it. The doc comment is the help text and the comment in the reference.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use postrider_engine::{EngineSettings, UnseenTypes};
use serde::{Deserialize, Serialize};

use super::accent_color::AccentColor;
use super::database::DatabaseUrl;
use super::duration::{AttemptTimeout, Retention, SessionLease, ShutdownGrace};
use super::frame_ancestors::{self, FrameAncestor};
use super::header_prefix::HeaderPrefix;
use super::log::{LogFormat, LogLevel};
use super::logo::{Logo, LogoError};
use super::networks;
use super::product_name::ProductName;
use super::public_url::PublicUrl;
use super::retry_delays::RetryDelays;
use super::size::{BodyLimit, ResponseBytes};

/// The settings of `postrider serve`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Where the API listens. Port 0 picks a free port; the one picked is printed.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where browsers reach the server, such as `https://webhooks.example.com`: links to the console begin with it. Where
    /// it is not set, they begin with the host that their request was sent to, over http.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// The folder of the embedded database, made where it is missing. One server at a time can use it.
    #[arg(long, value_name = "FOLDER", default_value = "./postrider-data")]
    pub data_dir: PathBuf,

    /// A PostgreSQL database (15 or newer) to keep everything in, instead of a folder: any number of servers can share
    /// one. `postgres://user@host/database?sslmode=require`. Of several hosts, the one that takes writes is used. TLS
    /// checks the server's certificate, whatever the mode.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,

    /// A file that holds the database's password and nothing else, where it is not in the URL.
    /// POSTRIDER_DATABASE_PASSWORD can hold it as well.
    #[arg(long, value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,

    /// A file of certificates (PEM) to trust for the database instead of the public authorities.
    #[arg(long, value_name = "FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// How many connections to the database this server has at most, beside one that listens for changes.
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u32).range(CONNECTIONS))]
    #[serde(deserialize_with = "connections")]
    pub database_connections: u32,

    /// The waits between attempts, in seconds: `10,100` tries at once, again 10 s after the first failure, again 100 s
    /// after the second, then never. `none` tries once. Accounts and automations can have their own.
    #[arg(long, value_name = "SECONDS,…", default_value = "10,100")]
    pub retry_delays: RetryDelays,

    /// How long one attempt may take in all: name lookup, connection, TLS, and the answer to its last byte. Actions
    /// can have their own.
    #[arg(long, value_name = "DURATION", default_value = "15s")]
    pub attempt_timeout: AttemptTimeout,

    /// What the headers of webhooks and their user agent start with: the name you send under. `Acme` sends
    /// `Acme-Signature`.
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    pub header_prefix: HeaderPrefix,

    /// A network that webhooks may go to although it is private or loopback, such as `10.1.0.0/16`. Can be given more
    /// than once, or several with commas between. None are allowed otherwise.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = networks::parse)]
    #[serde(default, with = "networks")]
    pub allow_destination: Vec<IpNet>,

    /// A file of certificates (PEM) that are trusted beside the public authorities when webhooks are sent over https.
    #[arg(long, value_name = "FILE")]
    pub extra_ca_file: Option<PathBuf>,

    /// How much of each answer's body is kept in the record.
    #[arg(long, value_name = "SIZE", default_value = "16KiB")]
    pub response_bytes_kept: ResponseBytes,

    /// The largest `data` that an event can have.
    #[arg(long, value_name = "SIZE", default_value = "256KiB")]
    pub body_limit: BodyLimit,

    /// How long events are kept, with their deliveries and attempts, once they are settled.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub retention: Retention,

    /// What becomes of an event whose type is not in the catalogue: `add` accepts it and adds the type, `refuse`
    /// refuses it.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "add")]
    pub unseen_event_types: UnseenEventTypes,

    /// How many attempts are under way at the same time, at most. Each costs a socket and some 20 KiB.
    #[arg(long, value_name = "NUMBER", default_value = "2048", value_parser = clap::value_parser!(u32).range(IN_FLIGHT))]
    #[serde(deserialize_with = "in_flight")]
    pub in_flight_max: u32,

    /// How long a stop waits for attempts that are under way. What has not ended by then is given back, and tried
    /// again after the next start.
    #[arg(long, value_name = "DURATION", default_value = "20s")]
    pub shutdown_grace: ShutdownGrace,

    /// How long a server may be out of touch with the PostgreSQL database before the others take its deliveries over. It
    /// renews its lease every third of this. A longer lease bears longer outages of the network; a shorter one lets the
    /// work of a killed server go on sooner. Servers that share a database may differ.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub session_lease: SessionLease,

    /// Pages that may show the console in a frame, such as `https://app.example.com`, `https://*.example.com`, or `self`
    /// for the server's own. Can be given more than once, or several with commas between. None may otherwise.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(default, with = "frame_ancestors")]
    pub console_frame_ancestors: Vec<FrameAncestor>,

    /// What the console calls itself: the name that your customers know, at most 60 characters.
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    pub console_product_name: ProductName,

    /// The one colour of the console that stands out, as `#rrggbb`.
    #[arg(long, value_name = "COLOR", default_value = "#2f5bea")]
    pub console_accent_color: AccentColor,

    /// A file with the logo that the console shows beside its name: PNG or SVG, at most 256 KiB.
    #[arg(long, value_name = "FILE")]
    pub console_logo_file: Option<PathBuf>,

    /// How the log is written: `text` for people, `json` for machines, one object a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged: `error`, `warn`, `info`, `debug` or `trace`, or one for each part, such as
    /// `info,postrider_engine=debug`.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
}

/// Bounds on the attempts under way at the same time: a system has some 28,000 ports for one destination.
const IN_FLIGHT: std::ops::RangeInclusive<i64> = 1..=20_000;

/// Bounds on the connections to the database: two, so that reading does not wait for writing; and few of the hundred
/// that a server takes by default, as a node's work is done in batches over one or two.
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
    let number: u32 = super::text_value::deserialize(deserializer)?;
    if range.contains(&i64::from(number)) {
        Ok(number)
    } else {
        let bounds = format!("expected {} to {}", range.start(), range.end());
        Err(serde::de::Error::custom(bounds))
    }
}

/// What becomes of an event whose type is not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnseenEventTypes {
    /// It is accepted, and its type enters the catalogue.
    Add,
    /// It is refused.
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
    /// The logo of the console, read from its file; `None` where none is set.
    pub fn console_logo(&self) -> Result<Option<Logo>, LogoError> {
        self.console_logo_file.as_deref().map(Logo::read).transpose()
    }

    /// Who may show the console in a frame: the sources of `frame-ancestors` in its Content-Security-Policy.
    pub fn console_frame_sources(&self) -> String {
        frame_ancestors::csp_sources(&self.console_frame_ancestors)
    }

    /// The part of the settings that the engine obeys.
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
            lease: self.session_lease.get(),
            in_flight_max: usize::try_from(self.in_flight_max).unwrap_or(usize::MAX),
            ..EngineSettings::default()
        }
    }
}
