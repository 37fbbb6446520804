//! The filter of the lists of the audit trail.

use postrider_model::AccountId;
use postrider_storage::{ActionPattern, AuditFilter};

use crate::query::Parameters;

/// Longest id that a filter names, in bytes: the name of an event type.
const ID_BYTES_MAX: usize = 128;

/// A filter of the audit trail.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`take`] takes")]
pub struct AuditParameters {
    /// Only this action, such as `automation.updated`, or those of one kind of target: `automation.*`.
    #[param(example = "automation.*", pattern = r"^[a-z_]+\.([a-z_]+|\*)$")]
    action: Option<String>,
    /// Only what the actor with this id did: an API key, a session or a link.
    #[param(example = "apikey_01h455vb4pex5vsknk084sn02q", pattern = "^[!-~]{1,128}$")]
    actor: Option<String>,
    /// Only what was done to the target with this id, or to the event type of this name.
    #[param(example = "auto_01h455vb4pex5vsknk084sn02q", pattern = "^[!-~]{1,128}$")]
    target: Option<String>,
    /// Only entries of this time or later.
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// Only entries before this time.
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
}

/// The account in a filter of the trail of the installation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`take_account`] takes")]
pub struct AccountParameter {
    /// Only what concerns the account with this id, which may have been deleted.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: Option<String>,
}

/// Takes the account from the parameters.
pub fn take_account(parameters: &mut Parameters) -> Option<AccountId> {
    parameters.take("account")
}

/// Takes the rest of the filter from the parameters.
pub fn take(parameters: &mut Parameters) -> AuditFilter {
    AuditFilter {
        account: None,
        action: parameters.take_with("action", |text| {
            ActionPattern::parse(text).ok_or_else(|| {
                "expected an action, such as `automation.updated`, or a kind, such as `automation.*`"
                    .to_owned()
            })
        }),
        actor: parameters.take_with("actor", id),
        hides_staff: false,
        target: parameters.take_with("target", id),
        after: parameters.take("after"),
        before: parameters.take("before"),
    }
}

fn id(text: &str) -> Result<String, String> {
    let is_id = (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| "expected an id".to_owned())
}
