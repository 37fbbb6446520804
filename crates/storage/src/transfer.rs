//! Rows on their way from one store to another: everything there is, as it is kept.
//!
//! Nothing is decoded on the way. What no statement looks into stands in the same form in every store
//! ([`crate::encoding`]), ids are 16 bytes, times are milliseconds since 1970, enums the numbers that the model's
//! `code()` gives. What belongs to one process only, sessions and what they own, is not moved; nor are
//! [`crate::statistics`], which are no record of anything, and the grants that let people into the console: they sign in
//! again.
//!
//! A copy goes through the [`Stage`]s in their order, in batches; a [`Place`] says how far it came.

use std::collections::BTreeSet;

/// Which rows are copied. Later ones refer to earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The catalogue, deleted entries too: a list may stand at one of them.
    EventTypes,
    /// Keys that open the API.
    ApiKeys,
    /// Accounts, each with its signing keys and automations.
    Accounts,
    /// Accounts that were deleted, and of which rows are left.
    DeletedAccounts,
    /// Events, each with its deliveries and their attempts.
    Events,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::EventTypes,
        Self::ApiKeys,
        Self::Accounts,
        Self::DeletedAccounts,
        Self::Events,
    ];

    /// The number that a store keeps for it: its place in [`Self::ALL`].
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The stage of this number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }

    /// The stage behind it.
    pub fn next(self) -> Option<Self> {
        Self::from_code(self.code() + 1)
    }
}

/// How far a copy came: through the source's row of this number, in this stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where it is.
    pub stage: Stage,
    /// The number of the last row; [`i64::MIN`] before the first.
    pub after: i64,
}

impl Place {
    /// Before everything.
    pub const START: Self = Self::before(Stage::EventTypes);

    /// Before the first row of a stage.
    pub const fn before(stage: Stage) -> Self {
        Self {
            stage,
            after: i64::MIN,
        }
    }
}

/// Some rows, to be written in one transaction together with the place behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The rows, in order.
    pub rows: Rows,
    /// Where the copy is with these.
    pub through: Place,
}

impl Batch {
    /// How many events it brings.
    pub fn events(&self) -> u64 {
        match &self.rows {
            Rows::Events(events) => events.len() as u64,
            _ => 0,
        }
    }
}

/// Rows of one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Of [`Stage::EventTypes`].
    EventTypes(Vec<EventTypeRow>),
    /// Of [`Stage::ApiKeys`].
    ApiKeys(Vec<ApiKeyRow>),
    /// Of [`Stage::Accounts`].
    Accounts(Vec<AccountRow>),
    /// Of [`Stage::DeletedAccounts`]: their ids.
    DeletedAccounts(Vec<[u8; 16]>),
    /// Of [`Stage::Events`].
    Events(Vec<EventRow>),
}

/// An entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeRow {
    /// The row's number, which cursors of lists hold.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// What people are told about it; may hold U+0000.
    pub description: String,
    /// JSON.
    pub example: Option<String>,
    /// JSON.
    pub schema: Option<String>,
    /// When it came.
    pub created_at: i64,
    /// When it was changed last.
    pub updated_at: i64,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// A key that opens the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// What people call it.
    pub name: String,
    /// The hash of its text.
    pub sha256: Vec<u8>,
    /// When it was made.
    pub created_at: i64,
}

/// An account with what goes when it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: [u8; 16],
    /// The caller's own id of it.
    pub uid: Option<String>,
    /// Its name.
    pub name: String,
    /// JSON.
    pub metadata: String,
    /// JSON.
    pub retry_delays: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed last.
    pub updated_at: i64,
    /// Counts its changes.
    pub version: i64,
    /// Its keys, those that have ended too.
    pub signing_keys: Vec<SigningKeyRow>,
    /// Its automations.
    pub automations: Vec<AutomationRow>,
}

/// A signing key of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its id.
    pub id: [u8; 16],
    /// `whsec_…`
    pub secret: String,
    /// When it was made.
    pub created_at: i64,
    /// When it ends; `None` for the current one.
    pub expires_at: Option<i64>,
}

/// The secret does not print.
impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRow")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// An automation of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationRow {
    /// Its id.
    pub id: [u8; 16],
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// JSON.
    pub trigger: String,
    /// JSON.
    pub actions: String,
    /// JSON.
    pub retry_delays: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed last.
    pub updated_at: i64,
    /// Counts its changes.
    pub version: i64,
}

