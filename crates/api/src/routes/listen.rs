//! Listening to an automation: its requests go to a client instead of a URL, and the client returns the
//! responses. `open`: the stream of requests. `respond`: the response to one of them.
//! `abandoned`: the end of an automation that exists for a client that listens.

mod abandoned;
pub mod open;
pub mod respond;
mod stream;

use postrider_engine::listen::{DOMAIN, label_of};
use postrider_model::{AccountId, Automation, AutomationRef, Caller, Does, Permission};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::automations::find;
use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// The routes of listening.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(open::listen_to_automation))
        .routes(routes!(respond::respond_to_request))
}

/// The automation, and the name that one of its URLs has in [`DOMAIN`].
async fn find_listened(
    state: &ApiState,
    account: AccountId,
    automation: &AutomationRef,
) -> Result<(Automation, String), Problem> {
    let automation = find(state, account, automation).await?;
    match label(&automation) {
        Some(label) => Ok((automation, label)),
        None => Err(Problem::new(
            Code::NotListenable,
            format!("no action of the automation has a URL such as https://my-machine.{DOMAIN}/"),
        )),
    }
}

/// The name of the first action that has one.
fn label(automation: &Automation) -> Option<String> {
    automation.actions.iter().find_map(|action| match &action.does {
        Does::SendWebhook(webhook) => label_of(&webhook.url),
        Does::SendEmail(_) => None,
    })
}

/// Refuses a caller without `read`: requests hold the data of events.
fn check_may_read(caller: &Caller) -> Result<(), Problem> {
    if caller.permissions.contains(Permission::Read) {
        return Ok(());
    }
    Err(Problem::new(
        Code::PermissionDenied,
        "listening needs the permission `read` besides `manage`",
    ))
}
