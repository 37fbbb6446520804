//! The JSON form of an entry of the audit trail.

use postrider_model::{AccountId, AuditEntry, AuditId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::openapi::shapes;
use crate::problem::Problem;

/// An entry of the audit trail: who did what, to what, from where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// The entry's id.
    #[schema(value_type = String, example = "aud_01h455vb4pex5vsknk084sn02q")]
    id: AuditId,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    at: Timestamp,
    /// The account that it concerns, which may have been deleted since; null for the installation.
    #[schema(value_type = Option<String>, example = "acct_01h455vb4pex5vsknk084sn02q")]
    account_id: Option<AccountId>,
    /// What was done.
    #[schema(example = "automation.updated")]
    action: &'static str,
    /// Who did it.
    actor: ActorView,
    /// What it was done to.
    target: TargetView,
    /// More about it, or null. An update has the members that it changed as `before` and
    /// `after`; `••••` stands for a secret. Long texts are cut.
    #[schema(schema_with = shapes::audit_details)]
    details: Option<Box<RawValue>>,
    /// The IP address of the client; null if no request did it, or for the actor `staff`.
    #[schema(example = "203.0.113.9")]
    client: Option<String>,
    /// The id of the request, as in the header `X-Request-Id` of its response; null like `client`.
    #[schema(example = "019bbef3b0007007800000000000beef")]
    request_id: Option<String>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorView {
    /// `api_key`; `session`: a person in the console; `link`: a sign-in or portal link; `command_line`: the
    /// operator, through the settings or a command; `node`: Postrider itself; `staff`: the operator's staff,
    /// as readers of one account see them; `unknown`: no valid key, link or session.
    #[schema(example = "api_key")]
    kind: &'static str,
    /// The id of the API key, session or link.
    #[schema(example = "apikey_01h455vb4pex5vsknk084sn02q", pattern = "^[!-~]{1,128}$")]
    id: Option<String>,
    /// The name at that time: of the API key, also for a session that began with it; or the person's name and
    /// e-mail address.
    #[schema(example = "Billing")]
    name: Option<String>,
}

/// What something was done to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditTarget)]
struct TargetView {
    /// What it is: the part of `action` before the dot.
    #[schema(example = "automation")]
    kind: &'static str,
    /// Its id, or the name of an event type; null if there are several.
    #[schema(example = "auto_01h455vb4pex5vsknk084sn02q", pattern = "^[!-~]{1,128}$")]
    id: Option<String>,
    /// Its name at that time.
    #[schema(example = "Tell the CRM")]
    name: Option<String>,
}

impl AuditEntryView {
    pub(super) fn of(entry: AuditEntry) -> Result<Self, Problem> {
        let details = entry.details.map(RawValue::from_string).transpose();
        Ok(Self {
            id: entry.id,
            at: entry.id.time(),
            account_id: entry.account,
            action: entry.action.as_str(),
            actor: ActorView {
                kind: entry.actor.kind.as_str(),
                id: entry.actor.id,
                name: entry.actor.name,
            },
            target: TargetView {
                kind: entry.action.target_kind(),
                id: entry.target.id,
                name: entry.target.name,
            },
            details: details.map_err(Problem::internal)?,
            client: entry.client.map(|address| address.to_string()),
            request_id: entry.request_id,
        })
    }
}
