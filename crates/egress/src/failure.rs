//! Error messages, for people who read the record of an attempt and may never have heard of TCP.
//!
//! A message says what happened, in terms of the receiver and not of this program. It contains no library's
//! wording and no addresses. The tests in `tests/egress/` trigger the messages with real sockets.
//!
//! To add a message, add a match arm for the error's type. Never search the texts of other crates.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use postrider_model::Outcome;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use crate::connect::ConnectFailure;
use crate::destination::DestinationError;

/// How an attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    pub(crate) error: String,
}

impl Failure {
    pub(crate) fn new(outcome: Outcome, error: impl Into<String>) -> Self {
        Self {
            outcome,
            error: error.into(),
        }
    }

    /// The request timed out.
    pub(crate) fn timeout(after: Duration, response_began: bool) -> Self {
        let after = spell(after);
        let error = if response_began {
            format!("The response did not arrive in full within {after}")
        } else {
            format!("No response within {after}")
        };
        Self::new(Outcome::Timeout, error)
    }

    /// The HTTP exchange failed on an open connection.
    pub(crate) fn exchange(error: &ExchangeError, response_began: bool) -> Self {
        let sentence = match error {
            ExchangeError::Tls(tls) => return Self::new(Outcome::TlsError, tls_sentence(tls)),
            ExchangeError::Unsent | ExchangeError::Closed { .. } if response_began => {
                "The connection was closed before the response was complete"
            }
            ExchangeError::Unsent | ExchangeError::Closed { .. } => {
                "The connection was closed without a response"
            }
            ExchangeError::Refused | ExchangeError::Reset => "The receiver broke the request off",
            ExchangeError::Malformed => "The response is not valid HTTP",
            ExchangeError::HeadTooLarge => "The headers of the response are too large",
            ExchangeError::TooManyInterim => "The receiver sent too many interim responses",
            ExchangeError::MalformedOrTooLarge => {
                "The response is not valid HTTP, or its headers are too large"
            }
        };
        Self::new(Outcome::ProtocolError, sentence)
    }
}

/// Why an exchange over an open connection failed: no response arrived, or only a part.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// The connection turned out to be closed before a byte of the request was written.
    Unsent,
    /// The receiver says itself that it has not processed the request (RFC 9113 section 8.7).
    Refused,
    /// The connection was closed or reset.
    Closed {
        /// Whether a byte of a response had arrived.
        response_began: bool,
    },
    /// The receiver broke off the HTTP/2 stream.
    Reset,
    /// The TLS session failed.
    Tls(rustls::Error),
    /// The response is not HTTP.
    Malformed,
    /// The heads exceed their limit.
    HeadTooLarge,
    /// One of the two; HTTP/2 does not tell which.
    MalformedOrTooLarge,
    /// The receiver sent more interim responses than it may.
    TooManyInterim,
}

impl ExchangeError {
    /// The stream ended.
    pub(crate) const fn closed(response_began: bool) -> Self {
        Self::Closed { response_began }
    }

    /// Reading or writing failed.
    pub(crate) fn from_io(error: &io::Error, response_began: bool) -> Self {
        match error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Tls(tls.clone()),
            None => Self::closed(response_began),
        }
    }

    /// HTTP/2 failed.
    pub(crate) fn from_http2(error: &h2::Error, response_began: bool) -> Self {
        if let Some(io) = error.get_io() {
            return Self::from_io(io, response_began);
        }
        let reason = error.reason();
        match (error.is_remote(), error.is_go_away()) {
            // h2 reports a GOAWAY of the receiver only to streams above the last one that it names, and to
            // requests that have not been sent. The others end with the connection.
            (true, true) => Self::Refused,
            (true, false) if reason == Some(h2::Reason::REFUSED_STREAM) => Self::Refused,
            (true, false) => Self::Reset,
            // h2 gives up with one of these codes when the headers far exceed the limit. When they exceed it
            // slightly, it uses the same code as for a malformed response.
            (false, _) if is_too_large(reason) => Self::HeadTooLarge,
            (false, _) => Self::MalformedOrTooLarge,
        }
    }

    /// Whether the receiver cannot have processed the request.
    pub(crate) const fn is_unprocessed(&self) -> bool {
        matches!(self, Self::Unsent | Self::Refused)
    }

    /// Whether the connection ended before a byte of a response arrived. The receiver may have processed the
    /// request.
    pub(crate) const fn is_silent_end(&self) -> bool {
        matches!(
            self,
            Self::Closed {
                response_began: false
            }
        )
    }
}

fn is_too_large(reason: Option<h2::Reason>) -> bool {
    matches!(
        reason,
        Some(h2::Reason::ENHANCE_YOUR_CALM | h2::Reason::COMPRESSION_ERROR)
    )
}

impl From<DestinationError> for Failure {
    fn from(error: DestinationError) -> Self {
        Self::new(Outcome::Blocked, error.to_string())
    }
}

impl From<ConnectFailure> for Failure {
    fn from(failure: ConnectFailure) -> Self {
        match failure {
            ConnectFailure::Dns(error) => Self::new(Outcome::DnsError, error.to_string()),
            ConnectFailure::Blocked => DestinationError::Forbidden.into(),
            ConnectFailure::Connect(error) => Self::new(Outcome::ConnectError, connect_sentence(&error)),
            ConnectFailure::Proxy(sentence) => Self::new(Outcome::ConnectError, sentence),
            ConnectFailure::Tls(error) => Self::new(Outcome::TlsError, handshake_sentence(&error)),
        }
    }
}

/// Why no address accepted a TCP connection, in plain words.
pub fn connect_sentence(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "The connection was refused",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "No route to the host's address"
        }
        io::ErrorKind::TimedOut => "The host did not react to the attempt to connect",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "The connection was aborted while it was being opened"
        }
        _ => "The connection failed",
    }
}

