//! E-mail addresses, and the recipients of an e-mail action.
//!
//! An address is parsed once, where it enters. What holds an [`EmailAddress`] can put it into a command of
//! SMTP and into a header: no character in it has a meaning there.
//!
//! Source: RFC 5321 sections 4.1.2 and 4.5.3.1, RFC 5322 section 3.4.1, and UTS #46 for domains.

use std::fmt;
use std::str::FromStr;

/// Maximum bytes before the `@` (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_PART_BYTES_MAX: usize = 64;

/// Maximum bytes of an address: those of a path, 256, without its angle brackets (RFC 5321 section
/// 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;

/// Maximum recipients of one e-mail. Every mail server takes a hundred (RFC 5321 section 4.5.3.1.8), but a
/// list that long is a newsletter.
pub const RECIPIENTS_MAX: usize = 10;

/// An address that e-mail can be sent to: `local@domain`. The local part is a dot-atom in ASCII, the domain a
/// name of at least two labels, in lower case and in the ASCII form of IDNA (Punycode).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    text: Box<str>,
    at: usize,
}

/// Why a text is not an address that e-mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    /// It has no `@`, or nothing before or after it.
    #[error("an e-mail address looks like name@example.com")]
    Incomplete,
    /// More than [`LOCAL_PART_BYTES_MAX`] before the `@`.
    #[error("the part before the @ can have at most {LOCAL_PART_BYTES_MAX} characters")]
    LocalPartTooLong,
    /// More than [`ADDRESS_BYTES_MAX`] in all.
    #[error("an e-mail address can have at most {ADDRESS_BYTES_MAX} characters")]
    TooLong,
    /// Letters outside ASCII before the `@`, which need SMTPUTF8 (RFC 6531). Many mail servers lack it.
    #[error(
        "the part before the @ can have only the letters a to z, without accents; the domain can have any"
    )]
    NeedsSmtpUtf8,
    /// A quoted local part, such as `"a b"@example.com`. It is valid; in practice it is a mistake or an
    /// attack on a parser.
    #[error("the part before the @ cannot be quoted")]
    Quoted,
    /// A character that a dot-atom cannot have, or `!` or `%`, or a dot that is first, last, or beside
    /// another.
    #[error(
        "the part before the @ has a character that is not allowed, or a dot at the start, at the end or twice in a row"
    )]
    LocalPart,
    /// An address literal, such as `a@[10.0.0.1]`. It would have the mail server call any address.
    #[error("the part after the @ has to be a domain, not an address of a network")]
    AddressLiteral,
    /// The domain is not the name of a host on the internet.
    #[error("the part after the @ is not a domain such as example.com")]
    Domain,
}

impl EmailAddress {
    /// The address: ASCII without white space, control characters, double quotes or angle brackets.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether the two reach the same mailbox in practice: RFC 5321 lets a server tell `A@x` from `a@x`, but
    /// none does.
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, EmailAddressError> {
        // IDNA takes time for long texts, and no real address is this long before its conversion.
        if text.len() > 4 * ADDRESS_BYTES_MAX {
            return Err(EmailAddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailAddressError::Incomplete)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailAddressError::Incomplete);
        }
        check_local_part(local)?;
        let domain = ascii_domain(domain)?;
        let text = format!("{local}@{domain}");
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(EmailAddressError::TooLong);
        }
        Ok(Self {
            text: text.into(),
            at: local.len(),
        })
    }
}

fn check_local_part(local: &str) -> Result<(), EmailAddressError> {
    if local.starts_with('"') {
        return Err(EmailAddressError::Quoted);
    }
    if local.chars().any(|it| !it.is_ascii() && it.is_alphanumeric()) {
        return Err(EmailAddressError::NeedsSmtpUtf8);
    }
    if local.len() > LOCAL_PART_BYTES_MAX {
        return Err(EmailAddressError::LocalPartTooLong);
    }
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
    if !local.split('.').all(is_atom) {
        return Err(EmailAddressError::LocalPart);
    }
    Ok(())
}

/// `atext` of RFC 5322 section 3.2.3 without `!` and `%`. Some mail servers read these as routes:
/// `root%localhost@operator.example` asks the operator's server to send on to `root@localhost`.
const fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'#' | b'$'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// The domain in lower-case ASCII. A name without a dot, or an IPv4 address in any spelling (`10.0.0.0x7`),
/// would have the mail server look into its own network. Top-level domains begin with a letter (RFC 3696
/// section 2).
fn ascii_domain(domain: &str) -> Result<String, EmailAddressError> {
    if domain.starts_with('[') {
        return Err(EmailAddressError::AddressLiteral);
    }
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| EmailAddressError::Domain)?;
    let (_, last) = domain.rsplit_once('.').ok_or(EmailAddressError::Domain)?;
    if !last.starts_with(|it: char| it.is_ascii_alphabetic()) {
        return Err(EmailAddressError::AddressLiteral);
    }
    Ok(domain)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Who an e-mail goes to: 1 to [`RECIPIENTS_MAX`] addresses, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipients {
    addresses: Box<[EmailAddress]>,
    text: Box<str>,
}

/// Why a list of addresses is not one of recipients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientsError {
    /// The list is empty.
    #[error("enter at least one e-mail address")]
    None,
    /// The list has more than [`RECIPIENTS_MAX`].
    #[error("an e-mail can have at most {RECIPIENTS_MAX} recipients")]
    TooMany,
    /// This address is in the list twice; some mail servers would deliver two copies.
    #[error("{0} is in the list twice")]
    Twice(EmailAddress),
}

