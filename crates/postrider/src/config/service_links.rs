//! Variables that Kubernetes injects into every pod for each service of the namespace.
//!
//! For a service called `postrider`, or `postrider-postgresql` as Helm names the parts of a release,
//! Kubernetes injects variables with Postrider's prefix. Source: Kubernetes, "Service: environment
//! variables"; `pkg/kubelet/envvars/envvars.go`.

use std::net::{IpAddr, SocketAddr};

/// Whether Kubernetes injects a variable with this name and this value. The value counts too, so that a
/// misspelt setting such as `POSTRIDER_LISTEN_PORT=8080` is still reported.
pub fn is_service_link(name: &str, value: &str) -> bool {
    is_docker_name(name, value)
        || is_host(name, value)
        || is_service_port(name, value)
        || is_url_of_service(name, value)
        || is_port(name, value)
}

/// `…_SERVICE_HOST=10.0.0.1`.
fn is_host(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST") && value.parse::<IpAddr>().is_ok()
}

/// `…_SERVICE_PORT=8080`, and `…_SERVICE_PORT_HTTP=8080` for a port with a name.
fn is_service_port(name: &str, value: &str) -> bool {
    let named = || {
        name.split_once("_SERVICE_PORT_")
            .is_some_and(|(_, port)| !port.is_empty())
    };
    (name.ends_with("_SERVICE_PORT") || named()) && is_number(value)
}

/// `…_PORT=tcp://10.0.0.1:8080`.
fn is_url_of_service(name: &str, value: &str) -> bool {
    name.ends_with("_PORT") && is_url(value)
}

/// `…_PORT_8080_TCP=tcp://10.0.0.1:8080`, with `_PROTO`, `_PORT` and `_ADDR`.
fn is_port(name: &str, value: &str) -> bool {
    name.match_indices("_PORT_").any(|(at, separator)| {
        let mut words = name[at + separator.len()..].split('_');
        let (port, protocol) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let what = words.next();
        is_number(port)
            && matches!(protocol, "TCP" | "UDP" | "SCTP")
            && words.next().is_none()
            && match what {
                None => is_url(value),
                Some("PROTO") => protocol.eq_ignore_ascii_case(value),
                Some("PORT") => value == port,
                Some("ADDR") => value.parse::<IpAddr>().is_ok(),
                Some(_) => false,
            }
    })
}

/// `POSTRIDER_NAME=/web/postrider`, which Docker's links set beside variables of the same forms.
fn is_docker_name(name: &str, value: &str) -> bool {
    name == "POSTRIDER_NAME" && value.starts_with('/')
}

fn is_number(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(protocol, address)| {
        matches!(protocol, "tcp" | "udp" | "sctp") && address.parse::<SocketAddr>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_variables_of_a_kubernetes_service_are_recognised() {
        for service in [
            "POSTRIDER",
            "POSTRIDER_POSTGRESQL",
            "POSTRIDER_PG_RW",
            "POSTRIDER_PORT_2",
        ] {
            for (suffix, value) in [
                ("SERVICE_HOST", "10.0.1.2"),
                ("SERVICE_HOST", "fd00::2"),
                ("SERVICE_PORT", "5432"),
                ("SERVICE_PORT_HTTP", "8080"),
                ("SERVICE_PORT_TCP_POSTGRESQL", "5432"),
                ("PORT", "tcp://10.0.1.2:5432"),
                ("PORT", "udp://[fd00::2]:5432"),
                ("PORT_5432_TCP", "tcp://10.0.1.2:5432"),
                ("PORT_5432_TCP_PROTO", "tcp"),
                ("PORT_5432_TCP_PORT", "5432"),
                ("PORT_5432_TCP_ADDR", "10.0.1.2"),
                ("PORT_53_UDP_PROTO", "udp"),
            ] {
                let name = format!("{service}_{suffix}");
                assert!(is_service_link(&name, value), "{name}={value}");
            }
        }
        assert!(is_service_link("POSTRIDER_NAME", "/web/postrider"));
    }

    #[test]
    fn a_misspelt_setting_is_not_mistaken_for_a_service_link() {
        for (name, value) in [
            ("POSTRIDER_PORT", "8080"),
            ("POSTRIDER_LISTEN_PORT", "8080"),
            ("POSTRIDER_SERVICE_HOST", "db.internal"),
            ("POSTRIDER_SERVICE_PORT_", "8080"),
            ("POSTRIDER_SERVICE_PORT_HTTP", "http"),
            ("POSTRIDER_PORT_8080", "tcp://10.0.1.2:8080"),
            ("POSTRIDER_PORT_HTTP_TCP", "tcp://10.0.1.2:8080"),
            ("POSTRIDER_PORT_8080_TCP_ADDR", "db.internal"),
            ("POSTRIDER_PORT_8080_TCP_HOST", "10.0.1.2"),
            ("POSTRIDER_DATABASE_HOST", "10.0.1.2"),
            ("POSTRIDER_DATADIR", "/var/lib/postrider"),
            ("POSTRIDER_NAME", "Acme"),
            ("POSTRIDER_LOGO_NAME", "/etc/logo.svg"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
