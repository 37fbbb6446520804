//! Puts the names of an installation's headers into a snippet, by the table in
//! `crates/console/snippets/README.md`. The console does the same for itself: these tests know the product
//! from outside only.

/// The prefix that the snippets are run with: another one than the default, and one with a hyphen of its own.
pub const PREFIX: &str = "Acme-Billing";

/// The snippet for an installation with this header prefix.
pub fn render(template: &str, prefix: &str) -> String {
    let mut rendered = template.to_owned();
    for (placeholder, header) in [
        ("signature_header", format!("{prefix}-Signature")),
        ("next_signature_header", format!("{prefix}-Signature-Next")),
    ] {
        let cgi = format!("HTTP_{}", header.to_ascii_uppercase().replace('-', "_"));
        rendered = rendered
            .replace(&format!("{{{{{placeholder}_cgi}}}}"), &cgi)
            .replace(
                &format!("{{{{{placeholder}_lower}}}}"),
                &header.to_ascii_lowercase(),
            )
            .replace(&format!("{{{{{placeholder}}}}}"), &header);
    }
    rendered
}
