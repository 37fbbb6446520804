//! `POST /v1/accounts/{account}/signing-keys/rotate`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::{SigningKey, SigningSecret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::SigningKeyView;
use crate::json_body::OptionalJsonBody;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::{Code, Faults, Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;

/// How long the old key signs beside the new one where nothing is said: one day, for receivers to take the new one up.
const OVERLAP_S_DEFAULT: u64 = 86_400;

/// The longest overlap: 30 days. A key that was leaked should not sign for longer.
const OVERLAP_S_MAX: u64 = 30 * 86_400;

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = RotateInput)]
pub struct RotateInput {
    /// How long the old key signs beside the new one, in seconds: 0 to 2592000 (30 days).
    #[schema(value_type = Option<u32>, default = 86400, maximum = 2_592_000, example = 86400)]
    overlap_s: Option<i64>,
    /// The new key, where it is brought along: `whsec_` and the base64 of 24 to 64 bytes.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
}

/// Rotate the signing key
///
/// The new key is the current one at once. While the overlap lasts, webhooks carry signatures of both. At most two
/// keys ever sign: one that was still overlapping from an earlier rotation ends now.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/signing-keys/rotate",
    tag = "Signing keys",
    params(AccountPath),
    request_body(content = Option<RotateInput>),
    responses((status = 201, description = "The new key.", body = SigningKeyView))
)]
pub async fn rotate_signing_key(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
    OptionalJsonBody(input): OptionalJsonBody<RotateInput>,
) -> Result<(StatusCode, Json<SigningKeyView>), Problem> {
    no_parameters(&uri)?;
    let engine = &state.engine;
    let known = engine
        .store()
        .signing_keys(account)
        .await?
        .ok_or_else(account_not_found)?;
    let (overlap, secret) = check(&input, &known)?;
    let now = engine.clock().now();
    let key = SigningKey {
        id: engine.ids().signing_key(now),
        secret: secret.unwrap_or_else(|| engine.new_secret()),
        created_at: now,
        expires_at: None,
    };
    let view = SigningKeyView::of(&key, now);
    if engine
        .directory()
        .rotate_signing_key(account, key, now.after(overlap))
        .await?
    {
        Ok((StatusCode::CREATED, Json(view)))
    } else {
        Err(account_not_found())
    }
}

fn check(input: &RotateInput, known: &[SigningKey]) -> Result<(Duration, Option<SigningSecret>), Problem> {
    let mut faults = Faults::default();
    let overlap_s = input.overlap_s.map_or(Some(OVERLAP_S_DEFAULT), |given| {
        u64::try_from(given).ok().filter(|given| *given <= OVERLAP_S_MAX)
    });
    if overlap_s.is_none() {
        let detail = format!("an overlap is 0 to {OVERLAP_S_MAX} seconds");
        faults.add("/overlap_s", fault_codes::OUT_OF_RANGE, detail);
    }
    let secret = input
        .secret
        .as_deref()
        .map(str::parse::<SigningSecret>)
        .and_then(|parsed| {
            parsed
                .map_err(|error| faults.add("/secret", fault_codes::INVALID_VALUE, error.to_string()))
                .ok()
        });
    if let Some(secret) = &secret
        && known.iter().any(|key| key.secret == *secret)
    {
        faults.add(
            "/secret",
            fault_codes::DUPLICATE,
            "this is, or was, a key of the account",
        );
    }
    faults.into_result(Code::InvalidBody)?;
    Ok((Duration::from_secs(overlap_s.unwrap_or_default()), secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(overlap_s: Option<i64>, secret: Option<&str>) -> usize {
        let secret = secret.map(str::to_owned);
        check(&RotateInput { overlap_s, secret }, &[]).map_or_else(|problem| problem.faults().len(), |_| 0)
    }

    #[test]
    fn overlaps_and_brought_keys_are_bounded() {
        assert_eq!(faults(None, None), 0);
        assert_eq!(
            faults(Some(2_592_000), Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
            0
        );
        assert_eq!(faults(Some(2_592_001), Some("whsec_short")), 2);
        assert_eq!(faults(Some(-1), None), 1);
    }
}
