//! Every setting, declared once: flag, variable, key in `postrider.toml`, default and help come from here.
//!
//! The field's name is the key (`data_dir`); the flag (`--data-dir`) and the variable (`POSTRIDER_DATA_DIR`)
//! follow from it. The doc comment is the help text and the comment in the reference.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use postrider_access::people::ClaimName;
use postrider_cli::values::header_prefix::HeaderPrefix;
use postrider_cli::values::retry_delays::RetryDelays;
use postrider_egress::{NamePattern, Origin};
use serde::{Deserialize, Serialize};

use super::accent_color::AccentColor;
use super::cors_origins::{self, CorsOrigin};
use super::counts::{self, CONNECTIONS, IN_FLIGHT, RECIPIENTS_PER_HOUR, SMTP_CONNECTIONS, TRACES_PER_S};
use super::database::DatabaseUrl;
use super::duration::{AttemptTimeout, BacklogAlarm, DisableAfter, Retention, SessionLease, ShutdownGrace};
use super::egress_proxy::EgressProxyUrl;
use super::frame_ancestors::{self, FrameAncestor};
use super::issuer_url::IssuerUrl;
use super::log::{LogFormat, LogLevel};
use super::log_lines::LogLines;
use super::otlp::{OtlpCompression, OtlpEndpoint, Share, Signals};
use super::people::GROUP_CLAIM;
use super::per_second::PerSecond;
use super::product_name::ProductName;
use super::public_url::PublicUrl;
use super::scopes::Scopes;
use super::signature_profiles::Tables;
use super::size::{BodyLimit, ResponseBytes, StoredBytes};
use super::smtp_url::SmtpUrl;
use super::unseen_event_types::UnseenEventTypes;
use super::{claim_values, listen, names, networks, origins, ports, retry_delays, text_value};

