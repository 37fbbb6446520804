//! Tests that only `./test --deep` runs.

mod in_days;
