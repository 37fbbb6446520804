//! A writer without a thread: each caller commits its own work.

use std::sync::Arc;

use crate::log::LogSync;
use crate::sync::{Log, SETTLE_EVERY};
use crate::testing::SimulatedDisk;
use crate::writer::{Operation, Writer};

/// A writer without a thread.
pub(super) struct Inline {
    writer: parking_lot::Mutex<Writer>,
    log: Arc<Log>,
    handle: parking_lot::Mutex<LogSync>,
    disk: Option<SimulatedDisk>,
    /// Held by one commit after the other while the disk is slow.
    syncing: tokio::sync::Mutex<()>,
}

impl Inline {
    pub(super) fn new(writer: Writer, log: Arc<Log>, disk: Option<SimulatedDisk>) -> Self {
        Self {
            writer: parking_lot::Mutex::new(writer),
            handle: parking_lot::Mutex::new(log.handle()),
            log,
            disk,
            syncing: tokio::sync::Mutex::default(),
        }
    }

    /// Commits the operations and, once the disk has taken its time, syncs and answers them. Others may
    /// commit meanwhile.
    pub(super) async fn commit(&self, operations: Vec<Box<dyn Operation>>) {
        let mut committed = {
            let mut writer = self.writer.lock();
            self.log.settle();
            writer.commit(operations, &|| {})
        };
        if committed.is_empty() {
            return;
        }
        let synced = match self.disk.as_ref().and_then(SimulatedDisk::sync_duration) {
            None => self.handle.lock().sync(),
            Some(duration) => {
                committed.iter_mut().for_each(|operation| operation.committed());
                let _turn = self.syncing.lock().await;
                tokio::time::sleep(duration / 2).await;
                let synced = self.handle.lock().sync();
                tokio::time::sleep(duration / 2).await;
                synced
            }
        };
        self.log.finish(committed, synced);
        while self.log.is_awaited() {
            {
                let _writer = self.writer.lock();
                self.log.settle();
            }
            if self.log.is_awaited() {
                tokio::time::sleep(SETTLE_EVERY).await;
            }
        }
    }
}
