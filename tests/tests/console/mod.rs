//! The console in a real browser.
//!
//! * [`desk`]: what a journey begins with. The journeys: [`sign_in`], [`automations`], [`deliveries`],
//!   [`keys`], [`customer`], [`frames`], [`live`].
//! * [`every_page`]: no page has a fault of accessibility.
//! * [`harness`]: the browser does what the other tests take for granted, shown on the static pages of
//!   [`pages`].

mod automations;
mod customer;
mod deliveries;
mod desk;
mod every_page;
mod frames;
mod harness;
mod keys;
mod live;
mod pages;
mod sign_in;
