//! The catalogue of event types in memory: which are known, and the schemas that `data` has to satisfy.

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use parking_lot::RwLock;
use postrider_model::{EventType, EventTypeName};
use postrider_storage::{PageRequest, Store, StoreError, StoreResult};

/// Types that are added by use. A producer that puts ids into type names would otherwise grow the catalogue
/// without end; types past this are delivered all the same, only not listed.
pub const CATALOGUE_MAX: usize = 10_000;

/// Most violations of a schema that are reported for one event.
const VIOLATIONS_MAX: usize = 10;

/// Why an entry was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// The schema is not a JSON Schema, or refers to something outside itself.
    #[error("{0}")]
    Schema(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where `data` breaks its type's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaViolation {
    /// RFC 6901 pointer into `data`.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// The catalogue in memory.
pub struct Catalogue {
    store: Arc<dyn Store>,
    known: RwLock<HashMap<EventTypeName, Option<Enforced>>>,
}

/// A compiled schema, and its text.
#[derive(Clone)]
struct Enforced {
    schema: Arc<str>,
    validator: Arc<Validator>,
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

    /// Reads the catalogue again: another node has changed it.
    pub(crate) async fn reload(&self) -> StoreResult<()> {
        let mut known = HashMap::new();
        let mut page = PageRequest {
            limit: postrider_storage::LIMIT_MAX,
            after: None,
        };
        loop {
            let found = self.store.event_types(page).await?;
            for entry in found.items {
                let enforced = entry
                    .schema
                    .and_then(|schema| self.enforced(&entry.name, &schema));
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

    /// The schema of a stored entry, compiled only where it is not the one that is known already.
    fn enforced(&self, name: &EventTypeName, schema: &str) -> Option<Enforced> {
        if let Some(Some(known)) = self.known.read().get(name)
            && *known.schema == *schema
        {
            return Some(known.clone());
        }
        // A schema that only an earlier version accepted must not keep the node from starting.
        compile(schema)
            .inspect_err(
                |error| tracing::warn!(event_type = %name, %error, "the schema of this type is not enforced"),
            )
            .ok()
    }

    /// Writes an entry. Returns what is stored, and whether it is new.
    pub(crate) async fn put(&self, entry: EventType) -> Result<(EventType, bool), CatalogueError> {
        let validator = entry.schema.as_deref().map(compile).transpose()?;
        let (stored, new) = self.store.put_event_type(entry).await?;
        self.known.write().insert(stored.name.clone(), validator);
        Ok((stored, new))
    }

    /// Removes an entry. False where there is none.
    pub(crate) async fn delete(&self, name: &EventTypeName) -> StoreResult<bool> {
        let deleted = self.store.delete_event_type(name).await?;
        self.known.write().remove(name);
        Ok(deleted)
    }

    /// What is known of a type.
    pub fn look_up(&self, name: &EventTypeName) -> Known {
        let known = self.known.read();
        match known.get(name) {
            Some(Some(enforced)) => Known::WithSchema(Arc::clone(&enforced.validator)),
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

    /// Learns that a type was added by an event.
    pub fn added(&self, name: &EventTypeName) {
        self.known.write().entry(name.clone()).or_insert(None);
    }
}

/// What is known of a type.
pub enum Known {
    /// It is in the catalogue.
    Plain,
    /// It is in the catalogue, and `data` has to satisfy a schema.
    WithSchema(Arc<Validator>),
    /// It is not in the catalogue.
    Unseen,
    /// It is not in the catalogue, and would not fit.
    UnseenAndFull,
}

/// What in `data` breaks the schema; empty where nothing does.
pub fn violations(validator: &Validator, data: &[u8]) -> Vec<SchemaViolation> {
    let value: serde_json::Value = match parse(data) {
        Ok(value) => value,
        Err(error) => {
            return vec![SchemaViolation {
                pointer: String::new(),
                detail: error.to_string(),
            }];
        }
    };
    validator
        .iter_errors(&value)
        .take(VIOLATIONS_MAX)
        .map(|error| SchemaViolation {
            pointer: error.instance_path().to_string(),
            detail: error.to_string(),
        })
        .collect()
}

/// Acceptance allows 500 levels, serde_json 128: a schema refuses data that is deeper.
fn parse(data: &[u8]) -> serde_json::Result<serde_json::Value> {
    serde_json::from_slice(data)
}

fn compile(schema: &str) -> Result<Enforced, CatalogueError> {
    let value: serde_json::Value =
        serde_json::from_str(schema).map_err(|error| CatalogueError::Schema(error.to_string()))?;
    // The linear-time engine: a pattern must not be able to stall the node. Remote references do not resolve,
    // as the library is built without its HTTP and file features.
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(&value)
        .map(|validator| Enforced {
            schema: schema.into(),
            validator: Arc::new(validator),
        })
        .map_err(|error| CatalogueError::Schema(error.to_string()))
}
