//! `postrider serve`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::config::logo::{Logo, LogoError};
use crate::config::{self, Environment, Loaded, Settings};
use crate::wiring::admin_key::{self, FirstKey, KeepCreated};
use crate::wiring::logging::{self, Lines};
use crate::wiring::signals::StopSignals;
use crate::wiring::{Node, Secrets, open_files, people, telemetry};
use postrider_cli::Failure;
use postrider_cli::display::Screen;
use postrider_telemetry::Signal;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A flag overrides a POSTRIDER_… variable, a variable overrides postrider.toml, and the file overrides the default. \
Unknown keys and variables are refused.

The first start creates the operator's API key. In a terminal it prints the key once; elsewhere it writes the key to \
a file that only its owner can read, and prints the path. To use your own key, set POSTRIDER_ADMIN_KEY or \
--admin-key-file. Send it with every call under /v1 as `Authorization: Bearer <key>`. The OpenAPI description is at /v1/openapi.json.

SIGTERM, ctrl-c and SIGHUP (its terminal is closed) let attempts in flight finish, up to --shutdown-grace; a second \
signal stops the server at once. Neither loses an accepted event. Under `nohup`, SIGHUP is ignored. The server reads its \
settings when it starts: restart it after a change.

Examples:
  postrider serve
  postrider serve --listen 0.0.0.0:8080 --data-dir /var/lib/postrider --header-prefix Acme
  postrider serve --database-url 'postgres://app@db/app?sslmode=require' --master-key-file /etc/postrider/master.key
  POSTRIDER_LOG_FORMAT=json postrider serve --config /etc/postrider.toml")]
pub struct Args {
    /// The settings file [variable: POSTRIDER_CONFIG] [default: ./postrider.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The settings as flags.
    #[command(flatten)]
    pub settings: Settings,
}

/// Runs the server until a signal stops it. `matches` are those of this command.
pub async fn run(matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let loaded = config::load(matches, environment)?;
    loaded.check_database(environment)?;
    let settings = &loaded.settings;
    let logo = settings
        .console_logo()
        .map_err(|error| unusable_logo(settings, &error))?;
    let exports_logs = settings.otlp_endpoint.is_some() && settings.otlp_signals.contain(Signal::Logs);
    let start = match exports_logs {
        true => logging::start_exported,
        false => logging::start,
    };
    start(settings.log_format, &settings.log_level, Lines::of(settings));
    let open_files = open_files::raise_limit();
    log_settings(&loaded, logo.as_ref(), open_files);
    let mut stop = StopSignals::catch()?;
    let admin_key = admin_key::configured(settings, environment)?;
    let oidc_client_secret = people::client_secret(settings, environment)?;
    let secrets = Secrets {
        admin_key: admin_key.as_deref(),
        database_password: environment.get("POSTRIDER_DATABASE_PASSWORD"),
        master_key: environment.get("POSTRIDER_MASTER_KEY"),
        oidc_client_secret: oidc_client_secret.as_deref(),
        otlp_headers: telemetry::headers(settings, environment)?,
    };
    // Output that is not a terminal may be collected, and logs are read by many.
    let keep_created = if std::io::stdout().is_terminal() && !logging::is_json() {
        KeepCreated::Shown
    } else {
        KeepCreated::File(admin_key::file_for_created(settings))
    };
    let node = tokio::select! {
        node = Node::start(settings, secrets, &keep_created) => node?,
        // The start may still wait for the database.
        () = stop.next() => return Ok(()),
    };
    announce(&node).await?;
    let result = tokio::select! {
        result = node.run_until(stop.first()) => result,
        () = logging::report_left_out() => Ok(()),
    };
    logging::finish();
    result
}

/// Says where the node listens, and once how to sign in: in the log, and for people on standard output.
async fn announce(node: &Node) -> Result<(), Failure> {
    let metrics_address = node.metrics_address().map(|address| address.to_string());
    if logging::is_json() {
        if let FirstKey::InFile(file) = node.first_key() {
            tracing::info!(file = %file.display(), "the operator's API key is in a file; move it to a safe place");
        }
        tracing::info!(address = %node.address(), metrics_address, "listening");
        return Ok(());
    }
    let screen = Screen::new();
    print_first_key(&screen, node).await?;
    tracing::info!(address = %node.address(), metrics_address, "listening");
    screen.print(&format!("listening on http://{}", node.address()))
}

async fn print_first_key(screen: &Screen, node: &Node) -> Result<(), Failure> {
    match node.first_key() {
        FirstKey::Existing => Ok(()),
        FirstKey::Shown(key) => {
            // Print the key even if there is no link, because it is shown only once.
            let link = node.sign_in_link().await;
            let link = link.as_deref();
            let link = link.unwrap_or("(no link could be created; sign in with the key)");
            screen.print(&key_block(key.expose(), link))
        }
        FirstKey::InFile(file) => screen.print(&format!(
            "the operator's API key is in {}; move it to a safe place",
            file.display()
        )),
    }
}

