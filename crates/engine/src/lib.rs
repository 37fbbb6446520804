//! Delivery: accepts events, carries their deliveries out, and records every attempt.
//!
//! ```text
//! accept ──► store.advance ──► lanes ──► attempt ──► store.advance ──► done
//!            event+deliveries  one per   guard,      attempt row, new   or waits in the store
//!            one group commit  action    sign, send  state, same commit until next_attempt_at
//! ```
//!
//! The engine obeys [`postrider_configuration::Configuration`] as it is at each moment, and tells an
//! [`observe::Observer`] what it did. It knows traits only ([`postrider_storage::Store`], [`carry::Carrier`],
//! [`observe::Observer`], [`postrider_model::Clock`]), so that it runs on virtual time under seeded faults.
//!
//! It must never know the HTTP of the API, SQL, the command line or who calls, hand its store on to others,
//! count or show what it did, or hold a lock across an await. Of configuration it changes one thing: it
//! switches off an action whose receiver is gone.
//!
//! * [`accept`]: checks an event, finds its automations, stores it with its deliveries, hands them over.
//! * [`lanes`]: what is in memory, one lane per action, under one bound for all ([`window`]), each at the
//!   pace that its receiver can take ([`pace`]).
//! * [`attempt`]: the turn of a delivery, with the configuration as it is now.
//! * [`carry`]: a carrier for each type of action, which sends.
//! * [`work`]: the tasks that attempt, record, refill lanes from the store, keep the session and prune.
//! * `consequences`: what follows once results are on record. `jobs`: what comes and goes, and ends with the
//!   engine.
//! * [`observe`]: what the engine tells of its work, to those who count or show it.
//!
//! To add an option of an action: see [`postrider_model`]. To add a type of action: see [`carry`]. To add a
//! background job: a file in `work/`, started in [`engine`]. To report more of what happens: a method of
//! [`observe::Observer`], called once per step.

pub mod accept;
pub mod attempt;
pub mod carry;
pub mod clock;
mod consequences;
pub mod engine;
mod jobs;
pub mod lanes;
pub mod load;
mod meters;
pub mod observe;
pub mod pace;
pub mod replay;
pub mod resend;
pub mod settings;
pub mod window;
pub mod work;

pub use accept::{AcceptError, Accepted, Rejection, Submission};
pub use carry::webhook::body_of;
pub use carry::{Carriers, WebhookCarrier};
pub use clock::SystemClock;
pub use engine::{Engine, EngineParts};
pub use replay::{ReplayCount, ReplayProgress};
pub use resend::ResendOutcome;
pub use settings::{EngineSettings, UnseenTypes};
