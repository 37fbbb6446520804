//! The kinds of objects in a file.

/// A kind of object. In the order in which they are created: an automation names connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An event type, by its name.
    EventType,
    /// An account, by its uid.
    Account,
    /// A connection, by its name.
    Connection,
    /// An automation, by its uid.
    Automation,
}

impl Kind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventType => "event type",
            Self::Account => "account",
            Self::Connection => "connection",
            Self::Automation => "automation",
        }
    }

    /// Its name in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            other => other.name(),
        }
    }

    /// Its name with an article.
    pub const fn what(self) -> &'static str {
        match self {
            Self::EventType => "an event type",
            Self::Account => "an account",
            Self::Connection => "a connection",
            Self::Automation => "an automation",
        }
    }

    /// A map of such objects, in words.
    pub const fn map(self) -> &'static str {
        match self {
            Self::EventType => "event types by name",
            Self::Account => "accounts by uid",
            Self::Connection => "connections by name",
            Self::Automation => "automations by uid",
        }
    }

    /// The segment of its list in the API's paths.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::EventType => "event-types",
            Self::Account => "accounts",
            Self::Connection => "connections",
            Self::Automation => "automations",
        }
    }

    /// The member that a file uses as its key.
    pub const fn key(self) -> &'static str {
        match self {
            Self::EventType | Self::Connection => "name",
            Self::Account | Self::Automation => "uid",
        }
    }
}
