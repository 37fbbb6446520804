//! The tasks that run for as long as the engine does.
//!
//! [`advance`], [`backlog_alarm`], [`follow`], [`limits`], [`prune`], [`prune_audit`], [`prune_templates`],
//! [`refill`], [`session`] and [`starts`] are tasks with one loop each; [`queue`] holds the events that wait
//! for a step of [`advance`]; [`append`] and [`record`] are the two halves of a step; [`in_steps`] is the
//! loop of the two tasks that remove what is old; [`attempts`] runs a task for each request under way;
//! [`due_times`] is a job after a start. All share the [`crate::Engine`] and stop with it: see
//! [`Engine::stop`] for the order.
//!
//! [`Engine::stop`]: crate::Engine::stop

pub mod advance;
pub mod append;
pub mod attempts;
pub mod backlog_alarm;
pub mod due_times;
pub mod follow;
mod in_steps;
pub mod limits;
pub mod prune;
pub mod prune_audit;
pub mod prune_templates;
pub mod queue;
pub mod record;
pub mod refill;
pub mod session;
pub mod starts;
