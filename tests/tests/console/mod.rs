//! The console in a real browser.
//!
//! * [`desk`]: the start of a journey. The journeys: [`sign_in`], [`automations`], [`deliveries`], [`keys`],
//!   [`customer`], [`frames`], [`live`], [`people`], [`lying_provider`],
//!   [`embedded`], [`docs`], [`only_if`], [`story`],
//!   [`times`].
//! * [`every_page`]: no page has an accessibility fault.
//! * [`harness`]: the browser works as the other tests assume, shown on the static pages of [`pages`].

mod automations;
mod customer;
mod deliveries;
mod desk;
mod docs;
mod embedded;
mod every_page;
mod frames;
mod harness;
mod keys;
mod live;
mod lying_provider;
mod only_if;
mod other_origins;
mod pages;
mod people;
mod sign_in;
mod story;
mod times;
