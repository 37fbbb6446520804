//! Error pages. Handlers return a [`Refusal`] as their error; `console` renders the page, because it knows
//! the brand.

use std::borrow::Cow;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use postrider_configuration::ConfigureError;
use postrider_engine::AcceptError;
use postrider_figures::{ContentsError, ExportError};
use postrider_storage::StoreError;
use postrider_storage::rules::fan_out::TooManyDeliveries;

/// Why the console does not show a page, or does not accept a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The visitor is not signed in. After sign-in, the console returns to `here`.
    SignedOut {
        /// The address that the visitor asked for.
        here: String,
    },
    /// The page does not exist, or not for this visitor.
    NotFound,
    /// The visitor may look but not change anything.
    ReadOnly,
    /// Only people of the identity provider sign in.
    NoKeys,
    /// The form is not from one of our pages, or is older than the session.
    ForeignForm,
    /// The form is too large.
    FormTooLarge,
    /// The form did not arrive in time.
    FormTooSlow,
    /// The address has a filter that nothing matches by, and what it asks for acts on all that match.
    UnknownFilter,
    /// Somebody else changed the object in the meantime.
    Stale,
    /// With the automation on, one event would have too many deliveries.
    TooManyDeliveries(TooManyDeliveries),
    /// A replay of the account is running.
    ReplayRunning,
    /// Deliveries of the account are being canceled.
    CancelRunning,
    /// The account or the node has as many exports under way as there can be.
    TooManyExports {
        /// How many seconds to wait.
        wait_s: u64,
    },
    /// The account or the node has as many searches in data under way as there can be.
    TooManySearches {
        /// How many seconds to wait.
        wait_s: u64,
    },
    /// The account has the maximum number of portal links.
    TooManyLinks,
    /// Too many failed attempts to sign in.
    TooManyTries {
        /// How many seconds to wait.
        wait_s: u64,
    },
    /// Too many sign-ins of one client made us ask the identity provider.
    TooManySignIns {
        /// How many seconds to wait.
        wait_s: u64,
    },
    /// The sign-in link was used, has expired or never existed.
    DeadLink,
    /// The request names no host, or a host that a link must not lead to.
    UnusableHost,
    /// The store is unreachable or busy.
    Unavailable,
    /// Too many large requests are in progress.
    Busy,
    /// A defect; the log has it.
    Internal,
}

/// What `Retry-After` says where the store is unreachable or busy, in seconds.
const UNAVAILABLE_S: u64 = 1;

const REPLAY_RUNNING: (&str, &str) = (
    "A replay is running",
    "An account has one replay, or sending of missed events, at a time on each node. Wait until it has ended, then \
     count again.",
);

const EXPORT_UNDER_WAY: (&str, &str) = (
    "Too many exports are under way",
    "An account has one export at a time, and the server a few. Start this one again in a few seconds, or when your other \
     download has ended.",
);

const SEARCH_UNDER_WAY: (&str, &str) = (
    "Too many searches are under way",
    "An account has one search in data at a time, and the server a few. Reload this page in a few seconds.",
);

const UNKNOWN_FILTER: (&str, &str) = (
    "A filter was not understood",
    "Nothing was exported. Go back to the list of deliveries: it names the filter.",
);

const CANCEL_RUNNING: (&str, &str) = (
    "Deliveries are being canceled",
    "An account cancels one selection at a time on each node. Wait until it has ended, then count again.",
);

