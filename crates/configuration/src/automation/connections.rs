//! Checks the connections that an automation's actions name. Whether they exist is the store's to say, when
//! it saves the automation: it alone can exclude that one is deleted meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use postrider_model::{AccountId, Action, Authentication, Connection, ConnectionId, Does, SendWebhook};

use postrider_signing::is_same_header;
use postrider_signing::profile::{Profile, SignatureProfiles};

use super::{ActionDraft, DoesDraft};
use crate::credentials::Hosts;
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

/// Checks that the connections suit their actions, and the profiles that sign for those. Whether a connection
/// may be used for the host of a URL is judged only where one of the two changes: an edit of something else
/// must not fail because the connection was edited meanwhile. Each attempt judges it again.
pub(super) fn check_connections(
    actions: &[Option<Action>],
    existing: &[Action],
    connections: &[(AccountId, Connection)],
    profiles: &SignatureProfiles,
    faults: &mut Faults,
) {
    for (index, action) in actions.iter().enumerate() {
        let Some((action, webhook)) = action.as_ref().and_then(|it| Some((it, sent(it)?))) else {
            continue;
        };
        let connection = connections
            .iter()
            .find(|(_, connection)| Some(connection.id) == webhook.connection);
        if let Some((account, connection)) = connection {
            let stored = existing.iter().find(|stored| stored.id == action.id);
            let is_same = |stored: &SendWebhook| {
                stored.connection == webhook.connection && stored.call_url() == webhook.call_url()
            };
            if !stored.and_then(sent).is_some_and(is_same) {
                check_host(webhook, *account, connection, index, faults);
            }
            let profile = profiles.find(webhook.signature.profile.as_deref());
            let pointer = format!("/actions/{index}");
            check_connection(webhook, connection, profile, &pointer, faults);
        }
    }
}

/// What the action sends, if it is a webhook.
fn sent(action: &Action) -> Option<&SendWebhook> {
    match &action.does {
        Does::SendWebhook(webhook) => Some(webhook),
        Does::SendEmail(_) => None,
    }
}

fn check_host(
    webhook: &SendWebhook,
    account: AccountId,
    connection: &Connection,
    index: usize,
    faults: &mut Faults,
) {
    if !Hosts::of(account, connection).permit(&webhook.call_url()) {
        let detail = format!(
            "the connection may be used only for URLs of these hosts: {}",
            connection.hosts.join(", ")
        );
        faults.add(
            format!("/actions/{index}/connection_id"),
            codes::CONNECTION_NOT_FOR_HOST,
            detail,
        );
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

/// The faults of actions that name a connection that neither the account nor the installation has.
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
                detail: "neither the account nor the installation has a connection with this id".to_owned(),
            });
        }
    }
    faults
}
