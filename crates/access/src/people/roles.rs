//! Roles: which values of a claim give which role, and which group is required.

use std::fmt;
use std::str::FromStr;

use postrider_model::Role;
use serde_json::{Map, Value};

/// Longest name of a claim, in bytes.
const CLAIM_BYTES_MAX: usize = 256;

/// The claim whose value people can choose at some providers. Only a verified one counts.
const EMAIL: &str = "email";

/// Where a claim is: its name, such as `groups`, or a JSON pointer (RFC 6901) to a nested one, such as
/// `/realm_access/roles`. A pointer to a claim that is not nested is read as its name, so that each claim has
/// one spelling and a rule for `email` holds for `/email`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimName(String);

/// The text does not name a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a claim, such as `groups`, or a JSON pointer, such as `/realm_access/roles`")]
pub struct ClaimNameError;

impl FromStr for ClaimName {
    type Err = ClaimNameError;

    fn from_str(text: &str) -> Result<Self, ClaimNameError> {
        let text = text.trim();
        let is_name = (1..=CLAIM_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if !is_name || text == "/" {
            return Err(ClaimNameError);
        }
        let name = text
            .strip_prefix('/')
            .filter(|segment| !segment.contains('/'))
            .map(unescaped)
            // As a name, it would be read as a pointer.
            .filter(|name| !name.starts_with('/'));
        Ok(Self(name.unwrap_or_else(|| text.to_owned())))
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ClaimName {
    /// The claim, if the person has it.
    fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let Some(pointer) = self.0.strip_prefix('/') else {
            return claims.get(&self.0);
        };
        let (first, rest) = match pointer.find('/') {
            Some(at) => pointer.split_at(at),
            None => (pointer, ""),
        };
        claims.get(&unescaped(first))?.pointer(rest)
    }

    /// Whether this is the person's address, or a part of that claim.
    fn is_address(&self) -> bool {
        self.0 == EMAIL || self.0.starts_with("/email/")
    }

    /// Whether the claim, a string or an array of strings, has one of these values.
    fn has_any(&self, claims: &Map<String, Value>, wanted: &[String]) -> bool {
        if self.is_address() && !is_verified(claims) {
            return false;
        }
        let is_wanted = |value: &Value| wanted.iter().any(|wanted| value == wanted.as_str());
        match self.find(claims) {
            Some(Value::Array(values)) => values.iter().any(is_wanted),
            Some(value) => is_wanted(value),
            None => false,
        }
    }

    /// Whether the claims suffice to judge this one, so that user info could add nothing.
    fn is_told(&self, claims: &Map<String, Value>) -> bool {
        self.find(claims).is_some() && (!self.is_address() || claims.contains_key("email_verified"))
    }
}

/// A segment of a JSON pointer without its escapes (RFC 6901, section 4).
fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Whether the provider has verified that the address is the person's. Some providers send `"true"`.
pub(super) fn is_verified(claims: &Map<String, Value>) -> bool {
    claims
        .get("email_verified")
        .is_some_and(|verified| *verified == true || verified == "true")
}

/// Who gets which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRules {
    /// The claim that gives roles. Of `email`, only verified addresses count.
    pub role_claim: ClaimName,
    /// Its values that give the role admin.
    pub admin: Vec<String>,
    /// Its values that give the role support.
    pub support: Vec<String>,
    /// Its values that give the role viewer.
    pub viewer: Vec<String>,
    /// The claim that lists the person's groups.
    pub group_claim: ClaimName,
    /// A person must be in at least one of these groups. If the list is empty, no group is required.
    pub required_groups: Vec<String>,
}

impl RoleRules {
    /// The highest role that the claims give; `None` if they give no role or lack the required group.
    pub(super) fn role(&self, claims: &Map<String, Value>) -> Option<Role> {
        if !self.required_groups.is_empty() && !self.group_claim.has_any(claims, &self.required_groups) {
            return None;
        }
        let values = |role| match role {
            Role::Viewer => &self.viewer,
            Role::Support => &self.support,
            Role::Admin => &self.admin,
        };
        let mut roles = Role::ALL.into_iter().rev();
        roles.find(|role| self.role_claim.has_any(claims, values(*role)))
    }

