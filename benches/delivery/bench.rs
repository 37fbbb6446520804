//! The input of every scenario.

use crate::args::Args;
use crate::store::Store;

/// The command line, and where the measured servers keep their data.
pub struct Bench {
    pub args: Args,
    pub store: Store,
}
