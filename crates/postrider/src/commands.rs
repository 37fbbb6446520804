//! The commands of the server's side, one per file: [`serve`], [`dev`], [`migrate`], [`backup`], [`copy`];
//! and those that describe the command line itself: [`completions`], [`man`].
//!
//! `migrate`, `backup` and `copy` find the server's store with [`data_dir`]. The client and offline commands
//! are in the crate `cli`.
//!
//! To add a command: add a file here with its `Args` and `run`, a variant and its group in
//! [`crate::command_line`]; then `UPDATE_GENERATED=1 cargo test -p postrider` adds it to the reference.

pub mod backup;
pub mod completions;
pub mod copy;
pub mod data_dir;
pub mod dev;
pub mod man;
pub mod migrate;
pub mod serve;
