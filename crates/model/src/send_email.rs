//! E-mail actions: who gets a message, and the templates that write it.

use crate::email_address::Recipients;

/// An e-mail to send: an action of type `send_email`. One message goes out per event, to all recipients, and
/// each of them sees the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendEmail {
    /// Who gets it: 1 to 10 addresses.
    pub to: Recipients,
    /// The template of the subject ([`TemplateKind::HeaderValue`]).
    ///
    /// [`TemplateKind::HeaderValue`]: crate::TemplateKind::HeaderValue
    pub subject: String,
    /// The template of the text ([`TemplateKind::Text`]).
    ///
    /// [`TemplateKind::Text`]: crate::TemplateKind::Text
    pub text: String,
}
