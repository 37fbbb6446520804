//! Appending and finishing in one transaction; see [`WorkStore`].

use std::sync::Arc;

use async_trait::async_trait;
use postrider_storage::{Advanced, Finished, NewEvent, SessionId, Turn, WorkStore};

use crate::deliveries::finish;
use crate::events::append;
use crate::store::SqliteStore;

#[async_trait]
impl WorkStore for SqliteStore {
    async fn advance_in_turn(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
        turn: Turn,
    ) -> Advanced {
        if !events.is_empty()
            && let Err(full) = self.room().await
        {
            let advanced = self.advance_in_turn(session, Arc::default(), finished, turn);
            return Advanced {
                appended: Err(full),
                recorded: advanced.await.recorded,
            };
        }
        let (appended, recorded) = match (events.is_empty(), finished.is_empty()) {
            (true, true) => (Ok(Vec::new()), Ok(Vec::new())),
            (true, false) => {
                let part = finish::work(session, finished).in_turn(turn);
                (Ok(Vec::new()), self.write_part(part).await)
            }
            (false, true) => {
                let part = append::work(session, events).in_turn(turn);
                (self.write_part(part).await, Ok(Vec::new()))
            }
            (false, false) => {
                // Finished attempts first, because they are the older work.
                let (first, second) = (finish::work(session, finished), append::work(session, events));
                let (recorded, appended) = self.write_two(first, second.in_turn(turn)).await;
                (appended, recorded)
            }
        };
        Advanced { appended, recorded }
    }
}
