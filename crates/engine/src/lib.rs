//! Delivery: accepts events, carries out their deliveries, and records every attempt.
//!
//! ```text
//! accept ──► store.advance ──► lanes ──► attempt ──► store.advance ──► done
//!            event+deliveries  one per   guard,      attempt row, new   or waits in the store
//!            one group commit  action    sign, send  state, same commit until next_attempt_at
//! ```
//!
//! The engine always follows the current [`postrider_configuration::Configuration`] and reports its work to
//! an [`observe::Observer`]. It depends on traits only ([`postrider_storage::Store`], [`carry::Carrier`],
//! [`observe::Observer`], [`postrider_model::Clock`]), so that tests can run it on virtual time with seeded
//! faults.
//!
//! The engine must not know the API's HTTP, SQL, the command line or the caller. It must not hand its store
//! to other crates, count or show its own work, or hold a lock across an await. It changes configuration in
//! one case only: it switches off an action whose receiver responded 410 Gone.
//!
//! * [`accept`]: checks an event, finds its automations, stores it with its deliveries, and hands those to
//!   the lanes.
//! * [`lanes`]: the deliveries in memory, in one lane per action. All lanes share one bound ([`window`]), and
//!   each has a pace that its receiver can keep up with ([`pace`]).
//! * [`attempt`]: one turn of a delivery, with the current configuration.
//! * [`carry`]: one carrier for each type of action, which sends the request.
//! * [`listen`]: hands the requests of an action to a client that listens, for development.
//! * [`work`]: the tasks that attempt, record, refill lanes from the store, keep the session and prune.
//! * [`resend`], [`replay`], [`cancel`]: what callers ask of existing deliveries. `missed`: events for
//!   actions that have no delivery of them. `cancel_event`: canceling an event before its first attempt.
//! * `announce`: in which accounts an operational event happens. `report`: which events a result announces.
//! * `consequences`: what the engine does once results are recorded. `jobs`: background jobs that start and
//!   end while the engine runs.
//! * [`observe`]: how the engine reports its work to code that counts or shows it.
//!
//! To add an option of an action, see [`postrider_model`]. To add a type of action, see [`carry`]. To add a
//! background task, add a file to `work/` and start it in [`engine`]. To report more of what happens, add a
//! method to [`observe::Observer`] and call it once per step.

#![forbid(unsafe_code)]

pub mod accept;
mod announce;
pub mod attempt;
mod bulk;
pub mod cancel;
mod cancel_event;
pub mod carry;
pub mod clock;
mod consequences;
pub mod engine;
mod jobs;
pub mod lanes;
pub mod listen;
pub mod load;
pub mod log;
mod meters;
mod missed;
pub mod observe;
pub mod pace;
mod preview;
pub mod replay;
mod report;
pub mod resend;
pub mod settings;
mod supervision;
mod templates;
pub mod window;
pub mod work;

pub use accept::{AcceptError, Accepted, OPERATIONAL_TYPE, Rejection, Submission, TESTS_PER_MINUTE};
pub use bulk::{BulkProgress, DeliveryCount};
pub use cancel::{CancelError, CancelRunning};
pub use cancel_event::CancelEventOutcome;
pub use carry::body::{Body, body_of, email_of};
pub use carry::{Carriers, EmailCarrier, EmailNotSetUp, EmailParts, TellsTrace, WebhookCarrier};
pub use clock::SystemClock;
pub use engine::{Engine, EngineParts};
pub use missed::{MissedEvents, SendMissedError};
pub use preview::{Preview, email_preview, preview};
pub use replay::{ReplayError, ReplayRunning};
pub use resend::ResendOutcome;
pub use settings::{EngineSettings, UnseenTypes};
