//! The health of an action: whether its deliveries fail for good, and since when.
//!
//! A delivery that fails for good makes its action *failing*; a delivery that succeeds makes it healthy
//! again. Tests of an automation say nothing about health.
//!
//! Operational events announce changes of health. An action whose deliveries alternately fail and succeed
//! would announce a change with each, so a failure is announced at most once in [`ANNOUNCED_EVERY`]; the
//! recovery from an announced failure is always announced.

use std::time::Duration;

use crate::automation::{Action, DisabledReason};
use crate::time::Timestamp;

/// Least time between two announcements that an action is failing.
pub const ANNOUNCED_EVERY: Duration = Duration::from_secs(10 * 60);

/// What is stored about the health of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActionHealth {
    /// When the first delivery failed for good, if none has succeeded since.
    pub failing_since: Option<Timestamp>,
    /// Whether the last announcement said that the action is failing, or that Postrider switched it off.
    /// Stays when an edit begins the health anew, so that the next success is announced.
    pub is_announced: bool,
    /// When the last announcement said so.
    pub announced_at: Option<Timestamp>,
    /// When Postrider switched the action off.
    pub disabled_at: Option<Timestamp>,
}

/// The health of an action, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is on, and not failing.
    Healthy,
    /// A delivery failed for good, and none has succeeded since.
    Failing {
        /// When it failed.
        since: Timestamp,
    },
    /// It is off.
    Disabled {
        /// Why Postrider switched it off; `None` if a person did.
        reason: Option<DisabledReason>,
    },
}

impl Health {
    /// The health of an action, of which this is stored.
    pub fn of(action: &Action, stored: ActionHealth) -> Self {
        match stored.failing_since {
            _ if !action.enabled => Self::Disabled {
                reason: action.disabled_reason,
            },
            Some(since) => Self::Failing { since },
            None => Self::Healthy,
        }
    }
}

/// How a delivery of the action was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It succeeded.
    Succeeded,
    /// It failed for good.
    Failed,
}

/// What a settled delivery changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The health after it.
    pub health: ActionHealth,
    /// Whether an operational event announces the change.
    pub is_announced: bool,
}

impl ActionHealth {
    /// The health after a delivery that was settled at `at`. A change is announced only if it
    /// `can_be_announced`: a notice that fails never announces itself. Of an action that Postrider switched
    /// off, late results change nothing.
    pub fn after(self, settled: Settled, at: Timestamp, can_be_announced: bool) -> Judged {
        match settled {
            _ if self.disabled_at.is_some() => Judged {
                health: self,
                is_announced: false,
            },
            Settled::Succeeded => Judged {
                health: Self {
                    failing_since: None,
                    // Without an event at hand, the next success announces it.
                    is_announced: self.is_announced && !can_be_announced,
                    ..self
                },
                is_announced: self.is_announced && can_be_announced,
            },
            Settled::Failed => {
                // Of a failure that began after the last announcement, nobody has heard.
                let is_untold = |since| self.announced_at.is_none_or(|told| told < since);
                let is_news = !self.is_announced || self.failing_since.is_none_or(is_untold);
                let announces = can_be_announced && is_news && self.may_announce(at);
                Judged {
                    health: Self {
                        failing_since: Some(self.failing_since.unwrap_or(at)),
                        is_announced: self.is_announced || announces,
                        announced_at: if announces { Some(at) } else { self.announced_at },
                        disabled_at: self.disabled_at,
                    },
                    is_announced: announces,
                }
            }
        }
    }

    /// The health after Postrider switched the action off at `at`; `is_announced` says whether an operational
    /// event announces this.
    pub fn after_disabling(self, at: Timestamp, is_announced: bool) -> Self {
        Self {
            failing_since: None,
            is_announced: self.is_announced || is_announced,
            announced_at: self.announced_at,
            disabled_at: Some(at),
        }
    }

    /// The health after a person switched the action on or sent it elsewhere. What was announced still is.
    #[must_use]
    pub fn begun_anew(self) -> Self {
        Self {
            failing_since: None,
            disabled_at: None,
            ..self
        }
    }

    /// Whether a delivery that succeeds changes something.
    pub fn changes_by_success(self) -> bool {
        self.failing_since.is_some() || self.is_announced
    }

    /// Why to switch off an action whose delivery failed for good at `at`: none has succeeded for `limit`.
    pub fn disables(self, at: Timestamp, limit: Duration) -> Option<DisabledReason> {
        let since = self.failing_since?;
        (at >= since.after(limit)).then_some(DisabledReason::Failing)
    }

    /// A clock that was set back does not silence an action for long.
    fn may_announce(self, at: Timestamp) -> bool {
        self.announced_at
            .is_none_or(|last| at >= last.after(ANNOUNCED_EVERY) || at.after(ANNOUNCED_EVERY) < last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1_000)
    }

