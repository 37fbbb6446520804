//! The filters of deliveries: the ones in an address, and the form that creates such addresses.
//!
//! | parameter | selects deliveries |
//! |---|---|
//! | `status` | in this status |
//! | `type` | of events of this type |
//! | `automation`, `action`, `event` | of these ids |
//! | `after`, `before` | created at this time or later, or before it: [`super::moment`] |
//! | `status_code` | whose last response had this status code, or one of this class |
//! | `outcome` | whose last attempt had this outcome |

use postrider_model::{ActionId, Automation, AutomationId, DeliveryStatus, EventPattern, Outcome};
use postrider_storage::DeliveryFilter;

use super::moment::MomentField;
use crate::ignored::{Ignored, parsed};
use crate::query::Query;
use crate::view::status::Badge;
use crate::view::{action, id, status};
use crate::visitor::account::InAccount;

/// Most URLs that the form offers. Those of one automation always fit; an account could have 10,000.
const URLS_OFFERED_MAX: usize = 300;

/// Most event types that the form suggests.
const TYPES_SUGGESTED_MAX: usize = 300;

/// The parameters that filter.
pub const PARAMETERS: [&str; 9] = [
    "status",
    "type",
    "automation",
    "action",
    "event",
    "after",
    "before",
    "status_code",
    "outcome",
];

/// Those that name an object of an account.
const OF_ACCOUNT: [&str; 3] = ["automation", "action", "event"];

/// What is wrong with an unknown status.
const NOT_A_STATUS: &str = "is not a status. A delivery is pending, succeeded, failed or canceled.";

/// What is wrong with an invalid event type.
pub const NOT_A_TYPE: &str = "is not an event type. Event types contain letters, digits, dots, “_” and “-”.";

/// The filters of an address, for the store and for the form.
#[derive(Debug, Clone)]
pub struct Filters {
    /// For the store.
    pub filter: DeliveryFilter,
    /// Statuses to choose from.
    pub statuses: Vec<Choice>,
    /// Automations to choose from.
    pub automations: Vec<Choice>,
    /// URLs to choose from.
    pub urls: Vec<Choice>,
    /// Event types to suggest.
    pub types: Vec<String>,
    /// The event type as typed.
    pub event_type: String,
    /// The event's id; empty if the address names none.
    pub event: String,
    /// The earliest time.
    pub after: MomentField,
    /// The time before which deliveries were created.
    pub before: MomentField,
    /// The status code, or class of codes, as typed.
    pub status_code: String,
    /// Outcomes to choose from.
    pub outcomes: Vec<Choice>,
    /// Whether the address has any filter.
    pub is_active: bool,
    /// The filters of the address that do not apply.
    pub ignored: Ignored,
    /// Whether the list is of one account, whose automations and actions can be chosen.
    pub is_of_account: bool,
}

/// An option of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its value in the address.
    pub value: String,
    /// Its label.
    pub label: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Filters {
    /// The filters of this address, with the choices of this account.
    pub fn of(account: &InAccount, query: &Query) -> Self {
        let automations = &account.entry.config.automations;
        let filters = Self::of_query(query);
        let (automation, action) = (filters.filter.automation, filters.filter.action);
        Self {
            automations: automation_choices(automations, automation),
            urls: url_choices(automations, automation, action),
            types: types(automations),
            is_of_account: true,
            ..filters
        }
    }

    /// The filters of this address over all accounts. Those that name an object of an account do not apply.
    pub fn of_all(query: &Query) -> Self {
        let mut filters = Self::of_query(query);
        for name in OF_ACCOUNT {
            let why = "Open the deliveries of an account to filter by it.";
            if !filters.ignored.has(name) {
                filters.ignored.unsupported(query, name, why);
            }
        }
        Self {
            event: String::new(),
            filter: DeliveryFilter {
                event: None,
                automation: None,
                action: None,
                ..filters.filter
            },
            ..filters
        }
    }

    fn of_query(query: &Query) -> Self {
        let mut ignored = Ignored::default();
        let (after, before) = (ignored.moment(query, "after"), ignored.moment(query, "before"));
        let filter = DeliveryFilter {
            status: ignored.read(query, "status", DeliveryStatus::from_name, NOT_A_STATUS),
            event: ignored.read(
                query,
                "event",
                parsed,
                "is not the id of an event. Such ids begin with evt_.",
            ),
            automation: ignored.read(
                query,
                "automation",
                parsed,
                "is not the id of an automation. Such ids begin with auto_.",
            ),
            action: ignored.read(
                query,
                "action",
                parsed,
                "is not the id of an action. Such ids begin with act_.",
            ),
            event_type: ignored.read(query, "type", parsed, NOT_A_TYPE),
            after: after.at,
            before: before.at,
            status_code: ignored.read(
                query,
                "status_code",
                parsed,
                "is neither a status code, such as 503, nor a class, such as 5xx.",
            ),
            outcome: ignored.read(
                query,
                "outcome",
                Outcome::from_name,
                "is not an outcome of an attempt.",
            ),
        };
        let typed = |name| query.get(name).unwrap_or_default().trim().to_owned();
        Self {
            statuses: statuses(filter.status),
            automations: Vec::new(),
            urls: Vec::new(),
            types: Vec::new(),
            event_type: typed("type"),
            event: filter.event.map(|event| event.to_string()).unwrap_or_default(),
            after,
            before,
            status_code: typed("status_code"),
            outcomes: outcomes(filter.outcome),
            is_active: PARAMETERS.iter().any(|name| query.get(name).is_some()),
            is_of_account: false,
            ignored,
            filter,
        }
    }
}

