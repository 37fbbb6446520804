//! The catalogue of event types in memory: which are known, and the schemas that `data` has to satisfy.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use postrider_model::{AuditEntry, EventType, EventTypeName, Timestamp};
use postrider_storage::{DeleteObject, PageRequest, PutIf, SaveEventType, Store, StoreError, StoreResult};

use crate::schema::{Schema, SchemaError};

/// The number of types up to which events add new types. Without it, a producer that puts ids into type names
/// would grow the catalogue without end. Events of further types are delivered, but the types are not listed.
pub const CATALOGUE_MAX: usize = 10_000;

/// Why an entry was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// The schema is not a JSON Schema, or refers to another document.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The catalogue in memory.
pub struct Catalogue {
    store: Arc<dyn Store>,
    known: RwLock<HashMap<EventTypeName, Option<Enforced>>>,
}

/// A compiled schema, and its text.
#[derive(Clone)]
struct Enforced {
    text: Arc<str>,
    schema: Arc<Schema>,
}

impl Catalogue {
    /// Reads the catalogue.
    pub(crate) async fn load(store: Arc<dyn Store>) -> StoreResult<Self> {
        let catalogue = Self {
            store,
            known: RwLock::default(),
        };
        catalogue.reload().await?;
        Ok(catalogue)
    }

    /// Reads the catalogue, on start and after another node has changed it.
    pub(crate) async fn reload(&self) -> StoreResult<()> {
        let mut known = HashMap::new();
        let mut page = PageRequest {
            limit: postrider_storage::LIMIT_MAX,
            after: None,
        };
        loop {
            let found = self.store.event_types(page).await?;
            for entry in found.items {
                let enforced = match entry.schema {
                    Some(schema) => self.enforced(&entry.name, schema).await,
                    None => None,
                };
                known.insert(entry.name, enforced);
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        *self.known.write() = known;
        Ok(())
    }

    /// The schema of a stored entry, compiled only if it differs from the known one.
    async fn enforced(&self, name: &EventTypeName, schema: String) -> Option<Enforced> {
        if let Some(Some(known)) = self.known.read().get(name)
            && *known.text == *schema
        {
            return Some(known.clone());
        }
        // A schema that only an earlier version accepted must not keep the node from starting.
        compile(schema)
            .await
            .inspect_err(
                |error| tracing::warn!(event_type = %name, %error, "the schema of this type is not enforced"),
            )
            .ok()
    }

    /// Writes an entry if `only_if` holds.
    pub(crate) async fn put(
        &self,
        entry: EventType,
        only_if: PutIf,
        audit: AuditEntry,
    ) -> Result<SaveEventType, CatalogueError> {
        let enforced = match &entry.schema {
            Some(schema) => Some(compile(schema.clone()).await?),
            None => None,
        };
        let saved = self.store.put_event_type(entry, only_if, audit).await?;
        if let SaveEventType::Created(stored) | SaveEventType::Replaced(stored) = &saved {
            self.known.write().insert(stored.name.clone(), enforced);
        }
        Ok(saved)
    }

    /// Deletes an entry; with a time, only if it was last updated then.
    pub(crate) async fn delete(
        &self,
        name: &EventTypeName,
        updated_at: Option<Timestamp>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        let deleted = self.store.delete_event_type(name, updated_at, audit).await?;
        if deleted != DeleteObject::Stale {
            self.known.write().remove(name);
        }
        Ok(deleted)
    }

    /// What is known of a type.
    pub fn look_up(&self, name: &EventTypeName) -> Known {
        let known = self.known.read();
        match known.get(name) {
            Some(Some(enforced)) => Known::WithSchema(Arc::clone(&enforced.schema)),
            Some(None) => Known::Plain,
            None if known.len() >= CATALOGUE_MAX => Known::UnseenAndFull,
            None => Known::Unseen,
        }
    }

    /// The number of types in the catalogue.
    pub fn len(&self) -> usize {
        self.known.read().len()
    }

    /// Whether the catalogue is empty.
    pub fn is_empty(&self) -> bool {
        self.known.read().is_empty()
    }

    /// Notes that an event added a type.
    pub fn added(&self, name: &EventTypeName) {
        self.known.write().entry(name.clone()).or_insert(None);
    }
}

/// What is known of a type.
pub enum Known {
    /// It is in the catalogue.
    Plain,
    /// It is in the catalogue, and `data` has to satisfy a schema.
    WithSchema(Arc<Schema>),
    /// It is not in the catalogue.
    Unseen,
    /// It is not in the catalogue, which is full.
    UnseenAndFull,
}

/// Compiles a schema, in a thread that may block: a large one takes seconds.
async fn compile(schema: String) -> Result<Enforced, SchemaError> {
    let compile = move || {
        Ok(Enforced {
            schema: Arc::new(Schema::compile(&schema)?),
            text: schema.into(),
        })
    };
    match tokio::task::spawn_blocking(compile).await {
        Ok(compiled) => compiled,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(SchemaError::not_compiled()),
        },
    }
}
