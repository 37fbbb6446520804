//! The members of an action of type `send_email`.

use postrider_model::{Recipients, SendEmail};
use serde::{Deserialize, Serialize};

use crate::encoding::Damaged;

#[derive(Serialize, Deserialize)]
pub(super) struct StoredEmail {
    /// The addresses.
    to: Vec<String>,
    subject: String,
    text: String,
}

impl StoredEmail {
    pub(super) fn of(email: &SendEmail) -> Self {
        Self {
            to: email.to.as_slice().iter().map(ToString::to_string).collect(),
            subject: email.subject.clone(),
            text: email.text.clone(),
        }
    }

    /// As [`Recipients::as_str`].
    pub(super) fn target(&self) -> String {
        self.to.join(", ")
    }

    pub(super) fn open(self) -> Result<SendEmail, Damaged> {
        let to = self.to.iter().map(|address| address.parse());
        let to = to
            .collect::<Result<_, _>>()
            .map_err(|_| Damaged("an e-mail address"))?;
        Ok(SendEmail {
            to: Recipients::new(to).map_err(|_| Damaged("the recipients of an e-mail"))?,
            subject: self.subject,
            text: self.text,
        })
    }
}
