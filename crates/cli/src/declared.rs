//! Configuration that a file declares: `postrider apply` and `postrider export`.
//!
//! * [`read`] turns YAML into a [`tree`] with places, [`write`] a tree into YAML. [`faults`]: what is wrong
//!   with a file, with lines.
//! * [`fields`]: the fields of each [`kind`] of object, as tables. [`file`] reads a whole file by them;
//!   [`settle`] checks and completes one object; [`secrets`] are texts that stand elsewhere.
//! * [`server`] makes calls. [`state`]: what a server has. [`compare`] finds what differs; [`actions`] knows
//!   which action is which. [`operational`]: what is no configuration.
//! * [`plan`]: the changes, which [`show`] prints and [`carry_out`] makes.
//! * [`export`]: the tree that declares what a server has.
//!
//! To add a field of an object: a line of its table in [`fields`].

pub mod actions;
pub mod carry_out;
pub mod compare;
pub mod export;
pub mod faults;
pub mod fields;
pub mod file;
pub mod kind;
pub mod operational;
pub mod plan;
pub mod read;
pub mod secrets;
pub mod server;
pub mod settle;
pub mod show;
pub mod state;
pub mod tree;
pub mod write;
