//! The URL on this machine: `http://localhost:3000/hooks`, `localhost:3000/hooks`, or `3000`.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use postrider_egress::EgressRules;
use url::Url;

/// Where requests are forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalUrl(Url);

impl LocalUrl {
    /// The path and query.
    pub fn target(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The rules of a client that may call this URL alone, at any address that its name resolves to. The user
    /// of the command chose the URL, so private addresses are allowed.
    pub fn rules(&self) -> EgressRules {
        let every = ["0.0.0.0/0", "::/0"].map(|network| network.parse::<IpNet>());
        let host = self.0.host_str().unwrap_or_default();
        EgressRules {
            allowed: every.into_iter().flatten().collect(),
            allowed_names: host.parse().into_iter().collect(),
            only_ports: self.0.port_or_known_default().into_iter().collect(),
            ..EgressRules::default()
        }
    }
}

impl FromStr for LocalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(host_end);
        // A URL takes a number for an IPv4 address: 3000 for 0.0.11.184.
        let is_number = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_digit());
        let text = match (is_number, host.parse::<u16>()) {
            (false, _) => format!("{scheme}://{rest}"),
            (true, Ok(port @ 1..)) => format!("{scheme}://localhost:{port}{target}"),
            (true, _) => return Err(format!("{host} is not a port: ports are 1 to 65535")),
        };
        let url: Url = text.parse().map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("expected a URL that starts with http:// or https://, or a port".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("expected no user, no password and no `#`".to_owned());
        }
        Ok(Self(url))
    }
}

impl fmt::Display for LocalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use postrider_egress::EgressGuard;

    use super::*;

    #[test]
    fn a_port_and_an_address_without_a_scheme_are_understood() {
        for (text, url) in [
            ("3000", "http://localhost:3000/"),
            ("3000/hooks?x=1", "http://localhost:3000/hooks?x=1"),
            ("https://8443/in", "https://localhost:8443/in"),
            ("localhost:3000/hooks?x=1", "http://localhost:3000/hooks?x=1"),
            ("https://app.test/in", "https://app.test/in"),
            ("[::1]:3000", "http://[::1]:3000/"),
        ] {
            assert_eq!(text.parse::<LocalUrl>().unwrap().to_string(), url, "{text}");
        }
        for text in [
            "",
            "a b",
            "0",
            "70000",
            "70000/x",
            "ftp://x/",
            "http://a:b@c/",
            "http://a/#b",
        ] {
            assert!(text.parse::<LocalUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn whatever_was_chosen_may_be_called() {
        for text in [
            "3000",
            "app:8080",
            "host.docker.internal:22",
            "10.0.0.7",
            "http://app.localhost:6379/",
        ] {
            let url: LocalUrl = text.parse().unwrap();
            let guard = EgressGuard::new(url.rules());
            assert!(guard.check_url(&url.to_string()).is_ok(), "{text}");
        }
    }
}
