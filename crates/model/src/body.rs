//! How a webhook's body is built from its event.

use serde::{Deserialize, Serialize};

/// What the body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyContent {
    /// `{"id","type","timestamp","data"}`, in that order.
    #[default]
    Envelope,
    /// The event's `data` alone.
    Data,
}

/// The serialisation of which the bytes are a fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyStyle {
    /// `JSON.stringify(JSON.parse(body))` of ECMAScript.
    #[default]
    Js,
    /// `json.dumps(json.loads(body))` of Python.
    Python,
    /// The producer's own bytes.
    Raw,
}
