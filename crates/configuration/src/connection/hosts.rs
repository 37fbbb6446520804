//! The hosts that may receive a connection's credentials.
//!
//! A customer chooses the URL of an action. Without this bound, a URL on the customer's own server would
//! receive the credentials of a connection that the customer must not read. Redirects are not followed, so
//! the host of the URL is the only one that receives the request.

use std::collections::HashSet;

use postrider_egress::HostPattern;
use postrider_model::connection::HOSTS_MAX;

use crate::{Faults, codes};

/// Checks the hosts of a draft, and returns each as [`HostPattern`] prints it. `needs_one`: a connection that
/// has none may not be used for any host.
pub(super) fn check_hosts(hosts: &[String], needs_one: bool, faults: &mut Faults) -> Vec<String> {
    if hosts.is_empty() && needs_one {
        let detail = "a connection of the installation needs at least one host: all accounts can use it, with \
                      URLs of their choice";
        faults.add("/hosts", codes::TOO_FEW, detail);
    }
    if hosts.len() > HOSTS_MAX {
        let detail = format!("list at most {HOSTS_MAX} hosts");
        faults.add("/hosts", codes::TOO_MANY, detail);
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(hosts.len());
    for (index, host) in hosts.iter().enumerate() {
        let pointer = format!("/hosts/{index}");
        match host.parse::<HostPattern>() {
            Err(error) => faults.add(pointer, codes::INVALID_VALUE, error.to_string()),
            Ok(pattern) => {
                let text = pattern.to_string();
                if !seen.insert(text.clone()) {
                    faults.add(pointer, codes::DUPLICATE, "this host is listed more than once");
                }
                checked.push(text);
            }
        }
    }
    checked
}

/// Whether a host may receive the credentials that could not before.
pub(super) fn are_widened(stored: &[String], new: &[String]) -> bool {
    let is_new = |host: &String| !stored.contains(host);
    !stored.is_empty() && (new.is_empty() || new.iter().any(is_new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    fn checked(hosts: &[&str], needs_one: bool) -> Result<Vec<String>, Vec<(String, &'static str)>> {
        let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut checked = Vec::new();
        let faults = faults_of(|faults| checked = check_hosts(&hosts, needs_one, faults));
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }

    #[test]
    fn hosts_are_stored_as_the_client_compares_them() {
        let hosts = checked(&["API.Example.com.", "*.Bücher.example", "0x7f.1"], true);
        assert_eq!(
            hosts.unwrap(),
            ["api.example.com", "*.xn--bcher-kva.example", "127.0.0.1"]
        );
        assert_eq!(checked(&[], false).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_host_or_listed_twice_is_refused_with_its_place() {
        let at = |pointer: &str, code| (pointer.to_owned(), code);
        assert_eq!(
            checked(&["a.example", "https://b.example", "A.example", "*.com"], false).unwrap_err(),
            [
                at("/hosts/1", "invalid_value"),
                at("/hosts/2", "duplicate"),
                at("/hosts/3", "invalid_value"),
            ]
        );
        assert_eq!(
            checked(&["a.example"; 21], false).unwrap_err(),
            [at("/hosts", "too_many")]
        );
        assert_eq!(checked(&[], true).unwrap_err(), [at("/hosts", "too_few")]);
    }
}