    #[test]
    fn an_action_fails_from_its_first_failure_to_its_next_success() {
        let first = ActionHealth::default().after(Settled::Failed, s(10), true);
        assert!(first.is_announced);
        let second = first.health.after(Settled::Failed, s(20), true);
        assert_eq!(second.health.failing_since, Some(s(10)));
        assert!(!second.is_announced);
        let recovered = second.health.after(Settled::Succeeded, s(30), true);
        assert_eq!(recovered.health.failing_since, None);
        assert!(recovered.is_announced);
        assert!(
            !recovered
                .health
                .after(Settled::Succeeded, s(31), true)
                .is_announced
        );
    }

    #[test]
    fn an_action_that_fails_now_and_then_announces_it_every_ten_minutes() {
        let mut health = ActionHealth::default();
        let mut announced = [0, 0];
        for second in 0..3_600 {
            let settled = [Settled::Failed, Settled::Succeeded][usize::from(second % 2 == 1)];
            let judged = health.after(settled, s(second), true);
            announced[usize::from(settled == Settled::Succeeded)] += u32::from(judged.is_announced);
            health = judged.health;
            assert_eq!(health.failing_since.is_some(), settled == Settled::Failed);
        }
        assert_eq!(announced, [6, 6]);
    }

    #[test]
    fn a_failure_that_could_not_be_announced_is_announced_later() {
        let health = ActionHealth::default().after(Settled::Failed, s(0), true).health;
        let health = health.after(Settled::Succeeded, s(1), true).health;
        let silent = health.after(Settled::Failed, s(2), true);
        assert!(!silent.is_announced);
        assert!(silent.health.after(Settled::Failed, s(600), true).is_announced);
    }

    #[test]
    fn a_recovery_without_an_event_at_hand_is_announced_by_the_next_success() {
        let failing = ActionHealth::default().after(Settled::Failed, s(0), true).health;
        let silent = failing.after(Settled::Succeeded, s(1), false);
        assert_eq!((silent.health.failing_since, silent.is_announced), (None, false));
        assert!(silent.health.after(Settled::Succeeded, s(2), true).is_announced);
    }

    #[test]
    fn what_cannot_be_announced_does_not_count_as_announced() {
        let silent = ActionHealth::default().after(Settled::Failed, s(0), false);
        assert_eq!(
            (silent.health.failing_since, silent.is_announced),
            (Some(s(0)), false)
        );
        assert!(silent.health.after(Settled::Failed, s(1), true).is_announced);
        assert!(!silent.health.after(Settled::Succeeded, s(1), true).is_announced);
    }

    #[test]
    fn a_success_is_announced_after_an_edit_that_began_the_health_anew() {
        let failing = ActionHealth::default().after(Settled::Failed, s(0), true).health;
        for before in [failing, ActionHealth::default().after_disabling(s(1), true)] {
            let anew = before.begun_anew();
            assert_eq!((anew.failing_since, anew.disabled_at), (None, None));
            let success = anew.after(Settled::Succeeded, s(2), true);
            assert!(anew.changes_by_success() && success.is_announced);
            assert!(!success.health.changes_by_success());
        }
        let soon = failing.begun_anew().after(Settled::Failed, s(599), true);
        assert!(!soon.is_announced && soon.health.is_announced);
        let later = soon.health.after(Settled::Failed, s(1_199), true);
        assert!(
            later.is_announced,
            "what could not be announced is announced later"
        );
        assert!(!later.health.after(Settled::Failed, s(2_000), true).is_announced);
        assert!(
            failing
                .begun_anew()
                .after(Settled::Failed, s(600), true)
                .is_announced
        );
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_silence_an_action() {
        let health = ActionHealth::default()
            .after(Settled::Failed, s(100_000), true)
            .health;
        let health = health.after(Settled::Succeeded, s(100_001), true).health;
        assert!(health.after(Settled::Failed, s(0), true).is_announced);
    }

    #[test]
    fn an_action_is_switched_off_once_it_has_failed_for_the_limit() {
        let limit = Duration::from_secs(100);
        let health = ActionHealth::default().after(Settled::Failed, s(10), true).health;
        assert_eq!(health.disables(s(109), limit), None);
        assert_eq!(health.disables(s(110), limit), Some(DisabledReason::Failing));
        let off = health.after_disabling(s(110), true);
        assert_eq!(off.failing_since, None);
        for settled in [Settled::Failed, Settled::Succeeded] {
            let late = off.after(settled, s(111), true);
            assert_eq!((late.health, late.is_announced), (off, false));
        }
        assert_eq!(ActionHealth::default().disables(s(9_999), limit), None);
    }
}