/// Why the TLS handshake failed, for people.
pub fn handshake_sentence(error: &io::Error) -> String {
    match error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) {
        Some(error) => tls_sentence(error),
        None => "The connection was closed during the TLS handshake".to_owned(),
    }
}

fn tls_sentence(error: &rustls::Error) -> String {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(error) => return certificate_sentence(error),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "The server does not speak TLS on this port"
        }
        Tls::NoCertificatesPresented => "The server has no certificate",
        Tls::PeerIncompatible(error) => peer_sentence(error),
        Tls::NoApplicationProtocol => NO_HTTP,
        Tls::AlertReceived(alert) => alert_sentence(*alert),
        _ => "The TLS handshake failed",
    }
    .to_owned()
}

const TOO_OLD: &str = "The server speaks only TLS versions or ciphers that are no longer secure";
const NO_HTTP: &str = "The server speaks neither HTTP/1.1 nor HTTP/2 on this port";

fn peer_sentence(error: &PeerIncompatible) -> &'static str {
    match error {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::ExtendedMasterSecretExtensionRequired => TOO_OLD,
        _ => "The server and the sender have no TLS version or cipher in common",
    }
}

fn alert_sentence(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => TOO_OLD,
        AlertDescription::HandshakeFailure => {
            "The server and the sender have no TLS version or cipher in common"
        }
        AlertDescription::UnrecognisedName => "The server does not know this host name",
        AlertDescription::CertificateRequired => "The server requires a client certificate",
        AlertDescription::CertificateExpired => "The server says that the client certificate has expired",
        AlertDescription::CertificateRevoked => {
            "The server says that the client certificate has been revoked"
        }
        AlertDescription::UnknownCA => "The server does not know the authority of the client certificate",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => {
            "The server does not accept the client certificate, or requires one"
        }
        AlertDescription::NoApplicationProtocol => NO_HTTP,
        _ => "The server aborted the TLS handshake",
    }
}

fn certificate_sentence(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            return format!("The certificate expired on {}", day(*not_after));
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            return format!("The certificate is not valid before {}", day(*not_before));
        }
        CertificateError::Expired => "The certificate has expired",
        CertificateError::NotValidYet => "The certificate is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "The certificate is for another name"
        }
        CertificateError::UnknownIssuer => UNKNOWN_ISSUER,
        // webpki reports a self-signed certificate this way if the certificate may also sign others.
        CertificateError::Other(other) if is_authority_as_server(&*other.0) => UNKNOWN_ISSUER,
        CertificateError::BadSignature => "The signature of the certificate is wrong",
        CertificateError::Revoked => "The certificate has been revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "The certificate is not one for servers"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "The certificate is signed in a way that is not supported"
        }
        _ => "The certificate is not valid",
    }
    .to_owned()
}

const UNKNOWN_ISSUER: &str = "The certificate is self-signed or from an unknown authority";

fn is_authority_as_server(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    matches!(
        error.downcast_ref::<webpki::Error>(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

/// `3 May 2026`, in UTC.
fn day(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|unix_s| jiff::Timestamp::from_second(unix_s).ok())
        .map_or_else(
            || "an unknown day".to_owned(),
            |time| time.strftime("%-d %B %Y").to_string(),
        )
}

/// `15 seconds`, `1.5 seconds`.
fn spell(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (1, 0) => "1 second".to_owned(),
        (seconds, 0) => format!("{seconds} seconds"),
        _ => format!("{} seconds", duration.as_millis() as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::attempt::CLIENT_CERTIFICATE;

    use super::*;

    #[test]
    fn times_and_days_are_spelled_out() {
        assert_eq!(spell(Duration::from_secs(15)), "15 seconds");
        assert_eq!(spell(Duration::from_secs(1)), "1 second");
        assert_eq!(spell(Duration::from_millis(1500)), "1.5 seconds");
        assert_eq!(spell(Duration::from_millis(200)), "0.2 seconds");
        assert_eq!(
            day(UnixTime::since_unix_epoch(Duration::from_secs(1_777_766_400))),
            "3 May 2026"
        );
    }

    #[test]
    fn a_fault_of_the_client_certificate_is_not_taken_for_one_of_the_servers() {
        for alert in [
            AlertDescription::CertificateRequired,
            AlertDescription::CertificateExpired,
            AlertDescription::CertificateRevoked,
            AlertDescription::UnknownCA,
            AlertDescription::BadCertificate,
        ] {
            let sentence = tls_sentence(&rustls::Error::AlertReceived(alert));
            assert!(sentence.contains(CLIENT_CERTIFICATE), "{sentence}");
        }
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert!(!tls_sentence(&expired).contains(CLIENT_CERTIFICATE));
    }

    #[test]
    fn each_certificate_fault_has_a_message() {
        let sentence = |error| tls_sentence(&rustls::Error::InvalidCertificate(error));
        assert_eq!(
            sentence(CertificateError::Revoked),
            "The certificate has been revoked"
        );
        assert_eq!(sentence(CertificateError::UnknownIssuer), UNKNOWN_ISSUER);
        assert_eq!(
            sentence(CertificateError::NotValidForName),
            "The certificate is for another name"
        );
        assert_eq!(
            sentence(CertificateError::BadEncoding),
            "The certificate is not valid"
        );
        let alert = |alert| tls_sentence(&rustls::Error::AlertReceived(alert));
        assert_eq!(alert(AlertDescription::ProtocolVersion), TOO_OLD);
        assert_eq!(
            alert(AlertDescription::InternalError),
            "The server aborted the TLS handshake"
        );
    }
}
