//! `DELETE /v1/accounts/{account}/connections/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::{AutomationId, ConnectionId};
use postrider_storage::DeleteConnection;

use super::connection_not_found;
use crate::by::Asks;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Most automations that a refusal names.
const NAMED_MAX: usize = 10;

/// Delete a connection
///
/// A connection that an action uses is not deleted, whether the action is on or off.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/connections/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Connections",
    params(ObjectPath),
    responses(
        (status = 204, description = "The connection was deleted."),
        (status = 409, description = "`connection_in_use`: actions use it. `detail` names their automations."),
    )
)]
pub async fn delete_connection(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    match state.configuration.delete_connection(&by, account, id).await? {
        DeleteConnection::Deleted => Ok(StatusCode::NO_CONTENT),
        DeleteConnection::Missing => Err(connection_not_found()),
        DeleteConnection::InUse(automations) => Err(in_use(&automations)),
    }
}

fn in_use(automations: &[(AutomationId, String)]) -> Problem {
    let named = automations.iter().take(NAMED_MAX);
    let named: Vec<_> = named.map(|(id, name)| format!("{name} ({id})")).collect();
    let more = match automations.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!("these automations use the connection: {}{more}", named.join(", "));
    Problem::new(Code::ConnectionInUse, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_a_bounded_number_of_automations() {
        let automations = (0..12).map(|n| (AutomationId::from_u128(n), format!("Automation {n}")));
        let problem = in_use(&automations.collect::<Vec<_>>());
        let words = format!("{problem:?}");
        assert!(
            words.contains("Automation 9 (auto_") && !words.contains("Automation 10"),
            "{words}"
        );
        assert!(words.contains("and 2 more"), "{words}");
    }
}
