//! Statuses: an icon, a word and a colour, so that none of them is needed to read the others.

use askama::Template;
use postrider_model::{Delivery, DeliveryStatus, Outcome};

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

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Something failed.
    Bad,
    /// Something is under way, or needs a look.
    Busy,
    /// Neither.
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
    /// Any.
    pub const fn new(tone: Tone, icon: Icon, word: &'static str) -> Self {
        Self { tone, icon, word }
    }

    /// Where a delivery stands: a pending one that has failed already is not the same to a reader as a fresh one.
    pub fn of_delivery(delivery: &Delivery) -> Self {
        match delivery.progress.status {
            DeliveryStatus::Succeeded => Self::new(Tone::Good, Icon::Check, "Delivered"),
            DeliveryStatus::Failed => Self::new(Tone::Bad, Icon::Cross, "Failed"),
            DeliveryStatus::Canceled => Self::new(Tone::Quiet, Icon::Stop, "Called off"),
            DeliveryStatus::Pending if delivery.progress.resend_of.is_some() => {
                Self::new(Tone::Busy, Icon::Again, "Sending again")
            }
            DeliveryStatus::Pending if delivery.progress.attempts > 0 => {
                Self::new(Tone::Busy, Icon::Clock, "Will try again")
            }
            DeliveryStatus::Pending => Self::new(Tone::Busy, Icon::Send, "Sending"),
        }
    }

    /// How an attempt ended.
    pub fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::new(Tone::Good, Icon::Check, "Received"),
            Outcome::BadStatus => Self::new(Tone::Bad, Icon::Cross, "Refused"),
            Outcome::Timeout => Self::new(Tone::Bad, Icon::Clock, "No answer in time"),
            Outcome::DnsError => Self::new(Tone::Bad, Icon::Cross, "Host not found"),
            Outcome::ConnectError => Self::new(Tone::Bad, Icon::Cross, "No connection"),
            Outcome::TlsError => Self::new(Tone::Bad, Icon::Cross, "No secure connection"),
            Outcome::ProtocolError => Self::new(Tone::Bad, Icon::Cross, "Broken answer"),
            Outcome::Blocked => Self::new(Tone::Bad, Icon::Stop, "Not allowed"),
        }
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// Whether something is switched on.
    pub fn of_switch(is_on: bool) -> Self {
        if is_on {
            Self::new(Tone::Good, Icon::Check, "On")
        } else {
            Self::new(Tone::Quiet, Icon::Stop, "Off")
        }
    }
}

markup!(Badge);

/// The name of a status as filters say it.
pub fn name(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "Under way",
        DeliveryStatus::Succeeded => "Delivered",
        DeliveryStatus::Failed => "Failed",
        DeliveryStatus::Canceled => "Called off",
    }
}
