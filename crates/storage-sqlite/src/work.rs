//! Appending and finishing in one transaction; see [`WorkStore`].

use std::sync::Arc;

use async_trait::async_trait;
use postrider_storage::{Advanced, Finished, NewEvent, SessionId, WorkStore};

use crate::deliveries::finish;
use crate::events::append;
use crate::store::SqliteStore;

#[async_trait]
impl WorkStore for SqliteStore {
    async fn advance(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
    ) -> Advanced {
        if !events.is_empty()
            && let Err(full) = self.room().await
        {
            let Advanced { recorded, .. } = self.advance(session, Arc::default(), finished).await;
            return Advanced {
                appended: Err(full),
                recorded,
            };
        }
        let (appended, recorded) = match (events.is_empty(), finished.is_empty()) {
            (true, true) => (Ok(Vec::new()), Ok(Vec::new())),
            (true, false) => {
                let recorded = self.write_part(finish::work(session, finished)).await;
                (Ok(Vec::new()), recorded)
            }
            (false, true) => {
                let appended = self.write_part(append::work(session, events)).await;
                (appended, Ok(Vec::new()))
            }
            (false, false) => {
                // Finished attempts first, because they are the older work.
                let (recorded, appended) = self
                    .write_two(finish::work(session, finished), append::work(session, events))
                    .await;
                (appended, recorded)
            }
        };
        Advanced { appended, recorded }
    }
}
