//! Ports, and the servers that a node calls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_access::people::{Issuer, ProviderTransport as _, ToProvider};
use postrider_cli::client::probe;
use postrider_cli::{Environment, Failure};
use postrider_egress::{ClientSettings, EgressGuard, HttpClient, Request, SystemResolver};
use postrider_engine::SystemClock;
use postrider_telemetry::Signal;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::super::health::reachable;
use super::report::Report;
use crate::config::Settings;
use crate::wiring::provider_transport::HttpTransport;
use crate::wiring::telemetry::HttpCollector;
use crate::wiring::{extra_ca, mail, telemetry};

/// How long a server on this machine may take to respond.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(3);

/// How long another server may take to respond.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(10);

/// Most of the provider's metadata that is read, in bytes: it has a few KiB.
const METADATA_BYTES_MAX: usize = 256 * 1024;

/// Looks at the addresses to listen on.
pub(super) async fn ports(settings: &Settings, report: &mut Report) {
    port("listen", settings.listen, report).await;
    if let Some(address) = settings.metrics_listen {
        port("metrics_listen", address, report).await;
    }
}

async fn port(key: &'static str, address: SocketAddr, report: &mut Report) {
    let error = match TcpListener::bind(address).await {
        Ok(_) => return report.ok(key, format!("{address} is free")),
        Err(error) => error,
    };
    if error.kind() == io::ErrorKind::AddrInUse && is_postrider(address).await {
        return report.ok(key, format!("{address}, where a Postrider responds"));
    }
    report.error(key, crate::wiring::node::cannot_listen(key, address, &error), "");
}

/// Whether the program that listens there responds as Postrider does.
async fn is_postrider(address: SocketAddr) -> bool {
    let Ok(url) = format!("http://{}", reachable(address)).parse() else {
        return false;
    };
    let probed = probe::get(&url, "healthz", LOCAL_TIMEOUT).await;
    probed.is_ok_and(|probed| probed.status == 200 && probed.text.contains("\"status\""))
}

/// Looks at the identity provider's metadata.
pub(super) async fn identity_provider(settings: &Settings, report: &mut Report) {
    const CHECK: &str = "identity provider";
    let Some(issuer) = &settings.oidc_issuer else {
        return;
    };
    match metadata(settings, &issuer.0).await {
        Ok(()) => report.ok(CHECK, format!("{issuer} publishes its metadata")),
        Err(why) => report.error(
            CHECK,
            format!("{issuer}: {why}"),
            "Check oidc_issuer, and extra_ca_file if its certificate is from an authority of yours",
        ),
    }
}

async fn metadata(settings: &Settings, issuer: &Issuer) -> Result<(), String> {
    let transport = HttpTransport::new(settings).map_err(|failure| failure.to_string())?;
    let request = ToProvider {
        url: issuer.metadata_url(),
        authorization: None,
        form: None,
        bytes_max: METADATA_BYTES_MAX,
    };
    let response = transport.send(request).await.map_err(|error| error.to_string())?;
    if response.status != 200 {
        return Err(format!("its metadata has status {}", response.status));
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&response.body).map_err(|_| "its metadata is not JSON".to_owned())?;
    match metadata["issuer"].as_str() {
        Some(named) if named == issuer.as_str() => Ok(()),
        Some(named) => Err(format!("its metadata names another issuer, {named}")),
        None => Err("its metadata names no issuer".to_owned()),
    }
}

/// Connects to the mail server and signs in. Sends nothing.
pub(super) async fn mail_server(settings: &Settings, report: &mut Report) {
    const CHECK: &str = "mail server";
    // Settings that do not go together are reported with the settings.
    let Ok(Some(smtp)) = mail::smtp(settings) else {
        return;
    };
    let server = smtp.server();
    let reached = match mail::mailer(settings, smtp, Arc::new(SystemClock::new())) {
        Ok(mailer) => mailer.reach(REMOTE_TIMEOUT).await,
        Err(failure) => Err(failure.to_string()),
    };
    match reached {
        Ok(()) => report.ok(CHECK, format!("{server} lets this server in")),
        Err(why) => report.error(
            CHECK,
            format!("{server}: {why}"),
            "Check smtp_url, smtp_user, smtp_password_file and extra_ca_file",
        ),
    }
}

/// Sends the collector an empty message, which it has to take.
pub(super) async fn collector(settings: &Settings, environment: &Environment, report: &mut Report) {
    const CHECK: &str = "otlp collector";
    let Some(endpoint) = &settings.otlp_endpoint else {
        return;
    };
    // Headers that are not understood are reported with the settings.
    let Ok(headers) = telemetry::headers(settings, environment) else {
        return;
    };
    let mut signals = Signal::ALL.into_iter();
    let signal = signals.find(|signal| settings.otlp_signals.contain(*signal));
    let path = signal.unwrap_or(Signal::Traces).path();
    let took = match HttpCollector::of(settings, headers) {
        Ok(Some(collector)) => match timeout(REMOTE_TIMEOUT, collector.send(path, Vec::new())).await {
            Ok(Ok((200..=299, _))) => Ok(()),
            Ok(Ok((status, _))) => Err(format!("it responded with {status}")),
            Ok(Err(why)) => Err(why),
            Err(_) => Err(format!("no response within {} s", REMOTE_TIMEOUT.as_secs())),
        },
        Ok(None) => return,
        Err(failure) => Err(failure.to_string()),
    };
    match took {
        Ok(()) => report.ok(CHECK, format!("{endpoint} takes data")),
        // A server works without it.
        Err(why) => report.warning(
            CHECK,
            format!("{endpoint}/{path}: {why}"),
            "Check otlp_endpoint (OTLP over HTTP, often port 4318), otlp_headers_file and extra_ca_file",
        ),
    }
}

/// Sends an empty POST, as webhooks are sent.
pub(super) async fn egress(settings: &Settings, url: &str, report: &mut Report) {
    const CHECK: &str = "reach";
    let client = match client(settings) {
        Ok(client) => client,
        Err(failure) => return report.error(CHECK, failure.to_string(), ""),
    };
    let response = client
        .send(&Request {
            url: url.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: settings.attempt_timeout.get(),
            tenant: 0,
            identity: None,
            response_bytes_kept: Some(0),
        })
        .await;
    match (response.status_code, response.error) {
        (Some(status), _) => report.ok(CHECK, format!("{url} responded with {status}")),
        (None, error) => report.error(
            CHECK,
            format!("{url}: {}", error.unwrap_or_default()),
            "Check allow_destination, egress_proxy, extra_ca_file, and firewalls on the way",
        ),
    }
}

fn client(settings: &Settings) -> Result<HttpClient, Failure> {
    let client_settings = ClientSettings {
        http2_prior_knowledge: settings.http2_prior_knowledge.clone(),
        extra_ca_pem: extra_ca::pem(settings)?,
        proxy: settings.proxy()?,
        ..ClientSettings::default()
    };
    let client = HttpClient::new(
        Arc::new(EgressGuard::new(settings.egress_rules()?)),
        Arc::new(SystemResolver::new()),
        Arc::new(SystemClock::new()),
        &client_settings,
    );
    client.map_err(|error| extra_ca::unusable(settings, &error))
}
