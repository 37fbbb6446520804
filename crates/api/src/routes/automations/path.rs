//! The paths of an automation and of an action.

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_model::automation::uid_is_valid;
use postrider_model::{ActionId, AutomationRef};
use postrider_web::path::{PathError, parameter};
use utoipa::IntoParams;

use super::automation_not_found;
use crate::path::{invalid_id, invalid_path};
use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// The path of an automation.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathAutomation`] takes")]
pub struct AutomationPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The automation's id or its `uid`.
    #[param(example = "auto_01h455vb4pex5vsknk084sn02q")]
    id: String,
}

/// The path of an automation that is put.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathUid`] takes")]
pub struct UidPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The automation's `uid`: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.`, `:`, `@` and `-`, not starting with
    /// `auto_`.
    #[param(example = "tell-the-crm")]
    id: String,
}

/// The automation that `{id}` names, by its id or its uid, whether or not it exists.
pub struct PathAutomation(pub AutomationRef);

impl FromRequestParts<ApiState> for PathAutomation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let name: String = parameter(parts, "id").await.map_err(invalid_path)?;
        automation_ref(&name).map(Self)
    }
}

/// The uid in `{id}`. An id is refused.
pub struct PathUid(pub String);

impl FromRequestParts<ApiState> for PathUid {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let uid: String = parameter(parts, "id").await.map_err(invalid_path)?;
        if uid_is_valid(&uid) {
            return Ok(Self(uid));
        }
        let detail = "PUT takes a uid: 1 to 128 of a-z, A-Z, 0-9, `_`, `.`, `:`, `@` and `-`, not starting with `auto_`; \
                      PATCH takes an id too";
        Err(Problem::new(Code::InvalidId, detail))
    }
}

/// The path of an action.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what [`PathAction`] takes")]
pub struct ActionPath {
    /// The account's id or its `uid`.
    #[param(example = "acct_01h455vb4pex5vsknk084sn02q")]
    account: String,
    /// The automation's id or its `uid`.
    #[param(example = "auto_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// The action's id.
    #[param(example = "act_01h455vb4pex5vsknk084sn02q")]
    action: String,
}

/// The id in `{action}`, whether or not the action exists.
pub struct PathAction(pub ActionId);

impl FromRequestParts<ApiState> for PathAction {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let id = parameter(parts, "action").await;
        id.map(Self).map_err(|error| match error {
            PathError::Invalid(error) => invalid_id(error),
            error => invalid_path(error),
        })
    }
}

/// The automation that `text` names, by its id or its uid. A text that cannot be either is an automation that
/// does not exist.
fn automation_ref(text: &str) -> Result<AutomationRef, Problem> {
    if text.starts_with("auto_") {
        return text.parse().map(AutomationRef::Id).map_err(invalid_id);
    }
    match uid_is_valid(text) {
        true => Ok(AutomationRef::Uid(text.to_owned())),
        false => Err(automation_not_found()),
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::AutomationId;

    use super::*;

    #[test]
    fn a_path_segment_with_the_automation_prefix_must_be_a_valid_id() {
        let code = |text| automation_ref(text).unwrap_err().code();
        assert_eq!(code("auto_x"), Code::InvalidId);
        assert_eq!(code("a b"), Code::AutomationNotFound);
        let uid = AutomationRef::Uid("acct_x".to_owned());
        assert_eq!(automation_ref("acct_x").unwrap(), uid);
        let id = AutomationId::from_u128(7);
        assert_eq!(automation_ref(&id.to_string()).unwrap(), AutomationRef::Id(id));
    }
}
