//! Checks the connections that an automation's actions name. Whether they exist is the store's to say, when
//! it saves the automation: it alone can exclude that one is deleted meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use postrider_model::{Action, Authentication, Connection, ConnectionId, Does, SendWebhook};

use postrider_signing::is_same_header;
use postrider_signing::profile::{Profile, SignatureProfiles};

use super::{ActionDraft, DoesDraft};
use crate::{Fault, Faults, codes};

/// Reads the connection that the draft of an action names.
pub(super) fn check_connection_id(
    id: Option<&str>,
    pointer: &str,
    faults: &mut Faults,
) -> Option<ConnectionId> {
    faults.parsed(&format!("{pointer}/connection_id"), id?.parse::<ConnectionId>())
}

/// The ids that the drafts of actions name, each once.
pub(super) fn named_in(actions: &[ActionDraft]) -> BTreeSet<ConnectionId> {
    let ids = actions.iter().filter_map(|action| match &action.does {
        DoesDraft::SendWebhook(webhook) => webhook.connection_id.as_deref()?.parse().ok(),
        DoesDraft::SendEmail(_) => None,
    });
    ids.collect()
}

/// Checks that the connections suit their actions, and the profiles that sign for those.
pub(super) fn check_connections(
    actions: &[Option<Action>],
    connections: &[Connection],
    profiles: &SignatureProfiles,
    faults: &mut Faults,
) {
    for (index, action) in actions.iter().enumerate() {
        let Some(Does::SendWebhook(webhook)) = action.as_ref().map(|it| &it.does) else {
            continue;
        };
        let connection = connections
            .iter()
            .find(|connection| Some(connection.id) == webhook.connection);
        if let Some(connection) = connection {
            let profile = profiles.find(webhook.signature.profile.as_deref());
            let pointer = format!("/actions/{index}");
            check_connection(webhook, connection, profile, &pointer, faults);
        }
    }
}

fn check_connection(
    webhook: &SendWebhook,
    connection: &Connection,
    profile: Option<&Arc<Profile>>,
    pointer: &str,
    faults: &mut Faults,
) {
    let authentication = &connection.authentication;
    let sets = authentication.header_name();
    if let (Some(sets), Some(profile)) = (sets, profile)
        && profile.has_header(sets)
    {
        let detail = format!(
            "the connection sets the header {sets}, and so does the signature profile `{}`",
            profile.name()
        );
        faults.add(format!("{pointer}/connection_id"), codes::RESERVED_HEADER, detail);
    }
    let same = |name: &str| sets.is_some_and(|sets| is_same_header(sets, name));
    if let Some(header) = webhook.headers.iter().find(|header| same(&header.name)) {
        let detail = format!(
            "the connection sets the header {}: remove one of the two",
            header.name
        );
        faults.add(format!("{pointer}/connection_id"), codes::DUPLICATE, detail);
    }
    let is_certificate = matches!(authentication, Authentication::ClientCertificate { .. });
    if is_certificate && !webhook.url.to_ascii_lowercase().starts_with("https:") {
        let detail = "a client certificate needs a URL that begins with https://";
        faults.add(format!("{pointer}/connection_id"), codes::INVALID_VALUE, detail);
    }
}

/// The faults of actions that name a connection that the account does not have.
pub(super) fn unknown_connection(actions: &[Action], unknown: ConnectionId) -> Faults {
    let mut faults = Faults::default();
    for (index, action) in actions.iter().enumerate() {
        let Does::SendWebhook(webhook) = &action.does else {
            continue;
        };
        if webhook.connection == Some(unknown) {
            faults.push(Fault {
                pointer: format!("/actions/{index}/connection_id"),
                code: codes::UNKNOWN_CONNECTION,
                detail: "the account has no connection with this id".to_owned(),
            });
        }
    }
    faults
}
