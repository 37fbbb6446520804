//! `GET /v1/accounts/{account}/automations/{id}/listen`

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri};
use postrider_model::Caller;
use serde::Serialize;

use super::stream::{self, Following};
use super::{check_may_read, find_listened};
use crate::by::Asks;
use crate::path::InAccount;
use crate::problem::{Code, Problem};
use crate::query::Parameters;
use crate::router::ApiState;
use crate::routes::automations::path::{AutomationPath, PathAutomation};

/// Longest list of nodes: two hundred.
const EXCEPT_BYTES_MAX: usize = 4_096;

/// How to listen.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`listen_to_automation`] takes")]
pub struct ListenParameters {
    /// Delete the automation once nobody has listened to it on this node for 60 seconds, so that a client
    /// that crashes leaves nothing behind. If there are more nodes, the node first marks the automation with
    /// the member `postrider_abandoned` of `metadata`, waits for another 5 minutes, and keeps the automation
    /// if a client listens to it on any node; that node then does the same at the end of its stream.
    #[param(default = false)]
    ephemeral: Option<bool>,
    /// The nodes, separated by commas, where the client listens already. If the request reaches one of them,
    /// the response is an empty 204.
    #[param(example = "0f3a9c21d5e88b04", max_length = 4096)]
    except: Option<String>,
}

/// The first event of the stream, `hello`.
#[derive(Debug, Serialize)]
pub struct HelloView {
    /// The node that the stream comes from.
    pub node: String,
    /// How many nodes the installation has.
    pub nodes: usize,
    /// How many bytes of a response's body are kept.
    pub response_bytes_kept: usize,
}

/// An event of the stream, `request`: a request to make.
#[derive(Debug, Serialize)]
pub struct RequestView<'a> {
    /// By which the response is returned.
    pub id: String,
    /// The path and query of the action's URL.
    pub target: &'a str,
    /// All headers but `Host` and `Content-Length`, signatures included, in order and spelt as they are sent.
    pub headers: Vec<HeaderView<'a>>,
    /// The body in base64.
    pub body_base64: String,
    /// How long the response may take, in milliseconds.
    pub timeout_ms: u64,
}

/// A header of a request.
#[derive(Debug, Serialize)]
pub struct HeaderView<'a> {
    /// The header's name.
    pub name: &'a str,
    /// The header's value.
    pub value: &'a str,
}

/// The last event of the stream, `end`.
#[derive(Debug, Serialize)]
pub struct EndView {
    /// Why; the documentation of [`listen_to_automation`] lists the reasons.
    pub reason: &'static str,
}

/// Listen to an automation
///
/// For development: delivers the webhooks of the automation to the caller, over this response, instead of to
/// a URL. An action takes part if the host of its URL is a name below `listen.invalid`:
/// `https://my-machine.listen.invalid/hooks`. `postrider listen` creates such an automation and makes each
/// request on its own machine.
///
/// The response is a stream of server-sent events whose data is JSON, and of comments every 15 seconds:
///
/// - `hello`: `node`, the node that the stream comes from; `nodes`, how many there are;
///   `response_bytes_kept`, how much of a response's body is kept. A node hands over its own requests only,
///   so a client opens streams, with `except`, until it has met all nodes.
/// - `request`, for each attempt, signed as always: `id`; `target`, the path and query of the action's URL;
///   `headers`, in order, each with `name` and `value`; `body_base64`; `timeout_ms`.
/// - `end`, with a `reason`. `superseded`: another client listens to the automation. `automation_gone`: it
///   was deleted, or has no such URL any more. `unauthorized`: the API key has ended. `reconnect`: the node
///   stops, or the stream has lasted for an hour; open another one.
///
/// The caller returns each response with *Respond to a request*; it becomes the attempt's response. An
/// attempt that gets none within the action's timeout fails, and so does one that starts while nobody
/// listens. A client has at most 32 requests at a time; further ones wait and spend no attempt. The caller
/// needs the permission `read` besides `manage`.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/automations/{id}/listen",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AutomationPath, ListenParameters),
    responses(
        (status = 200, description = "The stream of requests, as server-sent events.",
            content_type = "text/event-stream", body = String),
        (status = 204, description = "The client listens at this node already, as `except` says."),
        (status = 409, description = "`not_listenable`: no action of the automation has a URL below \
            `listen.invalid`."),
        (status = 429, description = "`too_many_listeners`: at most 32 clients of an account, and 512 in all, \
            listen on a node."),
    )
)]
pub async fn listen_to_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    Extension(caller): Extension<Caller>,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri);
    let is_ephemeral: bool = parameters.take("ephemeral").unwrap_or_default();
    let except = parameters.take_with("except", |text| match text.len() <= EXCEPT_BYTES_MAX {
        true => Ok(text.to_owned()),
        false => Err(format!("expected at most {EXCEPT_BYTES_MAX} bytes")),
    });
    parameters.finish()?;
    check_may_read(&caller)?;
    let (automation, label) = find_listened(&state, account, &automation).await?;
    let node = state.listeners.node();
    if except.is_some_and(|except| except.split(',').any(|it| it.trim() == node)) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let nodes = state.figures.nodes().await?.len();
    let by = is_ephemeral.then_some(by);
    let listener = state.listeners.listen((account, &label), automation.id, by);
    let listener = listener.map_err(|error| Problem::new(Code::TooManyListeners, error.to_string()))?;
    let hello = HelloView {
        node,
        nodes,
        response_bytes_kept: state.response_bytes_kept,
    };
    let following = Following {
        account,
        automation: automation.id,
        headers,
    };
    Ok(stream::response(state, listener, following, &hello))
}
