//! The JSON form of the master key's state.

use postrider_configuration::sealing::MasterKeyStatus;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the master key. It never holds the key itself.
#[derive(Serialize, ToSchema)]
#[schema(as = MasterKey)]
pub struct MasterKeyView {
    /// The id of the key that seals: 16 hexadecimal digits.
    #[schema(example = "339a43f99593cbcd")]
    key_id: String,
    /// The ids of further keys that the server has, which only open.
    #[schema(example = json!(["b1c58d7f2a1e6690"]))]
    older_key_ids: Vec<String>,
    /// Where the server has the keys from: the path of a file, or the name of a variable or setting.
    #[schema(example = "/var/lib/postrider/master.key")]
    source: String,
    /// How many secrets are sealed.
    #[schema(example = 1200)]
    sealed: u64,
    /// How many of them an older key sealed. The server seals them again; at 0, no older key is needed any
    /// more.
    #[schema(example = 0)]
    remaining: u64,
    /// How many of the remaining did not open when the server last tried, and stay as they are. The server's
    /// log names them.
    #[schema(example = 0)]
    unopened: u64,
}

impl MasterKeyView {
    pub(super) fn of(status: MasterKeyStatus) -> Self {
        Self {
            key_id: status.key.to_string(),
            older_key_ids: status.older_keys.iter().map(ToString::to_string).collect(),
            source: status.place,
            sealed: status.sealed,
            remaining: status.remaining,
            unopened: status.unopened,
        }
    }
}
