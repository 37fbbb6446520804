//! Statuses: an icon, a word and a colour, each readable without the other two.

use askama::Template;
use postrider_model::health::Health;
use postrider_model::{Automation, Delivery, DeliveryStatus, Outcome};

use super::icon::Icon;
use super::markup;

/// A status.
#[derive(Debug, Clone, Copy, Template)]
#[template(
    ext = "html",
    source = r#"<span class="badge {{ tone.class() }}">{{ icon }}{{ word }}</span>"#
)]
pub struct Badge {
    tone: Tone,
    icon: Icon,
    word: &'static str,
}

/// The meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Something failed.
    Bad,
    /// Something is under way, or needs a look.
    Busy,
    /// None of these.
    Quiet,
}

impl Tone {
    /// The class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Quiet => "quiet",
        }
    }
}

impl Badge {
    /// A badge of these parts.
    pub const fn new(tone: Tone, icon: Icon, word: &'static str) -> Self {
        Self { tone, icon, word }
    }

    /// The health of an action.
    pub fn of_health(health: Health) -> Self {
        match health {
            Health::Failing { .. } => Self::new(Tone::Bad, Icon::Cross, "Failing"),
            Health::Healthy => Self::of_switch(true),
            Health::Disabled { .. } => Self::of_switch(false),
        }
    }

    /// The status of a delivery. The icon of a pending one tells a first attempt, a retry and a resend apart.
    pub fn of_delivery(delivery: &Delivery) -> Self {
        match delivery.progress.status {
            DeliveryStatus::Succeeded => Self::new(Tone::Good, Icon::Check, "Succeeded"),
            DeliveryStatus::Failed => Self::new(Tone::Bad, Icon::Cross, "Failed"),
            DeliveryStatus::Canceled => Self::new(Tone::Quiet, Icon::Stop, "Canceled"),
            DeliveryStatus::Pending if delivery.progress.resend_of.is_some() => {
                Self::new(Tone::Busy, Icon::Again, "Pending")
            }
            DeliveryStatus::Pending if delivery.progress.attempts > 0 => {
                Self::new(Tone::Busy, Icon::Clock, "Pending")
            }
            DeliveryStatus::Pending => Self::new(Tone::Busy, Icon::Send, "Pending"),
        }
    }

    /// The outcome of an attempt.
    pub fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::new(Tone::Good, Icon::Check, "Succeeded"),
            Outcome::BadStatus => Self::new(Tone::Bad, Icon::Cross, "Bad status"),
            Outcome::Timeout => Self::new(Tone::Bad, Icon::Clock, "Timeout"),
            Outcome::DnsError => Self::new(Tone::Bad, Icon::Cross, "DNS error"),
            Outcome::ConnectError => Self::new(Tone::Bad, Icon::Cross, "Connection failed"),
            Outcome::TlsError => Self::new(Tone::Bad, Icon::Cross, "TLS error"),
            Outcome::ProtocolError => Self::new(Tone::Bad, Icon::Cross, "Protocol error"),
            Outcome::Blocked => Self::new(Tone::Bad, Icon::Stop, "Blocked"),
            Outcome::NotRendered => Self::new(Tone::Bad, Icon::Stop, "Template failed"),
        }
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// Whether an automation does anything.
    pub fn of_automation(automation: &Automation) -> Self {
        match automation.actions.iter().any(|action| action.enabled) {
            false if automation.enabled => Self::new(Tone::Bad, Icon::Stop, "All actions off"),
            _ => Self::of_switch(automation.enabled),
        }
    }

    /// Whether something is switched on, as a badge.
    pub fn of_switch(is_on: bool) -> Self {
        if is_on {
            Self::new(Tone::Good, Icon::Check, "On")
        } else {
            Self::new(Tone::Quiet, Icon::Stop, "Off")
        }
    }
}

markup!(Badge);

/// The name of a status in filters.
pub fn name(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "Pending",
        DeliveryStatus::Succeeded => "Succeeded",
        DeliveryStatus::Failed => "Failed",
        DeliveryStatus::Canceled => "Canceled",
    }
}
