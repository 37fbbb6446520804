//! Body styles and signatures: everything that decides which bytes go over the wire, and how a receiver
//! checks them.
//!
//! | module | holds |
//! |---|---|
//! | [`render`] | the body: envelope or data, in the style the receiver re-serialises to |
//! | [`postrider_scheme`] | the `Postrider-Signature` scheme |
//! | [`standard_webhooks`] | the `webhook-signature` scheme of Standard Webhooks |
//! | [`header_names`] | the names of the headers under the installation's prefix |
//! | [`template`] | bodies, texts and headers that a customer writes as a template over the event |
//! | [`profile`] | signature profiles: which headers sign, how, and with which of an account's keys |
//! | [`diagnosis`] | why the signature of a request does not match |
//!
//! This crate does no I/O and has no clock: the caller passes the time as a number. It must never round a
//! number, lose data by dropping or reordering members, or panic on what a producer or a stranger sends. Its
//! work is linear in its input; a template has a budget.
//!
//! To add a profile or a digest: see [`profile`]. To add a body style: see [`render`]. To add a filter, a
//! statement or a chat system to templates: see [`template`]. To add a reason for loss: see
//! [`postrider_json`].
//!
//! # For receivers
//!
//! The crate works without the rest of Postrider. Keep the body's bytes before anything parses them, and
//! check either scheme:
//!
//! ```
//! use postrider_signing::standard_webhooks::{self, WebhookHeaders};
//! use postrider_signing::{SigningSecret, postrider_scheme};
//!
//! let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let body = br#"{"test": 2432232314}"#;
//!
//! let headers = WebhookHeaders {
//!     id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
//!     timestamp: Some("1614265330"),
//!     signature: Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
//! };
//! let now_s = 1_614_265_400; // The receiver's own clock.
//! standard_webhooks::verify(&secret, &headers, body, now_s)?;
//!
//! let signature = postrider_scheme::sign(&secret, body);
//! postrider_scheme::verify(&secret, body, Some(&signature), None)?;
//! assert!(postrider_scheme::verify(&secret, b"{}", Some(&signature), None).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod diagnosis;
pub mod header_names;
pub mod postrider_scheme;
pub mod profile;
pub mod render;
pub mod standard_webhooks;
pub mod template;

pub use header_names::{HeaderNames, is_same_header};
pub use postrider_model::FixedPoints;
pub use postrider_model::body::{BodyContent, BodyStyle};
pub use postrider_model::ed25519::{Ed25519Public, Ed25519Secret, KeyMaterial};
pub use postrider_model::secret::SigningSecret;
pub use render::{BodyParts, render_body, render_value};
