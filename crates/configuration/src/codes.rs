//! The stable codes of faults in drafts. URLs add those of [`postrider_egress::DestinationError`].

/// A member can be read but not set.
pub const READ_ONLY: &str = "read_only";
/// A member occurs twice.
pub const DUPLICATE_MEMBER: &str = "duplicate_member";
/// A value is of another JSON type.
pub const WRONG_TYPE: &str = "wrong_type";
/// Arrays and objects are nested too deeply.
pub const TOO_DEEP: &str = "too_deep";
/// A value has the right type but is not valid.
pub const INVALID_VALUE: &str = "invalid_value";
/// A number is too small or too large.
pub const OUT_OF_RANGE: &str = "out_of_range";
/// A text, or a value as JSON, is too long.
pub const TOO_LONG: &str = "too_long";
/// A text is empty or blank.
pub const BLANK: &str = "blank";
/// A list has too many items.
pub const TOO_MANY: &str = "too_many";
/// A list has too few items.
pub const TOO_FEW: &str = "too_few";
/// An item occurs twice.
pub const DUPLICATE: &str = "duplicate";
/// A header that Postrider sets itself, or that would break framing.
pub const RESERVED_HEADER: &str = "reserved_header";
/// The value of a secret header has to be sent, because there is none that may be kept.
pub const VALUE_REQUIRED: &str = "value_required";
/// A condition of a trigger is not valid.
pub const INVALID_CONDITION: &str = "invalid_condition";
/// A template does not parse, or uses what does not exist.
pub const INVALID_TEMPLATE: &str = "invalid_template";
/// A name that no signature profile of the installation has.
pub const UNKNOWN_PROFILE: &str = "unknown_signature_profile";
/// A signature profile that cannot sign with keys of this kind.
pub const SIGNING_KEY_MISMATCH: &str = "signing_key_mismatch";
/// An e-mail action where the installation has no mail server.
pub const EMAIL_NOT_SET_UP: &str = "email_not_set_up";
/// An action id that the automation does not have.
pub const UNKNOWN_ACTION: &str = "unknown_action";
/// A member is missing.
pub const REQUIRED: &str = "required";
/// A connection id that the account does not have.
pub const UNKNOWN_CONNECTION: &str = "unknown_connection";
/// A connection that may not be used for the host of the action's URL.
pub const CONNECTION_NOT_FOR_HOST: &str = "connection_not_for_host";
