//! The commands of the server's side, one per file: [`serve`], [`dev`], [`check`], [`health`], [`migrate`],
//! [`backup`], [`restore`], [`copy`]; and those that describe the command line itself: [`completions`],
//! [`man`].
//!
//! All but `dev` find the server's store with [`data_dir`]. The client and offline commands
//! are in the crate `cli`.
//!
//! To add a command: add a file here with its `Args` and `run`, a variant and its group in
//! [`crate::command_line`]; then `UPDATE_GENERATED=1 cargo test -p postrider` adds it to the reference.

pub mod backup;
pub mod check;
pub mod completions;
pub mod copy;
pub mod data_dir;
pub mod dev;
pub mod health;
pub mod man;
pub mod migrate;
pub mod restore;
pub mod serve;
