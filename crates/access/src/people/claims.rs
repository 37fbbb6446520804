//! The claims of the ID token and the user info together, and the person whom they describe.

use postrider_model::Person;
use serde_json::{Map, Value};

use super::issuer::Issuer;
use super::roles;

/// Adds the claims of the user info that the ID token lacks. The caller has compared the subjects.
///
/// An address and whether it is verified belong together, so both come from the same document.
pub(super) fn add_user_info(claims: &mut Map<String, Value>, info: Map<String, Value>) {
    if !(claims.contains_key("email") && claims.contains_key("email_verified")) {
        claims.remove("email");
        claims.remove("email_verified");
    }
    for (name, value) in info {
        claims.entry(name).or_insert(value);
    }
}

/// Who these claims describe. The ID token was checked, so there is a subject. The address is shown only if
/// the provider says that it is the person's.
pub(super) fn person(issuer: &Issuer, claims: &Map<String, Value>) -> Person {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let names = ["name", "preferred_username", "email"];
    Person::new(
        issuer.as_str().to_owned(),
        text("sub").unwrap_or_default().to_owned(),
        names.into_iter().filter_map(text),
        text("email").filter(|_| roles::is_verified(claims)),
    )
}
