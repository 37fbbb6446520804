//! Automations. Their actions are part of the row, as JSON.

use postrider_model::{AccountId, Automation, AutomationId};

use super::{Columns, Reader, schedule, time};
use crate::encoding;
use crate::sealing::{Context, Sealer, Unreadable, What};

/// A row of `automations`, without its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationRow {
    /// Its id.
    pub id: [u8; 16],
    /// The caller's own id for it.
    pub uid: Option<String>,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// JSON.
    pub metadata: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// JSON; see [`crate::encoding::automation`].
    pub trigger: String,
    /// JSON; see [`crate::encoding::automation`].
    pub actions: String,
    /// JSON, sealed; `None` if no action has a secret. See [`crate::encoding::automation::Secrets`].
    pub secrets: Option<Vec<u8>>,
    /// JSON; see [`crate::encoding::schedule`].
    pub retry_delays: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When it was last updated.
    pub updated_at: i64,
    /// Incremented by each update.
    pub version: i64,
}

impl AutomationRow {
    super::columns!(
        "u": "id", "uid", "name", "description", "metadata", "enabled", "trigger", "actions", "secrets",
        "retry_delays", "created_at", "updated_at", "version",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            uid: row.text_opt()?,
            name: row.text()?,
            description: row.text()?,
            metadata: row.text()?,
            enabled: row.flag()?,
            trigger: row.text()?,
            actions: row.text()?,
            secrets: row.bytes_opt()?,
            retry_delays: row.text_opt()?,
            created_at: row.number()?,
            updated_at: row.number()?,
            version: row.number()?,
        })
    }

    /// The row of an account's automation.
    pub fn of(automation: &Automation, account: AccountId, sealer: &Sealer) -> Self {
        let id = *automation.id.as_bytes();
        let secrets = encoding::automation::Secrets::of(&automation.actions);
        let context = Self::context(account, id);
        Self {
            id,
            uid: automation.uid.clone(),
            name: automation.name.clone(),
            description: automation.description.clone(),
            metadata: automation.metadata.clone(),
            enabled: automation.enabled,
            trigger: encoding::automation::trigger_text(&automation.trigger),
            actions: encoding::automation::actions_text(&automation.actions),
            secrets: secrets.map(|secrets| sealer.seal(&context, secrets.text().as_bytes())),
            retry_delays: automation.retry_delays.as_ref().map(encoding::schedule::text),
            created_at: automation.created_at.unix_ms(),
            updated_at: automation.updated_at.unix_ms(),
            version: automation.version,
        }
    }

    /// The automation of this row, which belongs to `account`.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn open(self, account: AccountId, sealer: &Sealer) -> Result<Automation, Unreadable> {
        let context = Self::context(account, self.id);
        let secrets = self.secrets.map(|sealed| sealer.open(&context, &sealed));
        let secrets = match secrets.transpose()? {
            Some(text) => encoding::automation::Secrets::parse(&text)?,
            None => encoding::automation::Secrets::default(),
        };
        Ok(Automation {
            id: AutomationId::from_bytes(self.id),
            uid: self.uid,
            name: self.name,
            description: self.description,
            metadata: self.metadata,
            enabled: self.enabled,
            trigger: encoding::automation::trigger(&self.trigger)?,
            actions: encoding::automation::actions(&self.actions, secrets)?,
            retry_delays: schedule(self.retry_delays.as_deref())?,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
            version: self.version,
        })
    }

    /// The context of the secrets of an account's automation.
    pub const fn context(account: AccountId, id: [u8; 16]) -> Context {
        Context::new(What::AutomationSecrets, account, id)
    }
}