/// The settings of `postrider serve`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// The address and port of the API and the console: `localhost:8080` for this machine alone, `:8080` for
    /// all IPv4 addresses, `[::]:8080` for all addresses. With port 0 the server picks a free port and prints
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
    /// uses the one that accepts writes. TLS always checks the certificate, whatever the `sslmode`; only
    /// `verify-ca` accepts one for another name. `sslrootcert` names a file of authorities.
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
    #[serde(deserialize_with = "counts::connections")]
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

    /// The issuer of the identity provider (OpenID Connect) that your staff sign in with, such as
    /// `https://login.example.com/realms/staff`. Requires `oidc_client_id`, at least one of `oidc_admin`,
    /// `oidc_support` and `oidc_viewer`, and, unless `listen` is a loopback address, `public_url`. By default
    /// staff sign in with API keys only.
    #[arg(long, value_name = "URL")]
    pub oidc_issuer: Option<IssuerUrl>,

    /// The id of this client at the identity provider. Register `<public_url>/sign-in/oidc/callback` there as
    /// its redirect URI, and `<public_url>/sign-in` as its post-logout redirect URI.
    #[arg(long, value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// A file that holds only the client's secret. Alternatively, set POSTRIDER_OIDC_CLIENT_SECRET. Without
    /// either, the client is public, and PKCE alone protects its sign-ins.
    #[arg(long, value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,

    /// The scopes to request, separated by spaces. `openid` must be among them.
    #[arg(long, value_name = "SCOPES", default_value = "openid profile email")]
    pub oidc_scopes: Scopes,

    /// The claim that gives a person a role: a name, or a JSON pointer to a nested claim, such as
    /// `/realm_access/roles`. Its value is a string or an array of strings. `email` counts only if the
    /// provider says that the address is verified.
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    #[serde(with = "text_value")]
    pub oidc_role_claim: ClaimName,

    /// A value of the role claim that makes a person an administrator. Repeatable, or separated by commas; in
    /// the file a value may contain commas. The highest role that matches counts. A person without a role
    /// cannot sign in.
    #[arg(long, value_name = "VALUE", value_delimiter = ',', value_parser = claim_values::parse)]
    #[serde(default, with = "claim_values")]
    pub oidc_admin: Vec<String>,

    /// A value of the role claim that lets a person read, resend and replay. Repeatable, or separated by
    /// commas.
    #[arg(long, value_name = "VALUE", value_delimiter = ',', value_parser = claim_values::parse)]
    #[serde(default, with = "claim_values")]
    pub oidc_support: Vec<String>,

    /// A value of the role claim that lets a person read. Repeatable, or separated by commas.
    #[arg(long, value_name = "VALUE", value_delimiter = ',', value_parser = claim_values::parse)]
    #[serde(default, with = "claim_values")]
    pub oidc_viewer: Vec<String>,

    /// The claim that lists a person's groups. Requires `oidc_required_groups` if it is not the default.
    #[arg(long, value_name = "CLAIM", default_value = GROUP_CLAIM)]
    #[serde(with = "text_value")]
    pub oidc_group_claim: ClaimName,

    /// A group that a person must belong to, whatever the role; of several, to at least one. Repeatable, or
    /// separated by commas. By default no group is required.
    #[arg(long, value_name = "GROUP", value_delimiter = ',', value_parser = claim_values::parse)]
    #[serde(default, with = "claim_values")]
    pub oidc_required_groups: Vec<String>,

    /// Whether signing out of the console signs a person out at the identity provider too, if its metadata
    /// names an `end_session_endpoint`. `false` for a provider that requires the ID token for that, such as
    /// Okta: Postrider does not keep it.
    #[arg(long, value_name = "TRUE|FALSE", default_value = "true", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(deserialize_with = "text_value::deserialize")]
    pub oidc_sign_out: bool,

    /// The text of the button on the sign-in page, at most 60 characters.
    #[arg(long, value_name = "TEXT", default_value = "Single sign-on")]
    pub oidc_name: ProductName,

    /// Whether people can sign in to the console with an API key. `false` requires `oidc_issuer`. API keys
    /// still call the API, and portal links still open the console.
    #[arg(long, value_name = "TRUE|FALSE", default_value = "true", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(deserialize_with = "text_value::deserialize")]
    pub sign_in_by_key: bool,

    /// The retry schedule: delays in seconds, or with a unit, such as `10s,5m,1h`. `10,100` makes the first
    /// attempt at once, retries 10 s after the first failure and 100 s after the second, then marks the
    /// delivery failed. `none` makes one attempt. Accounts and automations can override it.
    #[arg(long, value_name = "DELAYS", default_value = "10,100")]
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

    /// How webhooks are signed, unless an action says otherwise: `postrider`, `standard`, `svix`, `github`,
    /// `stripe`, `shopify`, or a profile of `[signature_profiles.NAME]`. See docs/receiving.md.
    #[arg(long, value_name = "PROFILE", default_value = "postrider")]
    pub signature_profile: String,

    /// The tables `[signature_profiles.NAME]` of the file.
    #[arg(skip)]
    #[serde(default, skip_serializing)]
    pub signature_profiles: Tables,

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

    /// A file with additional certificates (PEM) to trust when webhooks are sent over https, for the identity
    /// provider, and for the mail server.
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

    /// An action of which no delivery has succeeded for so long is switched off, with its next delivery that
    /// fails for good.
    #[arg(long, value_name = "DURATION", default_value = "5d")]
    pub disable_failing_after: DisableAfter,

    /// The backlog counts as high once a delivery has been due for so long. The account `system` then has the
    /// event `postrider.backlog.high`, at most once an hour.
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub backlog_alarm: BacklogAlarm,

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
    #[serde(deserialize_with = "counts::in_flight")]
    pub in_flight_max: u32,

    /// The most attempts in flight to one host at the same time, over all accounts. Further ones wait, and
    /// accounts take turns. Set it to half of `in_flight_max` or less, so that a slow host leaves room for
    /// the others.
    #[arg(long, value_name = "NUMBER", default_value = "1024", value_parser = clap::value_parser!(u32).range(IN_FLIGHT))]
    #[serde(deserialize_with = "counts::in_flight")]
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

    /// An origin whose pages may call the API from a browser: `https://app.example.com`. Repeatable, or
    /// separated by commas. By default no page may. A page needs an API key, and everybody who sees the page
    /// can read it: give it one account and the permission `read` only.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(default, with = "cors_origins")]
    pub cors_origins: Vec<CorsOrigin>,

    /// The product name that the console shows, at most 60 characters.
    #[arg(long, value_name = "NAME", default_value = "Postrider")]
    pub console_product_name: ProductName,

    /// The accent colour of the console, as `#rrggbb`.
    #[arg(long, value_name = "COLOR", default_value = "#2f5bea")]
    pub console_accent_color: AccentColor,

    /// A file with the logo that the console shows beside the product name: PNG or SVG, at most 256 KiB.
    #[arg(long, value_name = "FILE")]
    pub console_logo_file: Option<PathBuf>,

    /// Whether everybody who reaches the server can read its documentation at `/docs`: the reference of the
    /// API, the error codes and the guides. It says nothing about this installation. `false` serves none of
    /// it; `/v1/openapi.json`, which requires an API key, stays.
    #[arg(long, value_name = "TRUE|FALSE", default_value = "true", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(deserialize_with = "text_value::deserialize")]
    pub docs: bool,

    /// The mail server that e-mail actions use: `smtp://host:587` (STARTTLS is required), `smtps://host:465`
    /// (TLS from the start), or `smtp://host:25?tls=none` for a server that needs no encryption. Requires
    /// `smtp_from`. It may be on a private address. By default there are no e-mail actions.
    #[arg(long, value_name = "URL")]
    pub smtp_url: Option<SmtpUrl>,

    /// The user to sign in to the mail server with. Requires `smtp_password_file`.
    #[arg(long, value_name = "NAME")]
    pub smtp_user: Option<String>,

    /// A file that holds only the password of `smtp_user`.
    #[arg(long, value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,

    /// Who e-mails come from: an address, or `Name <address>`.
    #[arg(long, value_name = "SENDER")]
    pub smtp_from: Option<String>,

    /// The most connections to the mail server at the same time. Further e-mails wait, and accounts take
    /// turns.
    #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u32).range(SMTP_CONNECTIONS))]
    #[serde(deserialize_with = "counts::smtp_connections")]
    pub smtp_connections: u32,

    /// The most recipients that the e-mails of one account may have within any hour, on each server. Further
    /// e-mails wait and spend no attempt.
    #[arg(long, value_name = "NUMBER", default_value = "1000", value_parser = clap::value_parser!(u32).range(RECIPIENTS_PER_HOUR))]
    #[serde(deserialize_with = "counts::recipients_per_hour")]
    pub email_recipients_per_hour_and_account: u32,

    /// The format of the log: `text` for people, or `json` with one object per line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// The least severe level that is logged: `error`, `warn`, `info`, `debug` or `trace`. Parts can have
    /// their own, such as `info,postrider_engine=debug`.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,

    /// Which requests are logged: from which level on, and at most how many lines a second. Failures and
    /// responses that took a second or longer are of level `warn`, probes of `debug`, all others of `info`.
    /// Warnings have a bound of their own. `off` logs none. See docs/operating/logs.md.
    #[arg(long, value_name = "LEVEL[,N/s]", default_value = "info,100/s")]
    pub log_requests: LogLines,

    /// Which failed attempts are logged, in the same notation. The last attempt of a delivery is of level
    /// `warn`, all others of `info`.
    #[arg(long, value_name = "LEVEL[,N/s]", default_value = "info,100/s")]
    pub log_attempts: LogLines,

    /// Which entries of the audit trail are logged too, in the same notation. All are of level `info`.
    #[arg(long, value_name = "LEVEL[,N/s]", default_value = "info,100/s")]
    pub log_audit: LogLines,

    /// The OpenTelemetry collector that gets traces, metrics and logs over OTLP/HTTP (protobuf): a base URL
    /// such as `http://127.0.0.1:4318`, below which it takes `/v1/traces`, `/v1/metrics` and `/v1/logs`. It
    /// may be on a private address. By default nothing is exported. The variables `OTEL_…` are not read. See
    /// docs/operating/opentelemetry.md.
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<OtlpEndpoint>,

    /// A file with headers for the collector, such as a vendor's key: `name=value`, one a line or separated
    /// by commas, with `%` escapes. Alternatively, set POSTRIDER_OTLP_HEADERS.
    #[arg(long, value_name = "FILE")]
    pub otlp_headers_file: Option<PathBuf>,

    /// Whether what the collector gets is compressed: `none`, or `gzip` for a collector far away, which costs
    /// CPU.
    #[arg(long, value_name = "COMPRESSION", value_enum, default_value = "none")]
    pub otlp_compression: OtlpCompression,

    /// What the collector gets: one or more of `traces`, `metrics` and `logs`, separated by commas.
    #[arg(long, value_name = "SIGNALS", default_value = "traces,metrics,logs")]
    pub otlp_signals: Signals,

    /// The share of the traces that begin at this server to record: 0 for none, 1 for all. What a producer
    /// decides (the flag of its `traceparent`) counts for its own traces; see `trace_producers_per_s`.
    #[arg(long, value_name = "SHARE", default_value = "0.1")]
    pub trace_sampling: Share,

    /// The most traces a second, on each server, that are recorded because their producer records them. Of
    /// further ones the share `trace_sampling` is recorded.
    #[arg(long, value_name = "NUMBER", default_value = "100", value_parser = clap::value_parser!(u32).range(TRACES_PER_S))]
    #[serde(deserialize_with = "counts::traces_per_s")]
    pub trace_producers_per_s: u32,

    /// Whether webhooks have the header `traceparent`, by which receivers that trace continue the event's
    /// trace. It needs no collector: without one, receivers get the producer's own context. Off by default,
    /// because it tells strangers the ids of your traces.
    #[arg(long, value_name = "TRUE|FALSE", default_value = "false", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(deserialize_with = "text_value::deserialize")]
    pub trace_receivers: bool,
}
