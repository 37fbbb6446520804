//! How a receiver verifies a webhook, in the languages of most receivers. The texts are the files of
//! `snippets/`, which the tests run against real deliveries, with this installation's header names filled in.
//!
//! To add a language: its two files, as `snippets/README.md` says, and a line of [`LANGUAGES`].

/// A language.
#[derive(Debug)]
pub struct Language {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    hmac: &'static str,
    library: &'static str,
}

/// Which signature of a request a snippet checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The plain HMAC of the body, without a webhook library.
    Hmac,
    /// The signature of the Standard Webhooks specification, with the library of that specification.
    Library,
}

macro_rules! language {
    ($slug:literal, $name:literal, $extension:literal) => {
        Language {
            slug: $slug,
            name: $name,
            hmac: include_str!(concat!("../snippets/", $slug, "/hmac.", $extension)),
            library: include_str!(concat!("../snippets/", $slug, "/standard-webhooks.", $extension)),
        }
    };
}

/// All languages; those that most receivers use are first.
pub static LANGUAGES: [Language; 8] = [
    language!("node", "Node.js", "mjs"),
    language!("python", "Python", "py"),
    language!("php", "PHP", "php"),
    language!("go", "Go", "go"),
    language!("ruby", "Ruby", "rb"),
    language!("java", "Java", "java"),
    language!("csharp", "C#", "cs"),
    language!("rust", "Rust", "rs"),
];

impl Language {
    /// The language that an address names, or the first language.
    pub fn of(slug: Option<&str>) -> &'static Self {
        let named = LANGUAGES.iter().find(|language| Some(language.slug) == slug);
        named.unwrap_or(&LANGUAGES[0])
    }

    /// The snippet for an installation whose header names start with `prefix`.
    pub fn snippet(&self, method: Method, prefix: &str) -> String {
        let text = match method {
            Method::Hmac => self.hmac,
            Method::Library => self.library,
        };
        fill(text, prefix)
    }
}

impl Method {
    /// Both, the one that also checks the timestamp first.
    pub const ALL: [Self; 2] = [Self::Library, Self::Hmac];

    /// Its name in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Library => "library",
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hmac => "Plain HMAC",
            Self::Library => "Standard Webhooks library",
        }
    }

    /// The method that an address names, or the library.
    pub fn of(slug: Option<&str>) -> Self {
        match slug {
            Some("hmac") => Self::Hmac,
            _ => Self::Library,
        }
    }
}

/// Fills in the header names of `postrider_signing::HeaderNames`: as they are sent, in lower case as Node.js
/// and Rust return them, and as CGI variables (RFC 3875, section 4.1.18).
fn fill(text: &str, prefix: &str) -> String {
    let names = [
        ("signature_header", format!("{prefix}-Signature")),
        ("next_signature_header", format!("{prefix}-Signature-Next")),
    ];
    let mut filled = text.to_owned();
    for (placeholder, name) in names {
        let cgi = format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_"));
        filled = filled
            .replace(&format!("{{{{{placeholder}}}}}"), &name)
            .replace(
                &format!("{{{{{placeholder}_lower}}}}"),
                &name.to_ascii_lowercase(),
            )
            .replace(&format!("{{{{{placeholder}_cgi}}}}"), &cgi);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_snippet_keeps_a_placeholder() {
        for language in &LANGUAGES {
            for method in Method::ALL {
                let snippet = language.snippet(method, "Acme-Billing");
                let snippet_name = format!("{} by {}", language.name, method.name());
                assert!(!snippet.contains("{{"), "{snippet_name}: {snippet}");
                assert!(snippet.contains("WEBHOOK_SECRET"), "{snippet_name}");
            }
        }
    }

    #[test]
    fn the_header_names_are_this_installations() {
        for language in &LANGUAGES {
            let snippet = language.snippet(Method::Hmac, "Acme-Billing");
            let folded = snippet.to_ascii_lowercase().replace('_', "-");
            assert!(folded.contains("acme-billing-signature-next"), "{snippet}");
            assert!(!folded.contains("postrider"), "{snippet}");
        }
        assert_eq!(
            fill("{{next_signature_header_cgi}} {{signature_header_lower}}", "A-B"),
            "HTTP_A_B_SIGNATURE_NEXT a-b-signature"
        );
    }

    #[test]
    fn an_unknown_snippet_address_shows_the_first_snippet() {
        assert_eq!(Language::of(Some("cobol")).slug, "node");
        assert_eq!(Language::of(Some("rust")).slug, "rust");
        assert_eq!(Method::of(None), Method::Library);
        for method in Method::ALL {
            assert_eq!(Method::of(Some(method.slug())), method);
        }
    }
}
