//! Copying of rows from one store to another, in their stored form.
//!
//! The copy decodes nothing. Values that no statement looks into have the same form in every store
//! ([`crate::encoding`]); ids are 16 bytes, times are milliseconds since 1970, enums are the numbers that the
//! model's `code()` returns. The copy leaves out what belongs to one process only: sessions and ownership. It
//! also leaves out [`crate::statistics`] and [`crate::requests`], because they are not records, and the
//! grants for the console: people sign in again.
//!
//! A copy goes through the [`Stage`]s in order, in batches; a [`Place`] says how far it has come.

use std::collections::BTreeSet;

use crate::rows::{
    AccountRow, ActionHealthRow, ApiKeyRow, AttemptRow, AuditRow, AutomationRow, ConnectionRow, DeliveryRow,
    EventRow, EventTypeRow, SigningKeyRow, TemplateRow,
};

/// A kind of rows to copy. Rows of later stages refer to rows of earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The catalogue, including deleted entries, because a list's cursor may point at one of them.
    EventTypes,
    /// Accounts, each with its signing keys, connections, automations and the health of their actions.
    Accounts,
    /// API keys.
    ApiKeys,
    /// Deleted accounts that still have rows.
    DeletedAccounts,
    /// The audit trail.
    Audit,
    /// Pinned templates, with their numbers, to which deliveries refer.
    Templates,
    /// Events, each with its deliveries and their attempts.
    Events,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 7] = [
        Self::EventTypes,
        Self::Accounts,
        Self::ApiKeys,
        Self::DeletedAccounts,
        Self::Audit,
        Self::Templates,
        Self::Events,
    ];

    /// The number stored for this stage: its index in [`Self::ALL`].
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The stage with this number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }

    /// The next stage.
    pub fn next(self) -> Option<Self> {
        Self::from_code(self.code() + 1)
    }
}

/// How far a copy has come: up to and including this row number of the source, in this stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The stage.
    pub stage: Stage,
    /// The number of the last row; [`i64::MIN`] before the first.
    pub after: i64,
}

impl Place {
    /// Before the first row of the first stage.
    pub const START: Self = Self::before(Stage::EventTypes);

    /// Before the first row of a stage.
    pub const fn before(stage: Stage) -> Self {
        Self {
            stage,
            after: i64::MIN,
        }
    }
}

/// Rows to write in one transaction, together with the place after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The rows, in order.
    pub rows: Rows,
    /// The place after these rows.
    pub through: Place,
}

impl Batch {
    /// How many events the batch contains.
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
    /// Of [`Stage::Audit`].
    Audit(Vec<AuditRow>),
    /// Of [`Stage::Templates`].
    Templates(Vec<TemplateRow>),
    /// Of [`Stage::Events`].
    Events(Vec<EventRows>),
}

/// An account with the rows that are deleted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRows {
    /// The account.
    pub account: AccountRow,
    /// Its signing keys, including expired ones.
    pub signing_keys: Vec<SigningKeyRow>,
    /// Its automations.
    pub automations: Vec<AutomationRow>,
    /// The health of their actions.
    pub action_health: Vec<ActionHealthRow>,
    /// Its connections.
    pub connections: Vec<ConnectionRow>,
}

/// An event with its deliveries and attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRows {
    /// The number that orders events with the same time.
    pub seq: i64,
    /// The event.
    pub event: EventRow,
    /// The idempotency key that it was accepted with.
    pub idempotency_key: Option<String>,
    /// Its deliveries, in order.
    pub deliveries: Vec<DeliveryRows>,
}

/// A delivery of an event with its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRows {
    /// The delivery. An owned delivery becomes waiting, because the owning session no longer exists.
    pub delivery: DeliveryRow,
    /// Its attempts, in order.
    pub attempts: Vec<AttemptRow>,
}

/// Facts about a source, read before the copy begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// Identifies the source and its state.
    pub fingerprint: String,
    /// How many events there are.
    pub events: u64,
    /// The greatest number of an event.
    pub last_seq: i64,
    /// The greatest number of an event type.
    pub last_event_type: i64,
    /// The greatest number of a template.
    pub last_template: i64,
    /// The days (UTC, counted from 1970-01-01) on which events were accepted or ids of deliveries were
    /// created.
    pub days: BTreeSet<i64>,
}

/// The number of rows of each kind in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accounts.
    pub accounts: u64,
    /// Signing keys.
    pub signing_keys: u64,
    /// Automations.
    pub automations: u64,
    /// Event types, including deleted ones.
    pub event_types: u64,
    /// Entries of the audit trail.
    pub audit: u64,
    /// Templates.
    pub templates: u64,
    /// Events.
    pub events: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Attempts.
    pub attempts: u64,
    /// Connections.
    pub connections: u64,
}

impl Counts {
    /// The counted tables, in the order of [`Self::from_array`].
    pub const TABLES: [&'static str; 10] = [
        "accounts",
        "signing_keys",
        "automations",
        "event_types",
        "audit",
        "templates",
        "events",
        "deliveries",
        "attempts",
        "connections",
    ];

    /// Builds the counts from numbers in the order of [`Self::TABLES`].
    pub const fn from_array(counts: [u64; 10]) -> Self {
        let [
            accounts,
            signing_keys,
            automations,
            event_types,
            audit,
            templates,
            events,
            deliveries,
            attempts,
            connections,
        ] = counts;
        Self {
            accounts,
            signing_keys,
            automations,
            event_types,
            audit,
            templates,
            events,
            deliveries,
            attempts,
            connections,
        }
    }

    /// The counts in the order of [`Self::TABLES`].
    pub const fn to_array(self) -> [u64; 10] {
        [
            self.accounts,
            self.signing_keys,
            self.automations,
            self.event_types,
            self.audit,
            self.templates,
            self.events,
            self.deliveries,
            self.attempts,
            self.connections,
        ]
    }
}
