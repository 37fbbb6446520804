//! The PostgreSQL database.

use postrider_cli::Environment;
use postrider_model::Timestamp;
use postrider_storage::Sealer;
use postrider_storage_postgres::{Inspection, SCHEMA_VERSION};

use super::keys;
use super::report::Report;
use crate::config::Settings;
use crate::wiring::store;

const CHECK: &str = "database";

/// How far the clocks of this machine and of the database may differ, in milliseconds. Leases follow the
/// database's clock, retries this machine's.
const SKEW_MAX_MS: i64 = 2_000;

/// Looks at the database.
pub(super) async fn look(
    settings: &Settings,
    environment: &Environment,
    sealer: Option<&Sealer>,
    now: Timestamp,
    report: &mut Report,
) {
    let password = environment.get("POSTRIDER_DATABASE_PASSWORD");
    let options = match store::postgres_options(settings, password) {
        Ok(Some(options)) => options,
        Ok(None) => return,
        Err(failure) => return report.error(CHECK, failure.to_string(), ""),
    };
    match postrider_storage_postgres::inspect(options).await {
        Err(error) => report.error(CHECK, store::said(&error), ""),
        Ok(found) => {
            described(&found, report);
            connections(settings, &found, report);
            durability(&found, report);
            keys::opening(sealer, &found.master_keys, None, report);
            clock(&found, now, report);
        }
    }
}

fn described(found: &Inspection, report: &mut Report) {
    let Inspection {
        server,
        version,
        role,
        database,
        schema,
        ..
    } = found;
    let is_current = *schema >= SCHEMA_VERSION;
    if !is_current && !found.may_create {
        let advice = format!(
            "GRANT CREATE ON SCHEMA public TO \"{role}\", make it the owner of the database, or run `postrider migrate` \
             as a role that may"
        );
        let message = format!(
            "{server}: the role {role} may not create tables in {database}, which has schema {schema}"
        );
        return report.error(CHECK, message, advice);
    }
    let schema = match schema {
        0 => "empty; the first start creates the tables".to_owned(),
        _ if is_current => format!("schema {schema}"),
        _ => format!("schema {schema}, which the next start migrates to {SCHEMA_VERSION}"),
    };
    report.ok(
        CHECK,
        format!("PostgreSQL {version} at {server}, {database} as {role}, {schema}"),
    );
}

fn connections(settings: &Settings, found: &Inspection, report: &mut Report) {
    const CHECK: &str = "connections";
    let needed = u64::from(settings.database_connections) + 1;
    let message = format!(
        "the role can open {} more, and this server opens {needed}",
        found.connections_free
    );
    match found.connections_free >= needed {
        true => report.ok(CHECK, message),
        // A server that runs already has its connections.
        false => report.warning(
            CHECK,
            message,
            "Unless this server runs already: lower database_connections, or raise the limit of the role, the database \
             or the server (max_connections)",
        ),
    }
}

fn durability(found: &Inspection, report: &mut Report) {
    const CHECK: &str = "durability";
    if !found.syncs {
        let advice = "Set fsync = on in postgresql.conf";
        return report.error(
            CHECK,
            "fsync is off: a crash of the database's machine can destroy the database",
            advice,
        );
    }
    match found.synchronous_commit.as_str() {
        "off" => report.warning(
            CHECK,
            "synchronous_commit is off: a crash of the database loses events that were acknowledged",
            format!("Run ALTER ROLE \"{}\" SET synchronous_commit = on", found.role),
        ),
        setting => report.ok(CHECK, format!("synchronous_commit is {setting}")),
    }
}

fn clock(found: &Inspection, now: Timestamp, report: &mut Report) {
    let skew_ms = now.unix_ms() - found.now.unix_ms();
    match skew_ms.abs() <= SKEW_MAX_MS {
        true => report.ok("clock", format!("{now}, as the database's")),
        false => report.warning(
            "clock",
            format!("{now} by this machine, {} by the database", found.now),
            "Let both follow the same time servers",
        ),
    }
}
