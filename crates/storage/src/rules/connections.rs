//! What both stores decide about connections.

use std::collections::BTreeSet;

use postrider_model::automation::AUTOMATIONS_MAX;
use postrider_model::connection::CONNECTIONS_MAX;
use postrider_model::{Action, ConnectionId, Does};

use crate::encoding::{self, Damaged};

/// Most automations that are named when a connection is not deleted: as many as an account has. Those that
/// use a connection of the installation have no bound.
pub const USERS_MAX: usize = AUTOMATIONS_MAX;

/// Whether an account with this many connections may get another one.
pub fn has_room(count: i64) -> bool {
    usize::try_from(count).is_ok_and(|count| count < CONNECTIONS_MAX)
}

/// The connections that these actions name.
pub fn named_by(actions: &[Action]) -> BTreeSet<ConnectionId> {
    let connections = actions.iter().filter_map(|action| match &action.does {
        Does::SendWebhook(webhook) => webhook.connection,
        Does::SendEmail(_) => None,
    });
    connections.collect()
}

/// Whether one of an automation's encoded actions names this connection. Needs no secrets.
///
/// # Errors
/// [`Damaged`] if no store writes such actions.
pub fn is_named_in(actions: &str, id: ConnectionId) -> Result<bool, Damaged> {
    Ok(encoding::automation::connections(actions)?.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::test_values::automation;

    fn with(connection: Option<ConnectionId>) -> Action {
        let mut action = automation().actions.remove(0);
        let Does::SendWebhook(webhook) = &mut action.does else {
            unreachable!("the action sends a webhook");
        };
        webhook.url = format!("https://a.example/{}", ConnectionId::from_u128(2));
        webhook.connection = connection;
        action
    }

    #[test]
    fn actions_name_connections_and_a_url_that_holds_an_id_does_not() {
        let one = ConnectionId::from_u128(1);
        let actions = [with(Some(one)), with(None), with(Some(one))];
        assert_eq!(named_by(&actions), BTreeSet::from([one]));
        let text = encoding::automation::actions_text(&actions);
        assert_eq!(is_named_in(&text, one), Ok(true));
        assert_eq!(is_named_in(&text, ConnectionId::from_u128(2)), Ok(false));
        assert!(is_named_in("{}", one).is_err());
    }

    #[test]
    fn an_account_has_a_bounded_number_of_connections() {
        assert!(has_room(0) && has_room(49));
        assert!(!has_room(50) && !has_room(-1));
    }
}
