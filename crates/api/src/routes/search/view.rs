//! What a search takes, and its results.

use postrider_model::AccountId;
use postrider_storage::search::{Found, FoundObject};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// What to search for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`super::search_by_id`] takes")]
pub struct SearchParameters {
    /// A whole id or uid, or the name of an event type.
    #[param(
        example = "dlv_01h455vb4pex5vsknk084sn02q",
        min_length = 1,
        max_length = 128,
        pattern = "^[a-zA-Z0-9_.:@-]{1,128}$"
    )]
    q: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchResults)]
pub struct ResultsView {
    /// Everything that has this id, uid or name, at most 50 of each type.
    pub(super) data: Vec<ResultView>,
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchResult)]
pub struct ResultView {
    /// What it is.
    #[serde(rename = "type")]
    kind: ResultType,
    /// Its id; of an event type, its name.
    #[schema(
        example = "dlv_01h455vb4pex5vsknk084sn02q",
        pattern = "^[a-zA-Z0-9_.-]{1,128}$"
    )]
    id: String,
    /// Its account; null for an event type, and for an API key of all accounts.
    #[schema(value_type = Option<String>, example = "acct_01h455vb4pex5vsknk084sn02q")]
    account_id: Option<AccountId>,
    /// Its name, or the type of an event; null if it has none.
    #[schema(example = json!(null))]
    name: Option<String>,
    /// Where this API has it. An action is part of its automation, and a key part of a list.
    #[schema(
        example = "/v1/accounts/acct_01h455vb4pex5vsknk084sn02q/deliveries/dlv_01h455vb4pex5vsknk084sn02q"
    )]
    path: String,
}

/// A type of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultType {
    /// An account.
    Account,
    /// A signing key of an account.
    SigningKey,
    /// An automation.
    Automation,
    /// An action.
    Action,
    /// A connection.
    Connection,
    /// An event.
    Event,
    /// A delivery.
    Delivery,
    /// An API key.
    ApiKey,
    /// An event type.
    EventType,
}

impl ResultView {
    pub(super) fn of(found: Found) -> Self {
        let in_account = |rest: String| match found.account {
            Some(account) => format!("/v1/accounts/{account}{rest}"),
            None => format!("/v1{rest}"),
        };
        let (kind, id, path) = match &found.what {
            FoundObject::Account(id) => (ResultType::Account, id.to_string(), in_account(String::new())),
            FoundObject::SigningKey(id) => (
                ResultType::SigningKey,
                id.to_string(),
                in_account("/signing-keys".to_owned()),
            ),
            FoundObject::Automation(id) => (
                ResultType::Automation,
                id.to_string(),
                in_account(format!("/automations/{id}")),
            ),
            FoundObject::Action(id, automation) => (
                ResultType::Action,
                id.to_string(),
                in_account(format!("/automations/{automation}")),
            ),
            FoundObject::Connection(id) => (
                ResultType::Connection,
                id.to_string(),
                in_account(format!("/connections/{id}")),
            ),
            FoundObject::Event(id) => (
                ResultType::Event,
                id.to_string(),
                in_account(format!("/events/{id}")),
            ),
            FoundObject::Delivery(id) => (
                ResultType::Delivery,
                id.to_string(),
                in_account(format!("/deliveries/{id}")),
            ),
            FoundObject::ApiKey(id) => (ResultType::ApiKey, id.to_string(), "/v1/api-keys".to_owned()),
            FoundObject::EventType(name) => (
                ResultType::EventType,
                name.to_string(),
                format!("/v1/event-types/{name}"),
            ),
        };
        Self {
            kind,
            id,
            account_id: found.account,
            name: found.name,
            path,
        }
    }
}
