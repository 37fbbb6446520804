//! Fills an installation's header names into a snippet, by the table in `crates/console/snippets/README.md`.
//! The console has its own code for this; the tests do not share it, because they know the product only from
//! outside.

/// The prefix of the rendered snippets: not the default, and with a hyphen.
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
