//! `DELETE /v1/accounts/{account}/connections/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::EDITS_MAX;
use postrider_model::{AccountId, ConnectionId};
use postrider_storage::rules::connections::USERS_MAX;
use postrider_storage::{ConnectionUser, DeleteConnection};

use super::{InOwner, connection_not_found, find};
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag};
use crate::path::{ObjectPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Most automations that a refusal names.
const NAMED_MAX: usize = 10;

/// Delete a connection
///
/// A connection that an action uses is not deleted, whether the action is on or off. Connections of the
/// account `system` require the permission `admin` too.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/connections/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Connections",
    params(ObjectPath, IfMatchHeader),
    responses(
        (status = 204, description = "The connection was deleted."),
        (status = 409, description = "`connection_in_use`: actions use it. `detail` names their automations."),
    )
)]
pub async fn delete_connection(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InOwner(account): InOwner,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let mut version = None;
        if if_match.is_present() {
            let current = find(&state, account, id).await?;
            if_match.check(Some(&Tag::of_connection(&current)))?;
            version = Some(current.version);
        }
        let deleted = state.configuration.delete_connection(&by, account, id, version);
        match deleted.await? {
            DeleteConnection::Deleted => return Ok(StatusCode::NO_CONTENT),
            DeleteConnection::Missing => return Err(connection_not_found()),
            DeleteConnection::InUse(users) => return Err(in_use(&users, account)),
            DeleteConnection::Stale => {}
        }
    }
    Err(IfMatch::overtaken())
}

/// `owner`: the account of the connection.
fn in_use(users: &[ConnectionUser], owner: AccountId) -> Problem {
    let named = users.iter().take(NAMED_MAX).map(|user| {
        let ConnectionUser {
            account,
            automation,
            name,
        } = user;
        match *account == owner {
            true => format!("{name} ({automation})"),
            false => format!("{name} ({automation} of {account})"),
        }
    });
    let named: Vec<_> = named.collect();
    let more = match users.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        // The store does not look for others.
        more if users.len() == USERS_MAX => format!(" and at least {more} more"),
        more => format!(" and {more} more"),
    };
    let detail = format!("these automations use the connection: {}{more}", named.join(", "));
    Problem::new(Code::ConnectionInUse, detail)
}

#[cfg(test)]
mod tests {
    use postrider_model::AutomationId;

    use super::*;

    #[test]
    fn a_refusal_names_a_bounded_number_of_automations_and_other_accounts() {
        let owner = AccountId::from_u128(1);
        let user = |n: u128| ConnectionUser {
            account: AccountId::from_u128(if n == 3 { 2 } else { 1 }),
            automation: AutomationId::from_u128(n),
            name: format!("Automation {n}"),
        };
        let words = |count: u128| format!("{:?}", in_use(&(0..count).map(user).collect::<Vec<_>>(), owner));
        let twelve = words(12);
        assert!(
            twelve.contains("Automation 9 (auto_") && !twelve.contains("Automation 10"),
            "{twelve}"
        );
        assert!(twelve.contains("and 2 more"), "{twelve}");
        assert_eq!(twelve.matches(" of acct_").count(), 1, "{twelve}");
        let most = words(200);
        assert!(most.contains("and at least 190 more"), "{most}");
    }
}
