//! The admin key and the master key.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use postrider_cli::Environment;
use postrider_model::Entropy;
use postrider_storage::Sealer;
use postrider_storage::sealing::{Context, KeyId, listed};

use super::report::Report;
use crate::config::Settings;
use crate::wiring::node::random;
use crate::wiring::{admin_key, master_key};

/// The name of a check.
const ADMIN_KEY: &str = "admin key";

/// What others must not have of a file with a key.
const OTHERS: u32 = 0o077;

/// Looks at the configured admin key.
pub(super) fn admin(settings: &Settings, environment: &Environment, report: &mut Report) {
    match admin_key::configured(settings, environment) {
        Err(failure) => report.error(ADMIN_KEY, failure.to_string(), ""),
        Ok(None) => report.ok(ADMIN_KEY, "not configured; the first start creates a key"),
        Ok(Some(_)) => match &settings.admin_key_file {
            None => report.ok(ADMIN_KEY, "in POSTRIDER_ADMIN_KEY"),
            Some(file) => admin_file(file, report),
        },
    }
}

/// Looks at who can read the file with the admin key.
fn admin_file(file: &Path, report: &mut Report) {
    let mode = file
        .metadata()
        .map_or(0, |file| file.permissions().mode() & 0o777);
    let shown = file.display();
    match mode & OTHERS {
        0 => report.ok(ADMIN_KEY, format!("in {shown}")),
        _ => report.warning(
            ADMIN_KEY,
            format!("others can read {shown} (mode {mode:04o})"),
            format!("Close it with `chmod 600 '{shown}'`"),
        ),
    }
}

/// Looks at the master key, and returns what opens and seals with it.
pub(super) async fn master(
    settings: &Settings,
    environment: &Environment,
    report: &mut Report,
) -> Option<Sealer> {
    const CHECK: &str = "master key";
    let variable = environment.get(master_key::VARIABLE);
    if let Some(file) = master_key::to_be_created(settings, variable) {
        report.ok(CHECK, format!("the first start creates {}", file.display()));
        return None;
    }
    match master_key::existing(settings, variable).await {
        Ok((source, keys)) => {
            report.ok(CHECK, format!("{} in {source}", listed(&keys.ids())));
            Some(Sealer::new(keys, Entropy::new(random)))
        }
        Err(failure) => {
            report.error(CHECK, failure.to_string(), "");
            None
        }
    }
}

/// Whether the master key opens the secrets of the store. Adds a finding only if there are any.
pub(super) fn opening(sealer: Option<&Sealer>, needed: &[KeyId], probe: Option<&[u8]>, report: &mut Report) {
    const CHECK: &str = "secrets";
    let Some(sealer) = sealer.filter(|_| !needed.is_empty()) else {
        return;
    };
    let opened = sealer
        .check(needed.iter().copied())
        .map_err(|error| error.to_string());
    let opened = opened.and_then(|()| match probe {
        Some(probe) => sealer
            .open(&Context::PROBE, probe)
            .map(drop)
            .map_err(|error| error.to_string()),
        None => Ok(()),
    });
    match opened {
        Ok(()) => report.ok(CHECK, "the master key opens them"),
        Err(why) => report.error(
            CHECK,
            why,
            "Set the master key that sealed this store, from its backup",
        ),
    }
}
