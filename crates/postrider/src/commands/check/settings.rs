//! The settings: do they go together, and can the files that they name be read?

use std::net::SocketAddr;

use postrider_cli::{Environment, Failure};

use super::report::Report;
use crate::config::{Loaded, Settings};
use crate::wiring::site::taken_segment;
use crate::wiring::{extra_ca, mail, people, telemetry};

const CHECK: &str = "settings";

/// Looks at the settings as a whole.
pub(super) fn look(loaded: &Loaded, environment: &Environment, report: &mut Report) {
    let Loaded { settings, file, .. } = loaded;
    match together(settings, environment) {
        Ok(()) => {
            let file = file.path().map(|path| format!("from {} and ", path.display()));
            report.ok(CHECK, format!("{}flags and variables", file.unwrap_or_default()));
        }
        Err(failure) => report.error(CHECK, failure.to_string(), ""),
    }
    public_url(settings, report);
}

/// Everything that a start reads before it opens the store.
fn together(settings: &Settings, environment: &Environment) -> Result<(), Failure> {
    settings
        .console_logo()
        .map_err(|error| Failure::Usage(format!("console_logo_file: {error}")))?;
    settings.proxy()?;
    settings.egress_rules()?;
    extra_ca::pem(settings)?;
    mail::smtp(settings)?;
    let secret = people::client_secret(settings, environment)?;
    people::of_settings(settings, secret.as_deref())?;
    telemetry::headers(settings, environment)?;
    Ok(())
}

fn public_url(settings: &Settings, report: &mut Report) {
    const CHECK: &str = "public_url";
    let Some(url) = &settings.public_url else {
        if !settings.listen.ip().is_loopback() {
            let advice =
                "Set public_url to the URL that browsers use, so that links do not depend on a header";
            report.warning(CHECK, "not set: links begin with the host of the request", advice);
        }
        return;
    };
    if let Some(segment) = taken_segment(url.as_str()) {
        let message = format!("{url}: the server has addresses of its own below /{segment}");
        return report.error(CHECK, message, "Use another path, or a host of its own");
    }
    let is_https = url.as_str().starts_with("https://");
    if is_https && settings.trusted_proxies.is_empty() {
        let advice = "Set trusted_proxies to the addresses of the proxy that ends TLS, so that limits and the audit \
                      trail see the clients behind it";
        return report.warning(
            CHECK,
            format!("{url} is https, which this server does not speak"),
            advice,
        );
    }
    if !is_https && !is_on_this_machine(url.as_str()) {
        let advice = "Put a proxy with TLS in front, and begin public_url with https://";
        return report.warning(
            CHECK,
            format!("{url}: keys and sessions travel in the clear"),
            advice,
        );
    }
    report.ok(CHECK, url.to_string());
}

fn is_on_this_machine(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or(url);
    let host = host.split('/').next().unwrap_or_default();
    let address = host.parse::<SocketAddr>().map(|address| address.ip());
    let is_loopback = address
        .or_else(|_| host.parse())
        .is_ok_and(|address| address.is_loopback());
    is_loopback || host.split(':').next() == Some("localhost")
}
