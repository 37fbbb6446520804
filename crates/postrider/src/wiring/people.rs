//! The staff's identity provider: its settings with the client's secret, and what ends when they change.

use std::fs;
use std::sync::Arc;

use postrider_access::{Access, People, PeopleParts, PeopleSettings};
use postrider_model::{Clock, Entropy};
use postrider_storage::{PermittedSessions, Sealer};

use super::provider_transport::HttpTransport;
use crate::config::Settings;
use postrider_cli::{Environment, Failure};

/// The variable that holds the client's secret.
const VARIABLE: &str = "POSTRIDER_OIDC_CLIENT_SECRET";

/// The client's secret at the provider, if the operator set one.
pub fn client_secret(settings: &Settings, environment: &Environment) -> Result<Option<String>, Failure> {
    match (&settings.oidc_client_secret_file, environment.get(VARIABLE)) {
        (Some(_), Some(_)) => Err(Failure::Usage(format!(
            "{VARIABLE} and oidc_client_secret_file are both set; remove one"
        ))),
        (Some(file), None) => {
            let named = |error: &dyn std::fmt::Display| {
                Failure::Usage(format!("oidc_client_secret_file {}: {error}", file.display()))
            };
            let text = fs::read_to_string(file).map_err(|error| named(&error))?;
            let secret = text.trim_end_matches(['\r', '\n']);
            if secret.is_empty() {
                return Err(named(&"the file is empty"));
            }
            Ok(Some(secret.to_owned()))
        }
        (None, secret) => Ok(secret.map(str::to_owned)),
    }
}

/// The settings of the provider, if there is one, or why they do not go together. Sends no request.
pub fn of_settings(settings: &Settings, secret: Option<&str>) -> Result<Option<PeopleSettings>, Failure> {
    let people = settings.people(secret);
    people.map_err(|error| Failure::Usage(error.to_string()))
}

/// The dependencies of the people.
pub struct Parts {
    /// The sessions.
    pub access: Arc<Access>,
    /// Seals sign-ins under way.
    pub sealer: Sealer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
}

/// The people of these settings, if there are any. Ends the sessions that the settings no longer permit.
pub async fn start(
    settings: &Settings,
    people: Option<PeopleSettings>,
    parts: Parts,
) -> Result<Option<Arc<People>>, Failure> {
    let permitted = PermittedSessions {
        issuer: people.as_ref().map(|people| people.issuer.as_str().to_owned()),
        by_key: settings.sign_in_by_key,
    };
    let ended = parts.access.keep_sessions(permitted).await;
    let ended = ended.map_err(|error| {
        Failure::Failed(format!(
            "cannot end the sessions that the settings no longer permit: {error}"
        ))
    })?;
    if ended > 0 {
        tracing::warn!(
            ended,
            "sessions ended, because the settings no longer permit how they began"
        );
    }
    let Some(people) = people else {
        return Ok(None);
    };
    Ok(Some(Arc::new(People::new(
        people,
        PeopleParts {
            access: parts.access,
            transport: Arc::new(HttpTransport::new(settings)?),
            sealer: parts.sealer,
            clock: parts.clock,
            entropy: parts.entropy,
        },
    ))))
}
