//! The caller's own ids: what a `uid` can be.

/// Longest `uid`, in bytes.
pub const UID_BYTES_MAX: usize = 128;

/// Whether `uid` can replace an id of this `prefix` in a URL: 1 to 128 of `[a-zA-Z0-9_.:@-]`, not `.` or
/// `..`, and not beginning like an id (`acct_`).
pub(crate) fn can_replace_id(uid: &str, prefix: &str) -> bool {
    let looks_like_id = uid.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'));
    (1..=UID_BYTES_MAX).contains(&uid.len())
        && uid
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:@-".contains(&b))
        && uid != "."
        && uid != ".."
        && !looks_like_id
}