    /// Whether the claims have all that the rules look at.
    pub(super) fn are_decided_by(&self, claims: &Map<String, Value>) -> bool {
        let has_groups = self.required_groups.is_empty() || self.group_claim.is_told(claims);
        has_groups && self.role_claim.is_told(claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(role_claim: &str, required_groups: &[&str]) -> RoleRules {
        RoleRules {
            role_claim: role_claim.parse().unwrap(),
            admin: vec!["ops".to_owned(), "root@example.com".to_owned()],
            support: vec!["help".to_owned()],
            viewer: vec!["staff".to_owned(), "sales".to_owned()],
            group_claim: "groups".parse().unwrap(),
            required_groups: required_groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    fn role(rules: &RoleRules, claims: &Value) -> Option<Role> {
        rules.role(claims.as_object().unwrap())
    }

    #[test]
    fn the_highest_role_that_matches_wins_and_nobody_has_one_by_default() {
        let rules = rules("groups", &[]);
        for (groups, expected) in [
            (json!(["staff", "ops", "help"]), Some(Role::Admin)),
            (json!(["staff", "help"]), Some(Role::Support)),
            (json!(["sales"]), Some(Role::Viewer)),
            (json!("help"), Some(Role::Support)),
            (json!(["Ops", "ops2", 7, ["ops"], {"ops": true}]), None),
            (json!("staff help"), None),
            (json!([]), None),
            (json!(null), None),
        ] {
            assert_eq!(role(&rules, &json!({"groups": groups})), expected, "{groups}");
        }
        assert_eq!(role(&rules, &json!({})), None);
    }

    #[test]
    fn a_nested_claim_is_found_by_its_pointer_and_a_url_is_a_name() {
        let claims = json!({"realm_access": {"roles": ["help"]}, "https://a/roles": "ops", "a/b": {"~": "help"}, "/c": "staff"});
        for (name, expected) in [
            ("/realm_access/roles", Some(Role::Support)),
            ("https://a/roles", Some(Role::Admin)),
            ("/a~1b/~0", Some(Role::Support)),
            ("/https:~1~1a~1roles", Some(Role::Admin)),
            ("/~1c", Some(Role::Viewer)),
            ("/realm_access/none", None),
            ("realm_access/roles", None),
        ] {
            assert_eq!(role(&rules(name, &[]), &claims), expected, "{name}");
        }
        for text in ["", " ", "/", "a\nb"] {
            assert_eq!(text.parse::<ClaimName>(), Err(ClaimNameError));
        }
    }

    #[test]
    fn a_required_group_is_required_of_every_role() {
        let rules = rules("role", &["eu", "us"]);
        let with = |groups: Value| role(&rules, &json!({"role": "ops", "groups": groups}));
        assert_eq!(with(json!(["us", "x"])), Some(Role::Admin));
        assert_eq!(with(json!(["x"])), None);
        assert_eq!(role(&rules, &json!({"role": "ops"})), None);
        let decided = |claims: Value| rules.are_decided_by(claims.as_object().unwrap());
        assert!(decided(json!({"role": "x", "groups": []})));
        assert!(!decided(json!({"role": "x"})) && !decided(json!({"groups": []})));
    }

    #[test]
    fn an_address_gives_a_role_only_if_it_is_verified() {
        for claim in ["email", "/email"] {
            let by_role = rules(claim, &[]);
            let mut by_group = rules("role", &["root@example.com"]);
            by_group.group_claim = claim.parse().unwrap();
            for (verified, expected) in [
                (json!(true), Some(Role::Admin)),
                (json!("true"), Some(Role::Admin)),
                (json!(false), None),
                (json!(null), None),
                (json!(1), None),
            ] {
                let claims = json!({"role": "ops", "email": "root@example.com", "email_verified": verified});
                assert_eq!(role(&by_role, &claims), expected, "{claim} {verified}");
                assert_eq!(role(&by_group, &claims), expected, "{claim} {verified}");
            }
            let claims = json!({"role": "ops", "email": "root@example.com"});
            assert_eq!((role(&by_role, &claims), role(&by_group, &claims)), (None, None));
            let decided = |rules: &RoleRules| rules.are_decided_by(claims.as_object().unwrap());
            assert!(!decided(&by_role) && !decided(&by_group), "{claim}");
        }
        let nested = json!({"email": ["root@example.com"], "email_verified": false});
        assert_eq!(role(&rules("/email/0", &[]), &nested), None);
    }
}
