//! The method of a request, as what is kept of the request names it.

use http::Method;

/// The method's name if it is a standard one (RFC 9110, section 9.3; RFC 5789), otherwise `other`: a client
/// can send any text of several KiB as a method.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_standard_methods_have_a_name() {
        for name in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE",
        ] {
            assert_eq!(method_name(&name.parse().unwrap()), name);
        }
        for other in ["get", "PROPFIND", &"A".repeat(5_000)] {
            assert_eq!(method_name(&other.parse().unwrap()), "other");
        }
    }
}