impl Recipients {
    /// Checks the number of addresses, and that each is there once.
    pub fn new(addresses: Vec<EmailAddress>) -> Result<Self, RecipientsError> {
        if addresses.is_empty() {
            return Err(RecipientsError::None);
        }
        if addresses.len() > RECIPIENTS_MAX {
            return Err(RecipientsError::TooMany);
        }
        for (at, address) in addresses.iter().enumerate() {
            if addresses[..at].iter().any(|it| it.is_same_mailbox(address)) {
                return Err(RecipientsError::Twice(address.clone()));
            }
        }
        let texts: Vec<_> = addresses.iter().map(EmailAddress::as_str).collect();
        Ok(Self {
            text: texts.join(", ").into(),
            addresses: addresses.into(),
        })
    }

    /// The addresses, in the order in which they were given.
    pub fn as_slice(&self) -> &[EmailAddress] {
        &self.addresses
    }

    /// The addresses in one text: `ann@example.com, bob@example.com`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<EmailAddress, EmailAddressError> {
        text.parse()
    }

    #[test]
    fn ordinary_addresses_are_kept_and_domains_become_lower_case_ascii() {
        for (text, address) in [
            ("ann@example.com", "ann@example.com"),
            ("Ann.O'Hara+test@Example.COM", "Ann.O'Hara+test@example.com"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("a@straße.example", "a@xn--strae-oqa.example"),
            ("#$&'*+-/=?^_`{|}~@a.b", "#$&'*+-/=?^_`{|}~@a.b"),
        ] {
            assert_eq!(
                parse(text).map(|it| it.to_string()),
                Ok(address.to_owned()),
                "{text}"
            );
        }
        assert_eq!(parse("a@Example.com").unwrap().domain(), "example.com");
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        use EmailAddressError as E;
        for (text, error) in [
            ("", E::Incomplete),
            ("ann", E::Incomplete),
            ("@example.com", E::Incomplete),
            ("ann@", E::Incomplete),
            ("jörg@example.com", E::NeedsSmtpUtf8),
            ("\"a b\"@example.com", E::Quoted),
            ("\"a\r\nRCPT TO:<x@y.z>\"@example.com", E::Quoted),
            (".ann@example.com", E::LocalPart),
            ("ann.@example.com", E::LocalPart),
            ("a..b@example.com", E::LocalPart),
            ("a b@example.com", E::LocalPart),
            ("a@b@example.com", E::LocalPart),
            ("Ann <ann@example.com>", E::LocalPart),
            ("a,b@example.com", E::LocalPart),
            ("a\u{200b}@example.com", E::LocalPart),
            ("root%localhost@operator.example", E::LocalPart),
            ("localhost!root@operator.example", E::LocalPart),
            ("ann@[10.0.0.1]", E::AddressLiteral),
            ("ann@[IPv6:::1]", E::AddressLiteral),
            ("ann@10.0.0.1", E::AddressLiteral),
            ("ann@10.0.0.0x7", E::AddressLiteral),
            ("ann@１０.0.0.１", E::AddressLiteral),
            ("root@localhost", E::Domain),
            ("ann@example.com.", E::Domain),
            ("ann@-a.example", E::Domain),
            ("ann@a_b.example", E::Domain),
            ("ann@exa mple.com", E::Domain),
            ("ann@example.com>", E::Domain),
            ("ann@example.com ", E::Domain),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text:?}");
        }
    }

    #[test]
    fn line_breaks_and_control_characters_are_refused_everywhere() {
        for character in (0..0x20).chain([0x7f, 0x85, 0x2028, 0x2029]) {
            let character = char::from_u32(character).unwrap();
            for text in [
                format!("a{character}b@example.com"),
                format!("{character}a@example.com"),
                format!("a@exam{character}ple.com"),
                format!("a@example.com{character}"),
                format!("a@example.com{character}Bcc: b@example.com"),
            ] {
                assert!(parse(&text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn the_limits_of_rfc_5321_hold_to_the_byte() {
        let local = |bytes: usize| format!("{}@example.com", "a".repeat(bytes));
        assert!(parse(&local(64)).is_ok());
        assert_eq!(parse(&local(65)), Err(EmailAddressError::LocalPartTooLong));
        let label = "b".repeat(63);
        let of = |bytes: usize| {
            let domain = format!("{label}.{label}.{label}.{}", "c".repeat(bytes - 3 * 64 - 2));
            format!("a@{domain}")
        };
        assert_eq!(of(254).len(), 254);
        assert!(parse(&of(254)).is_ok());
        assert_eq!(parse(&of(255)), Err(EmailAddressError::TooLong));
        assert!(parse(&format!("a@{}.example", "b".repeat(64))).is_err());
        assert_eq!(
            parse(&format!("a@{}.example", "ü".repeat(100_000))),
            Err(EmailAddressError::TooLong)
        );
    }

    #[test]
    fn recipients_are_one_to_ten_each_once() {
        let list = |texts: &[&str]| Recipients::new(texts.iter().map(|it| parse(it).unwrap()).collect());
        assert_eq!(list(&[]), Err(RecipientsError::None));
        assert_eq!(list(&["a@x.y", "b@x.y"]).unwrap().as_slice().len(), 2);
        assert_eq!(
            list(&["a@x.y", "b@x.y", "A@X.y"]),
            Err(RecipientsError::Twice(parse("A@x.y").unwrap()))
        );
        let many: Vec<String> = (0..11).map(|it| format!("a{it}@x.y")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(list(&many[..10]).is_ok());
        assert_eq!(list(&many), Err(RecipientsError::TooMany));
    }
}
