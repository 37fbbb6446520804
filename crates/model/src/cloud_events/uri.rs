//! URIs, as far as attributes need them checked.

/// Whether the text can be a URI reference (RFC 3986, section 4.1), and is not empty: only its characters,
/// and complete percent-encodings. Postrider never resolves it.
pub fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let is_allowed = |(at, byte): (usize, &u8)| match byte {
        b'%' => is_hex(at + 1) && is_hex(at + 2),
        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
        other => other.is_ascii_graphic(),
    };
    !bytes.is_empty() && bytes.iter().enumerate().all(is_allowed)
}

/// Whether the text can be a URI with its scheme (RFC 3986, section 3.1).
pub fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    is_uri_reference(text)
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_of_scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_only_the_characters_of_uris() {
        for (text, is_reference, has_scheme) in [
            ("/accounts/acct_1", true, false),
            ("https://example.com/a?b=[1]#c", true, true),
            ("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true, true),
            ("cloud:event/1", true, true),
            ("1:2", true, false),
            ("//a:b", true, false),
            ("a%20b", true, false),
            ("a%2", false, false),
            ("", false, false),
            ("a b", false, false),
            ("é", false, false),
            ("a\"b", false, false),
        ] {
            assert_eq!(is_uri_reference(text), is_reference, "{text}");
            assert_eq!(is_uri(text), has_scheme, "{text}");
        }
    }
}