impl Refusal {
    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut { .. } => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ReadOnly | Self::ForeignForm | Self::NoKeys => StatusCode::FORBIDDEN,
            Self::FormTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::FormTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnusableHost | Self::UnknownFilter => StatusCode::BAD_REQUEST,
            Self::Stale
            | Self::TooManyDeliveries(_)
            | Self::ReplayRunning
            | Self::CancelRunning
            | Self::TooManyLinks => StatusCode::CONFLICT,
            Self::TooManyTries { .. }
            | Self::TooManySignIns { .. }
            | Self::TooManyExports { .. }
            | Self::TooManySearches { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::DeadLink => StatusCode::GONE,
            Self::Unavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds the request may succeed, where that is known.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManyTries { wait_s }
            | Self::TooManySignIns { wait_s }
            | Self::TooManyExports { wait_s }
            | Self::TooManySearches { wait_s } => Some(*wait_s),
            Self::Unavailable | Self::Busy => Some(UNAVAILABLE_S),
            _ => None,
        }
    }

    /// What happened, and what to do about it.
    pub fn words(&self) -> (&'static str, Cow<'static, str>) {
        let (title, advice) = self.fixed_words();
        let Self::TooManyDeliveries(exceeding) = self else {
            return (title, advice.into());
        };
        let TooManyDeliveries {
            event_type,
            count,
            most,
        } = exceeding;
        let which = format!(
            "With it, an event of type “{event_type}” would trigger {count} actions; at most {most} are \
             possible. {advice}"
        );
        (title, which.into())
    }

    /// The words of those that are the same on every page.
    fn fixed_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::SignedOut { .. } => ("Please sign in", "You are not signed in."),
            Self::NotFound => (
                "Page not found",
                "It may have been deleted, or the address is wrong.",
            ),
            Self::NoKeys => (
                "API keys do not sign in here",
                "The operator has switched this off. Sign in with your identity provider. The key still calls the API.",
            ),
            Self::ReadOnly => (
                "You cannot do this here",
                "Your role, link or API key does not permit it.",
            ),
            Self::ForeignForm => (
                "This form is no longer valid",
                "You signed in or out after opening it. Go back, reload the page, and submit the form again.",
            ),
            Self::FormTooLarge => (
                "The form is too large",
                "The limit is 1 MiB, and 8 KiB before you sign in. Nothing was changed.",
            ),
            Self::FormTooSlow => (
                "The form took too long to arrive",
                "Nothing was changed. Go back and submit it again.",
            ),
            Self::UnknownFilter => UNKNOWN_FILTER,
            Self::Stale => (
                "Someone else changed this in the meantime",
                "Your change was not saved. Look at what it is now, then make your change again.",
            ),
            Self::TooManyDeliveries(_) => {
                ("The automation stays off", "Switch another automation off first.")
            }
            Self::TooManyLinks => (
                "The account has too many portal links",
                "Revoke some, or wait until they expire.",
            ),
            Self::TooManyExports { .. } => EXPORT_UNDER_WAY,
            Self::TooManySearches { .. } => SEARCH_UNDER_WAY,
            Self::ReplayRunning => REPLAY_RUNNING,
            Self::CancelRunning => CANCEL_RUNNING,
            Self::TooManyTries { .. } => ("Too many failed attempts", "Wait a moment before you try again."),
            Self::TooManySignIns { .. } => (
                "Too many sign-ins from your network",
                "Wait a moment, then reload this page.",
            ),
            Self::DeadLink => (
                "This link has expired",
                "It is too old, was already used, or was revoked. Ask the sender for a new link.",
            ),
            Self::UnusableHost => (
                "The address of this console is unclear",
                "The request names no usable host. Ask the operator to set “public_url”.",
            ),
            Self::Unavailable => (
                "The database is not reachable",
                "Nothing was changed. Try again in a moment.",
            ),
            Self::Busy => (
                "The server is busy",
                "Nothing was changed. Go back and submit the form again in a moment.",
            ),
            Self::Internal => (
                "Something went wrong",
                "Try again. If it happens again, tell the operator the request id: the server log has the details.",
            ),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Internal(error) => {
                tracing::error!(%error, "a page failed: the store reported an error");
                Self::Internal
            }
        }
    }
}

impl From<ExportError> for Refusal {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::TooMany(no_room) => Self::TooManyExports {
                wait_s: no_room.retry_after.as_secs(),
            },
            ExportError::Store(error) => error.into(),
            // Only an export that has begun can be too slow.
            ExportError::TooSlow => Self::Internal,
        }
    }
}

impl From<ContentsError> for Refusal {
    fn from(error: ContentsError) -> Self {
        match error {
            ContentsError::TooMany(no_room) => Self::TooManySearches {
                wait_s: no_room.retry_after.as_secs(),
            },
            ContentsError::Store(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::AccountMissing => Self::NotFound,
            AcceptError::Stopping => Self::Unavailable,
            AcceptError::Store(error) => error.into(),
        }
    }
}

impl From<ConfigureError> for Refusal {
    /// For errors that a corrected form cannot fix. A form shows the others itself.
    fn from(error: ConfigureError) -> Self {
        match error {
            // No page offers to delete what is built in.
            ConfigureError::Missing | ConfigureError::BuiltIn => Self::NotFound,
            // Another edit has returned the action to the account's key.
            ConfigureError::Stale | ConfigureError::NoOwnKey => Self::Stale,
            ConfigureError::TooManyDeliveries(exceeding) => Self::TooManyDeliveries(exceeding),
            ConfigureError::Store(error) => error.into(),
            ConfigureError::Faults(_)
            | ConfigureError::UidTaken
            | ConfigureError::TooMany
            | ConfigureError::TooManyRotations { .. } => {
                tracing::error!(%error, "a form showed no message for a fault");
                Self::Internal
            }
        }
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "could not render a page");
        Self::Internal
    }
}

/// The page of the object of a form whose address ends in what it does: `…/signing-key/rotate`.
pub fn changed_object(path: &str) -> &str {
    match path.rsplit_once('/') {
        // A key of the API has no page of its own.
        Some(_) if path.starts_with("/api-keys/") => "/api-keys",
        Some((object, _)) if !object.is_empty() => object,
        _ => "/",
    }
}

/// The error page.
#[derive(Template)]
#[template(path = "refusal.html")]
pub struct RefusalPage<'a> {
    /// The parts around it.
    pub shell: crate::shell::Shell<'a>,
    /// What happened.
    pub title: &'static str,
    /// What to do.
    pub advice: Cow<'static, str>,
    /// The page of the object that somebody else changed.
    pub current: Option<&'a str>,
    /// The id under which the log has more; `None` where it has nothing.
    pub request_id: Option<&'a str>,
}
