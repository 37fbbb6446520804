//! Rows on their way from one store to another: everything there is, as it is kept.
//!
//! Nothing is decoded on the way. What no statement looks into stands in the same form in every store
//! ([`crate::encoding`]), ids are 16 bytes, times are milliseconds since 1970, enums the numbers that the
//! model's `code()` gives. What belongs to one process only, sessions and what they own, is not moved; nor
//! are [`crate::statistics`], which are no record of anything, and the grants that let people into the
//! console: they sign in again.
//!
//! A copy goes through the [`Stage`]s in their order, in batches; a [`Place`] says how far it came.

use std::collections::BTreeSet;

use crate::rows::{
    AccountRow, ApiKeyRow, AttemptRow, AutomationRow, DeliveryRow, EventRow, EventTypeRow, SigningKeyRow,
};

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
    Accounts(Vec<AccountRows>),
    /// Of [`Stage::DeletedAccounts`]: their ids.
    DeletedAccounts(Vec<[u8; 16]>),
    /// Of [`Stage::Events`].
    Events(Vec<EventRows>),
}

/// An account with what goes when it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRows {
    /// The account.
    pub account: AccountRow,
    /// Its keys, those that have ended too.
    pub signing_keys: Vec<SigningKeyRow>,
    /// Its automations.
    pub automations: Vec<AutomationRow>,
}

/// An event with everything that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRows {
    /// The number that orders the events of one moment.
    pub seq: i64,
    /// The event.
    pub event: EventRow,
    /// What it was accepted with.
    pub idempotency_key: Option<String>,
    /// Its deliveries, in order.
    pub deliveries: Vec<DeliveryRows>,
}

/// A delivery of an event with its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRows {
    /// The delivery. One that was owned waits: whoever had it is gone.
    pub delivery: DeliveryRow,
    /// The attempts on record, in order.
    pub attempts: Vec<AttemptRow>,
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
