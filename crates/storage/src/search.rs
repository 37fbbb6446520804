//! Finding what an id or a uid stands for, in one account or in all.

use async_trait::async_trait;
use postrider_model::{
    AccountId, ActionId, ApiKeyId, AutomationId, ConnectionId, DeliveryId, EventId, EventTypeName,
    SigningKeyId,
};

use crate::error::StoreResult;

/// Most results of a search. A producer may use one event id, and one uid, in every account.
pub const FOUND_MAX: usize = 50;

/// Longest text that can be found: a uid or the name of an event type, in bytes.
pub const SOUGHT_BYTES_MAX: usize = 128;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// An account.
    Account(AccountId),
    /// A signing key of an account. The keys of single actions are not searched.
    SigningKey(SigningKeyId),
    /// An automation.
    Automation(AutomationId),
    /// An action.
    Action(ActionId),
    /// A connection.
    Connection(ConnectionId),
    /// An event.
    Event(EventId),
    /// A delivery.
    Delivery(DeliveryId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// The uid of accounts and automations, or the name of an event type.
    Name(String),
}

impl Sought {
    /// What a text asks for: the id that it is, or else a uid or name. White space and quotation marks around
    /// it are dropped, because people copy them along. `None` if nothing can have this id or name.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ','));
        if text.is_empty() || text.len() > SOUGHT_BYTES_MAX {
            return None;
        }
        let id = [
            text.parse().ok().map(Self::Account),
            text.parse().ok().map(Self::SigningKey),
            text.parse().ok().map(Self::Automation),
            text.parse().ok().map(Self::Action),
            text.parse().ok().map(Self::Connection),
            text.parse().ok().map(Self::Event),
            text.parse().ok().map(Self::Delivery),
            text.parse().ok().map(Self::ApiKey),
        ];
        let id = id.into_iter().flatten().next();
        Some(id.unwrap_or_else(|| Self::Name(text.to_owned())))
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its account; `None` if it belongs to the installation.
    pub account: Option<AccountId>,
    /// What it is.
    pub what: FoundObject,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundObject {
    /// An account.
    Account(AccountId),
    /// A signing key.
    SigningKey(SigningKeyId),
    /// An automation.
    Automation(AutomationId),
    /// An action of this automation.
    Action(ActionId, AutomationId),
    /// A connection.
    Connection(ConnectionId),
    /// An event.
    Event(EventId),
    /// A delivery.
    Delivery(DeliveryId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A type of the catalogue.
    EventType(EventTypeName),
}

/// Searches.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// Everything that is found, at most [`FOUND_MAX`] of each kind. With `within`, only what belongs to this
    /// account, itself included.
    ///
    /// It may read every automation of the installation, and look into every account once. People search
    /// rarely, so what is stored has no index of its own for it.
    async fn find(&self, sought: &Sought, within: Option<AccountId>) -> StoreResult<Vec<Found>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_id_that_it_is_or_else_a_name() {
        let id = "evt_01h455vb4pex5vsknk084sn02q";
        let sought = |text: &str| Sought::of(text);
        assert_eq!(sought(id), Some(Sought::Event(id.parse().unwrap())));
        assert_eq!(sought(&format!(" \"{id}\",\n")), sought(id));
        assert_eq!(sought("evt_1"), Some(Sought::Name("evt_1".to_owned())));
        assert_eq!(
            sought("team@example.com"),
            Some(Sought::Name("team@example.com".to_owned()))
        );
        for nothing in ["", " ", "\"\"", &"x".repeat(SOUGHT_BYTES_MAX + 1)] {
            assert_eq!(sought(nothing), None, "{nothing:?}");
        }
    }
}
