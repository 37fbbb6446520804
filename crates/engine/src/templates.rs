//! Compiled templates in memory, by their number: those of deliveries whose action has another one by now.

use std::sync::Arc;

use postrider_configuration::{AccountEntry, Pinned};
use postrider_model::ActionId;
use postrider_model::delivery::BodySpec;
use postrider_model::template::TemplateNumber;
use postrider_storage::{StoreResult, TemplateStore};
use quick_cache::sync::Cache;

use crate::engine::Engine;

/// Templates in memory. One of the largest source takes some 300 KB; older ones are read again.
const TEMPLATES_MAX: usize = 200;

/// Templates by number.
pub(crate) struct Templates(Cache<TemplateNumber, Arc<Pinned>>);

impl Templates {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        Self(Cache::new(TEMPLATES_MAX))
    }

    async fn get(
        &self,
        store: &dyn TemplateStore,
        number: TemplateNumber,
    ) -> StoreResult<Option<Arc<Pinned>>> {
        if let Some(known) = self.0.get(&number) {
            return Ok(Some(known));
        }
        let Some(stored) = store.template(number).await? else {
            return Ok(None);
        };
        let pinned = Arc::new(Pinned::compile(number, &stored));
        self.0.insert(number, Arc::clone(&pinned));
        Ok(Some(pinned))
    }
}

impl Engine {
    /// The template that a delivery of an action refers to; `None` if its body is built in, or if the
    /// template is not stored any more.
    pub async fn template_of(
        &self,
        entry: &AccountEntry,
        action: ActionId,
        body: BodySpec,
    ) -> StoreResult<Option<Arc<Pinned>>> {
        let BodySpec::Template(number) = body else {
            return Ok(None);
        };
        match entry.template(action) {
            Some(pinned) if pinned.number == number => Ok(Some(Arc::clone(pinned))),
            _ => self.templates().get(&**self.store(), number).await,
        }
    }
}
