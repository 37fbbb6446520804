//! `POST /v1/accounts/{account}/portal-links`

use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use http::{StatusCode, Uri};
use postrider_access::{CreatePortalLink, LINK_LIFETIME_S, PortalLinkDraft};
use postrider_model::{AccountId, Caller, Theme, Who};
use postrider_storage::PORTAL_LINKS_MAX;
use postrider_web::host::RequestHost;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CreatedPortalLinkView, PortalLinkView};
use crate::by::Asks;
use crate::decode::Whole;
use crate::json_body::OptionalJsonBody;
use crate::openapi::shapes;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::{Code, Faults, Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;

/// The default lifetime of a link: one hour, because a product creates it when a customer asks for it.
const EXPIRES_IN_S_DEFAULT: u64 = 3_600;

/// Options of a portal link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = PortalLinkInput)]
pub struct PortalLinkInput {
    /// How long the link, and each session that starts with it, lasts, in seconds: 60 to 604800 (7 days).
    #[schema(value_type = Option<u32>, default = 3600, minimum = 60, maximum = 604_800, example = 3600)]
    expires_in_s: Option<Whole>,
    /// Whether the customer can only read.
    #[schema(default = false)]
    read_only: Option<bool>,
    /// The theme of the pages; null follows the customer's system.
    #[schema(schema_with = shapes::theme_or_null)]
    theme: Option<String>,
}

/// Create a portal link
///
/// A portal link signs a customer in to the console, for this account only. Send it to the customer or embed
/// it in your own product. This response is the only one that shows the link. It begins at most 20 sessions a
/// minute and 100 at the same time. The link and its sessions end when the link expires or is revoked, when
/// the API key that created it ends, and when the account is deleted.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/portal-links",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(AccountPath),
    request_body(content = Option<PortalLinkInput>),
    responses(
        (status = 201, description = "The portal link.", body = CreatedPortalLinkView),
        (status = 403, description = "`permission_denied`: the link would permit more than the API key does."),
        (status = 409, description = "`too_many_portal_links`: the account has the maximum number of portal links."),
        (status = 400, description = "`invalid_host`: `public_url` is not set, and the request's Host header cannot be used in a link."),
    )
)]
pub async fn create_portal_link(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    host: RequestHost,
    OptionalJsonBody(input): OptionalJsonBody<PortalLinkInput>,
) -> Result<(StatusCode, Json<CreatedPortalLinkView>), Problem> {
    no_parameters(&uri)?;
    let draft = input.check(account)?;
    if !caller.permissions.contains_all(draft.permissions()) {
        return Err(Problem::new(
            Code::PermissionDenied,
            "the link would permit more than the API key: it needs `read`, and `manage` unless it is read-only",
        ));
    }
    let base = host
        .base_url(state.public_url.as_deref())
        .ok_or_else(unusable_host)?;
    let api_key = match caller.who {
        Who::ApiKey(id) => Some(id),
        Who::Session { api_key, .. } => api_key,
    };
    let (token, link) = match state.access.create_portal_link(&by, draft, api_key).await? {
        CreatePortalLink::Created(token, link) => (token, link),
        CreatePortalLink::Gone => return Err(account_not_found()),
        CreatePortalLink::TooMany => {
            return Err(Problem::new(
                Code::TooManyPortalLinks,
                format!(
                    "the account has {PORTAL_LINKS_MAX} portal links; revoke some or wait until they expire"
                ),
            ));
        }
    };
    let view = CreatedPortalLinkView {
        url: format!("{base}/sign-in/{}", token.expose()),
        link: PortalLinkView::of(&link),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

fn unusable_host() -> Problem {
    Problem::new(
        Code::InvalidHost,
        "the link uses the request's host: send one Host header without user info, or set `public_url`",
    )
}

impl PortalLinkInput {
    fn check(self, account: AccountId) -> Result<PortalLinkDraft, Problem> {
        let mut faults = Faults::default();
        let expires_in_s = self
            .expires_in_s
            .map_or(Some(EXPIRES_IN_S_DEFAULT), |Whole(requested)| {
                u64::try_from(requested)
                    .ok()
                    .filter(|requested| LINK_LIFETIME_S.contains(requested))
            });
        if expires_in_s.is_none() {
            let (least, most) = LINK_LIFETIME_S.into_inner();
            let detail = format!("must be {least} to {most} seconds");
            faults.add("/expires_in_s", fault_codes::OUT_OF_RANGE, detail);
        }
        let theme = self.theme.as_deref().map(Theme::from_name);
        if theme == Some(None) {
            faults.add("/theme", fault_codes::INVALID_VALUE, "must be `light` or `dark`");
        }
        faults.into_result(Code::InvalidBody)?;
        Ok(PortalLinkDraft {
            account,
            lifetime: Duration::from_secs(expires_in_s.unwrap_or_default()),
            read_only: self.read_only.unwrap_or(false),
            theme: theme.flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(expires_in_s: i64, theme: &str) -> usize {
        let input = PortalLinkInput {
            expires_in_s: Some(Whole(expires_in_s)),
            read_only: None,
            theme: Some(theme.to_owned()),
        };
        input
            .check(AccountId::from_u128(1))
            .map_or_else(|problem| problem.faults().len(), |_| 0)
    }

    #[test]
    fn lifetimes_are_bounded_and_themes_are_two() {
        assert_eq!(faults(60, "light"), 0);
        assert_eq!(faults(604_800, "dark"), 0);
        assert_eq!(faults(59, "Dark"), 2);
        assert_eq!(faults(604_801, ""), 2);
        assert_eq!(faults(-1, "dark"), 1);
    }
}
