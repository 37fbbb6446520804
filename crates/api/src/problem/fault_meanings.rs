//! What the codes of single faults mean, for the page about `invalid_body` and for the reference.

/// Each code of `errors[].code`, and what it means.
pub const FAULT_MEANINGS: [(&str, &str); 38] = [
    ("blank", "The text is empty or blank."),
    (
        "connection_not_for_host",
        "The connection may not be used for the host of the action's URL.",
    ),
    (
        "destination_forbidden",
        "The operator forbids requests to this host: it is private, or on the list of forbidden ones.",
    ),
    ("duplicate", "The item occurs twice in the list."),
    ("duplicate_member", "The member occurs twice in its object."),
    (
        "email_not_set_up",
        "The installation has no mail server, so it cannot send e-mails.",
    ),
    (
        "filter_required",
        "At least one filter is required, so that nobody resends or cancels everything by accident.",
    ),
    (
        "invalid_condition",
        "The condition has an unknown operator, or a value that does not fit its operator.",
    ),
    (
        "invalid_parameter",
        "The query parameter has a value that it cannot have.",
    ),
    (
        "invalid_template",
        "The template does not parse, or uses what does not exist.",
    ),
    ("invalid_value", "The value has the right type, but is not valid."),
    ("out_of_range", "The number or time is too small or too large."),
    (
        "read_only",
        "The member can be read, but not set. Send the value that you read, or leave it out.",
    ),
    ("repeated_parameter", "The query parameter occurs twice."),
    ("required", "The member is missing."),
    (
        "reserved_header",
        "Postrider sets this header itself, or it would change how the request is parsed.",
    ),
    (
        "schema_violation",
        "The value does not match the JSON Schema of its event type.",
    ),
    (
        "signing_key_mismatch",
        "The signature profile cannot sign with keys of this kind.",
    ),
    ("too_deep", "Arrays and objects are nested too deeply."),
    ("too_few", "The list has too few items."),
    ("too_long", "The text, or the value as JSON, is too long."),
    ("too_many", "The list has too many items."),
    ("unknown_action", "The automation has no action with this id."),
    (
        "unknown_automation",
        "The account has no automation with this id.",
    ),
    (
        "unknown_connection",
        "Neither the account nor the installation has a connection with this id.",
    ),
    ("unknown_event", "The account has no event with this id."),
    (
        "unknown_event_type",
        "The catalogue has no event type with this name.",
    ),
    (
        "unknown_member",
        "The member does not exist here. Check its spelling.",
    ),
    ("unknown_parameter", "The query parameter does not exist here."),
    (
        "unknown_signature_profile",
        "The installation has no signature profile with this name.",
    ),
    (
        "url_fragment",
        "The URL has a fragment (`#`), which is never sent.",
    ),
    ("url_invalid", "The URL cannot be parsed."),
    ("url_port", "The operator does not allow requests to this port."),
    (
        "url_scheme",
        "The scheme of the URL is neither `https` nor, where the operator allows it, `http`.",
    ),
    ("url_too_long", "The URL is too long."),
    (
        "url_user_info",
        "The URL has a user or a password. Use a connection instead.",
    ),
    (
        "value_required",
        "The value of a secret has to be sent, because there is none that could be kept.",
    ),
    (
        "wrong_type",
        "The value is of another JSON type than the member takes.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The sources that declare codes of faults.
    const SOURCES: [&str; 2] = [
        include_str!("../../../configuration/src/codes.rs"),
        include_str!("fault.rs"),
    ];

    /// The source of the codes that URLs have.
    const OF_URLS: &str = include_str!("../../../egress/src/destination.rs");

    #[test]
    fn every_code_of_a_fault_is_explained() {
        let declared = SOURCES.iter().flat_map(|source| source.lines());
        let declared =
            declared.filter_map(|line| line.trim().strip_prefix("pub const ")?.split_once(": &str = \""));
        let mut declared: BTreeSet<&str> = declared.map(|(_, code)| code.trim_end_matches("\";")).collect();
        let of_urls = OF_URLS.lines().filter(|line| line.trim().starts_with("Self::"));
        let of_urls = of_urls.filter_map(|line| line.split_once(" => \""));
        declared.extend(of_urls.filter_map(|(_, code)| code.strip_suffix("\",")));
        assert!(declared.len() > 30, "{declared:?}");
        assert_eq!(declared, FAULT_MEANINGS.iter().map(|(code, _)| *code).collect());
        assert!(FAULT_MEANINGS.is_sorted());
    }
}