/// An event with everything that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// The number that orders the events of one moment.
    pub seq: i64,
    /// Whose it is.
    pub account: [u8; 16],
    /// Its id.
    pub id: [u8; 16],
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub created_at: i64,
    /// When it happened, where the producer said so.
    pub occurred_at: Option<i64>,
    /// See [`crate::encoding::event`].
    pub flags: i16,
    /// The code of its warning.
    pub warning_code: Option<String>,
    /// Where in its data the warning points; may hold U+0000.
    pub warning_pointer: Option<String>,
    /// What it was accepted with.
    pub idempotency_key: Option<String>,
    /// The id of its first delivery; the others follow, number by number.
    pub first_delivery: Option<[u8; 16]>,
    /// How many deliveries it has.
    pub delivery_count: i32,
    /// The producer's bytes.
    pub data: Vec<u8>,
    /// Its deliveries, in order.
    pub deliveries: Vec<DeliveryRow>,
}

/// A delivery of an event. One that was owned waits: whoever had it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: [u8; 16],
    /// Of which automation.
    pub automation: [u8; 16],
    /// By which action.
    pub action: [u8; 16],
    /// How its body is made: the code of a [`postrider_model::delivery::BodySpec`].
    pub body: i32,
    /// Its status.
    pub status: i16,
    /// Attempts that count.
    pub attempts: i32,
    /// How often it was resent.
    pub resends: i32,
    /// The status before the resend that is pending.
    pub resend_of: Option<i16>,
    /// Pending: when it is due; settled: since when.
    pub state_at: i64,
    /// What the receiver responded with to its last attempt.
    pub last_status_code: Option<i16>,
    /// What came of its last attempt.
    pub last_outcome: Option<i16>,
    /// The attempts on record, in order.
    pub records: Vec<AttemptRow>,
}

/// An attempt on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Within its delivery, from 1.
    pub number: i32,
    /// When it started.
    pub started_at: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// What came of it.
    pub outcome: i16,
    /// The kind of its exchange; see [`crate::encoding::exchange`].
    pub exchange: i16,
    /// What the receiver responded with.
    pub status_code: Option<i16>,
    /// What went wrong; may hold U+0000, as may the URL.
    pub error: Option<String>,
    /// Where it went.
    pub url: String,
    /// Encoded.
    pub request_headers: Vec<u8>,
    /// Encoded.
    pub response_headers: Vec<u8>,
    /// Whether the response was longer than what is kept of it.
    pub response_truncated: bool,
    /// What is kept of the response.
    pub response_body: Vec<u8>,
}

/// What is known of a source before anything is copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// Tells the source, and the state it is in, from all others.
    pub fingerprint: String,
    /// How many events there are.
    pub events: u64,
    /// The greatest number of an event.
    pub last_seq: i64,
    /// The greatest number of an event type.
    pub last_event_type: i64,
    /// The days (UTC, counted from 1970-01-01) in which events were accepted or ids of deliveries made.
    pub days: BTreeSet<i64>,
}

/// How many rows a store has of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accounts.
    pub accounts: u64,
    /// Signing keys.
    pub signing_keys: u64,
    /// Automations.
    pub automations: u64,
    /// Event types, deleted ones too.
    pub event_types: u64,
    /// Events.
    pub events: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Attempts.
    pub attempts: u64,
}

impl Counts {
    /// The tables that are counted, in the order of [`Self::from_array`].
    pub const TABLES: [&'static str; 7] = [
        "accounts",
        "signing_keys",
        "automations",
        "event_types",
        "events",
        "deliveries",
        "attempts",
    ];

    /// The counts of [`Self::TABLES`].
    pub const fn from_array(counts: [u64; 7]) -> Self {
        let [
            accounts,
            signing_keys,
            automations,
            event_types,
            events,
            deliveries,
            attempts,
        ] = counts;
        Self {
            accounts,
            signing_keys,
            automations,
            event_types,
            events,
            deliveries,
            attempts,
        }
    }

    /// The same as an array.
    pub const fn to_array(self) -> [u64; 7] {
        [
            self.accounts,
            self.signing_keys,
            self.automations,
            self.event_types,
            self.events,
            self.deliveries,
            self.attempts,
        ]
    }
}
