//! Receivers in four languages verify real deliveries: over the raw body, over the body parsed and serialised
//! again, and with the Standard Webhooks libraries.

mod cases;
mod cloud_events;
mod languages;
mod rotation;
mod rust_crate;
mod vectors;