fn statuses(chosen: Option<DeliveryStatus>) -> Vec<Choice> {
    let choice = |status: DeliveryStatus| Choice {
        value: status.as_str().to_owned(),
        label: status::name(status).to_owned(),
        is_chosen: chosen == Some(status),
    };
    DeliveryStatus::ALL.into_iter().map(choice).collect()
}

/// The outcomes to choose from.
pub fn outcomes(chosen: Option<Outcome>) -> Vec<Choice> {
    let choice = |outcome: Outcome| Choice {
        value: outcome.as_str().to_owned(),
        label: Badge::of_outcome(outcome).word().to_owned(),
        is_chosen: chosen == Some(outcome),
    };
    Outcome::ALL.into_iter().map(choice).collect()
}

/// The automations to choose from.
pub fn automation_choices(automations: &[Automation], chosen: Option<AutomationId>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = automations
        .iter()
        .map(|automation| Choice {
            value: automation.id.to_string(),
            label: automation.name.clone(),
            is_chosen: chosen == Some(automation.id),
        })
        .collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    with_deleted(
        choices,
        chosen.map(|id| (id.to_string(), id::short(id))),
        "Deleted automation",
    )
}

/// The actions of the chosen automation, or of all automations, each with the name of its automation.
pub fn url_choices(
    automations: &[Automation],
    automation: Option<AutomationId>,
    chosen: Option<ActionId>,
) -> Vec<Choice> {
    let meant = automations
        .iter()
        .filter(|it| automation.is_none_or(|id| it.id == id));
    let is_one = automation.is_some() || automations.len() == 1;
    let all = meant.flat_map(|automation| automation.actions.iter().map(move |action| (automation, action)));
    let mut offered = 0;
    let choices = all
        .filter(|(_, action)| {
            offered += 1;
            offered <= URLS_OFFERED_MAX || chosen == Some(action.id)
        })
        .map(|(automation, action)| Choice {
            value: action.id.to_string(),
            label: if is_one {
                action::target(action).to_owned()
            } else {
                format!("{}: {}", automation.name, action::target(action))
            },
            is_chosen: chosen == Some(action.id),
        });
    let chosen = chosen.map(|id| (id.to_string(), id::short(id)));
    with_deleted(choices.collect(), chosen, "Deleted action")
}

/// Adds the filtered id to the choices if its automation or URL was deleted.
fn with_deleted(mut choices: Vec<Choice>, chosen: Option<(String, String)>, what: &str) -> Vec<Choice> {
    if let Some((value, short)) = chosen
        && choices.iter().all(|choice| !choice.is_chosen)
    {
        choices.push(Choice {
            value,
            label: format!("{what} ({short})"),
            is_chosen: true,
        });
    }
    choices
}

/// Event types that the account's automations name.
fn types(automations: &[Automation]) -> Vec<String> {
    let patterns = automations
        .iter()
        .flat_map(|automation| &automation.trigger.event_types);
    let mut types: Vec<String> = patterns
        .filter_map(|pattern| match pattern {
            EventPattern::Exact(name) => Some(name.as_str().to_owned()),
            EventPattern::Any | EventPattern::Under(_) => None,
        })
        .collect();
    types.sort();
    types.dedup();
    types.truncate(TYPES_SUGGESTED_MAX);
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_objects_remain_available_as_filters() {
        let id: AutomationId = "auto_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        let choices = automation_choices(&[], Some(id));
        assert_eq!(choices[0].label, "Deleted automation (auto_…5vb4pex5v)");
        assert!(choices[0].is_chosen);
        assert_eq!(automation_choices(&[], None), []);
    }
}
