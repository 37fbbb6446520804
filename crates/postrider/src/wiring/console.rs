//! Builds the console from the settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use postrider_access::People;
use postrider_console::{Brand, Console, ConsoleParts, Logo};
use postrider_web::body_budget::BodyBudget;

use super::docs::docs;
use super::engine::Running;
use super::system;
use crate::config::Settings;
use postrider_cli::Failure;

/// The console on top of these parts, with the operator's brand.
pub fn console(
    settings: &Settings,
    running: &Running,
    people: Option<Arc<People>>,
    body_budget: Arc<BodyBudget>,
) -> Result<Console, Failure> {
    Ok(Console::new(ConsoleParts {
        engine: Arc::clone(&running.engine),
        configuration: Arc::clone(&running.configuration),
        figures: Arc::clone(&running.figures),
        access: Arc::clone(&running.access),
        people,
        signs_in_by_key: settings.sign_in_by_key,
        body_budget,
        brand: brand(settings)?,
        frame_sources: settings.console_frame_sources(),
        is_framed: !settings.console_frame_ancestors.is_empty(),
        public_url: settings.public_url.as_ref().map(|url| url.as_str().to_owned()),
        system: system::facts(settings),
        docs: docs(settings),
    }))
}

fn brand(settings: &Settings) -> Result<Brand, Failure> {
    let logo = settings
        .console_logo()
        .map_err(|error| Failure::Usage(format!("console_logo_file: {error}")))?;
    Ok(Brand {
        product: settings.console_product_name.as_str().to_owned(),
        accent: settings.console_accent_color.rgb(),
        logo: logo.map(|logo| Logo {
            content_type: logo.kind.media_type(),
            bytes: logo.bytes.into(),
        }),
    })
}

/// The console's base URL: `public_url` if it is set, otherwise the address that the server listens on. An
/// unspecified address, such as `0.0.0.0`, becomes loopback, because a browser cannot open it.
pub fn base_url(settings: &Settings, mut address: SocketAddr) -> String {
    if let Some(url) = &settings.public_url {
        return url.as_str().to_owned();
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}