fn unusable_logo(settings: &Settings, error: &LogoError) -> Failure {
    let file = settings
        .console_logo_file
        .as_deref()
        .unwrap_or_else(|| "".as_ref());
    Failure::Usage(format!("console_logo_file {}: {error}", file.display()))
}

/// Logs the settings once. None of them prints a secret.
fn log_settings(loaded: &Loaded, logo: Option<&Logo>, open_files: Option<u64>) {
    let Loaded { settings, file, .. } = loaded;
    let store = match &settings.database_url {
        Some(url) => url.to_string(),
        None => settings.data_dir.display().to_string(),
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        settings_file = shown(file.path()),
        listen = %settings.listen,
        public_url = settings.public_url.as_ref().map(ToString::to_string),
        trusted_proxies = joined(&settings.trusted_proxies),
        metrics_listen = settings.metrics_listen.map(|address| address.to_string()),
        store = %store,
        admin_key_file = shown(settings.admin_key_file.as_deref()),
        master_key_file = shown(settings.master_key_file.as_deref()),
        master_key_command = settings.master_key_command.is_some(),
        oidc_issuer = settings.oidc_issuer.as_ref().map(ToString::to_string),
        sign_in_by_key = settings.sign_in_by_key,
        retry_delays_s = %settings.retry_delays,
        attempt_timeout = %settings.attempt_timeout,
        header_prefix = %settings.header_prefix,
        allow_destination = joined(&settings.allow_destination),
        allow_destination_name = joined(&settings.allow_destination_name),
        deny_destination = joined(&settings.deny_destination),
        allow_port = joined(&settings.allow_port),
        only_port = joined(&settings.only_port),
        https_only = settings.https_only,
        egress_proxy = settings.egress_proxy.as_ref().map(ToString::to_string),
        egress_proxy_password_file = shown(settings.egress_proxy_password_file.as_deref()),
        http2_prior_knowledge = joined(&settings.http2_prior_knowledge),
        smtp_url = settings.smtp_url.as_ref().map(ToString::to_string),
        smtp_user = settings.smtp_user,
        smtp_password_file = shown(settings.smtp_password_file.as_deref()),
        smtp_from = settings.smtp_from,
        smtp_connections = settings.smtp_connections,
        email_recipients_per_hour_and_account = settings.email_recipients_per_hour_and_account,
        extra_ca_file = shown(settings.extra_ca_file.as_deref()),
        response_bytes_kept = %settings.response_bytes_kept,
        body_limit = %settings.body_limit,
        retention = %settings.retention,
        unseen_event_types = %settings.unseen_event_types,
        in_flight_max = settings.in_flight_max,
        in_flight_per_host_max = settings.in_flight_per_host_max,
        stored_bytes_per_account_max = settings.stored_bytes_per_account_max.map(|max| max.to_string()),
        requests_per_s_and_key = settings.requests_per_s_and_key.map(|max| max.to_string()),
        events_per_s_and_account = settings.events_per_s_and_account.map(|max| max.to_string()),
        shutdown_grace = %settings.shutdown_grace,
        session_lease = %settings.session_lease,
        console_frame_ancestors = settings.console_frame_sources(),
        cors_origins = ?settings.cors_origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        console_product_name = %settings.console_product_name,
        console_accent_color = %settings.console_accent_color,
        log_requests = %settings.log_requests,
        log_attempts = %settings.log_attempts,
        log_audit = %settings.log_audit,
        otlp_endpoint = settings.otlp_endpoint.as_ref().map(ToString::to_string),
        otlp_headers_file = shown(settings.otlp_headers_file.as_deref()),
        otlp_signals = settings.otlp_endpoint.as_ref().map(|_| settings.otlp_signals.to_string()),
        trace_sampling = settings.otlp_endpoint.as_ref().map(|_| settings.trace_sampling.get()),
        trace_receivers = settings.trace_receivers,
        console_logo = logo.map(|logo| logo.kind.media_type()),
        open_files,
        "starting"
    );
}

fn shown(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

/// The key in a frame, so that it is hard to overlook.
fn key_block(key: &str, link: &str) -> String {
    let rule = "─".repeat(78);
    format!(
        "{rule}\n  The operator's API key. Save it now: it is not shown again.\n\n  {key}\n\n  \
         For client commands: export POSTRIDER_API_KEY={key}\n  \
         For the console, sign in with the key, or within an hour, once, with this link:\n\n  {link}\n{rule}\n"
    )
}

/// A list as a variable holds it.
fn joined(items: &[impl ToString]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(",")
}
