//! What a storm does, decided by its seed before it begins, so that a failing storm can be repeated with
//! fewer steps.

use std::time::Duration;

use postrider_storage_sqlite::DiskFault;

use crate::receivers::Kind;
use crate::rng::Rng;

/// A whole storm.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// Nodes on one store; a single one has a store that nobody shares, on a disk that can fail.
    pub nodes: usize,
    pub window_deliveries: usize,
    pub in_flight_max: usize,
    /// Receivers of each account. The first account is the bystander: its only receiver is always well.
    pub accounts: Vec<usize>,
    /// Whether clocks may step. Spacing is not checked then, because due times are wall-clock times.
    pub has_steps: bool,
    pub steps: Vec<Step>,
}

/// One thing that happens, and the pause after it.
#[derive(Debug, Clone)]
pub struct Step {
    pub does: Does,
    pub pause: Duration,
}

/// What happens. Indexes count from 0 and wrap around what exists.
#[derive(Debug, Clone)]
pub enum Does {
    Accept {
        account: usize,
        node: usize,
        events: usize,
    },
    Become {
        account: usize,
        receiver: usize,
        kind: Kind,
    },
    Switch {
        account: usize,
        receiver: usize,
        node: usize,
        on: bool,
    },
    Delete {
        account: usize,
        node: usize,
    },
    Resend {
        account: usize,
        node: usize,
        pick: usize,
    },
    Replay {
        account: usize,
        node: usize,
        failed_only: bool,
    },
    Outage {
        node: usize,
        outage: Outage,
    },
    /// The node dies at a later call of its store, before the call takes effect or after. A store that nobody
    /// shares loses its power with it or, for `after`, at a later operation of its disk.
    Crash {
        node: usize,
        calls_later: u64,
        after: bool,
        down: Duration,
    },
    /// The node stops in an orderly way, and starts again.
    Stop {
        node: usize,
        down: Duration,
    },
    StepClock {
        node: usize,
        by_ms: i64,
    },
    Wait,
}

/// How the way to the store fails.
#[derive(Debug, Clone)]
pub struct Outage {
    pub lasts: Duration,
    pub how: How,
    /// How many of the calls.
    pub percent: u64,
    /// Only calls of these verbs; all if empty.
    pub only: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Calls fail at once, without effect.
    Refused,
    /// Calls take effect, and their responses get lost.
    ResponseLost,
    /// Calls hang until the outage ends or 10 s have passed, and fail.
    Hang,
    /// Calls take effect late.
    Late,
    /// The disk of the store itself fails, if it is not shared.
    Disk(DiskFault),
}

impl Plan {
    /// The storm of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 1);
        let nodes = rng.of(&[1, 1, 1, 2, 2, 3]);
        let accounts: Vec<usize> = (0..=1 + rng.index(3))
            .map(|account| if account == 0 { 1 } else { 1 + rng.index(3) })
            .collect();
        let has_steps = rng.percent(30);
        let mut plan = Self {
            seed,
            nodes,
            window_deliveries: rng.of(&[20, 64, 300, 20_000]),
            in_flight_max: rng.of(&[4, 16, 64, 2_048]),
            accounts,
            has_steps,
            steps: Vec::new(),
        };
        let steps = 20 + rng.index(120);
        plan.steps = (0..steps).map(|_| plan.step(&mut rng)).collect();
        plan
    }

    fn step(&self, rng: &mut Rng) -> Step {
        let (account, node) = (1 + rng.index(self.accounts.len() - 1), rng.index(self.nodes));
        let receiver = rng.index(self.accounts[account]);
        let does = match rng.below(100) {
            0..50 => Does::Accept {
                account,
                node,
                events: match rng.below(10) {
                    0 => 1 + rng.index(200),
                    _ => 1 + rng.index(3),
                },
            },
            50..68 => Does::Become {
                account,
                receiver,
                kind: Kind::random(rng),
            },
            68..74 => Does::Switch {
                account,
                receiver,
                node,
                on: rng.percent(70),
            },
            74..75 => Does::Delete { account, node },
            75..80 => Does::Resend {
                account,
                node,
                pick: rng.index(50),
            },
            80..82 => Does::Replay {
                account,
                node,
                failed_only: rng.percent(50),
            },
            _ => self.trouble(node, rng),
        };
        let pause_ms = match rng.below(4) {
            0 => 0,
            1 => rng.below(5),
            2 => rng.below(500),
            _ => rng.below(if matches!(does, Does::Wait) { 40_000 } else { 8_000 }),
        };
        Step {
            does,
            pause: Duration::from_millis(pause_ms),
        }
    }

    fn trouble(&self, node: usize, rng: &mut Rng) -> Does {
        match rng.below(18) {
            0..7 => Does::Outage {
                node,
                outage: Outage::random(rng),
            },
            7..11 => Does::Crash {
                node,
                calls_later: rng.below(60),
                after: rng.percent(50),
                down: Duration::from_secs(rng.of(&[0, 0, 2, 40])),
            },
            11..13 => Does::Stop {
                node,
                down: Duration::from_secs(rng.of(&[0, 3, 40])),
            },
            13..15 if self.has_steps => Does::StepClock {
                node,
                by_ms: rng.of(&[3_600_000, -3_600_000, 40_000, -40_000, 5_000]),
            },
            _ => Does::Wait,
        }
    }

    /// The same storm with these steps only.
    pub fn with_steps(&self, kept: &[usize]) -> Self {
        let steps = kept.iter().filter_map(|index| self.steps.get(*index).cloned());
        Self {
            steps: steps.collect(),
            ..self.clone()
        }
    }
}

impl Outage {
    fn random(rng: &mut Rng) -> Self {
        const ALL: &[&str] = &[];
        let faults = [
            DiskFault::Full,
            DiskFault::WriteError,
            DiskFault::ReadError,
            DiskFault::SyncError,
        ];
        let disk = How::Disk(rng.of(&faults));
        Self {
            lasts: Duration::from_secs(rng.of(&[1, 3, 10, 35, 50, 70])),
            how: rng.of(&[How::Refused, How::ResponseLost, How::Hang, How::Late, disk, disk]),
            percent: rng.of(&[100, 100, 50, 10]),
            only: rng.of(&[
                ALL,
                ALL,
                &["append", "record"],
                &["record"],
                &["renew_session", "open_session", "reclaim"],
                &["claim", "waiting_lanes"],
                &["changes", "account_config"],
            ]),
        }
    }
}
