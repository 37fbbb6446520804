//! Automations that nobody listens to any more, and that are to be deleted unless somebody does again.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_model::{AutomationId, By};

use super::{LISTENERS_MAX, Listener, Listeners};

/// Most automations that nobody listens to and whose deletion is ahead.
const ABSENCES_MAX: usize = 4 * LISTENERS_MAX;

/// The absences that last.
#[derive(Default)]
pub(super) struct Absences(HashMap<AutomationId, Began>);

struct Began {
    number: u64,
    by: By,
}

/// The time in which nobody listens to an automation on this node, from the end of its last listener.
pub struct Absence {
    listeners: Arc<Listeners>,
    automation: AutomationId,
    number: u64,
    by: By,
}

impl Absences {
    /// Ends an absence, because somebody listens again. Returns who wanted the automation deleted.
    pub(super) fn end(&mut self, automation: AutomationId) -> Option<By> {
        self.0.remove(&automation).map(|began| began.by)
    }

    fn has(&self, automation: AutomationId, number: u64) -> bool {
        self.0
            .get(&automation)
            .is_some_and(|began| began.number == number)
    }
}

impl Listener {
    /// Stops listening. If the automation is to be deleted and nobody else on this node listens to it, does
    /// `job` about that, unless the node stops before.
    pub fn leave<J: Future<Output = ()> + Send + 'static>(self, job: impl FnOnce(Absence) -> J) {
        let Some(absence) = self.absence() else {
            return;
        };
        let listeners = Arc::clone(&self.listeners);
        let mut jobs = listeners.jobs.lock();
        // Drops those that have ended.
        while jobs.try_join_next().is_some() {}
        if jobs.len() < ABSENCES_MAX {
            jobs.spawn(job(absence));
        }
    }

    /// Removes the listener; the absence that begins.
    fn absence(&self) -> Option<Absence> {
        let mut open = self.listeners.open.lock();
        open.remove(&self.name, self.number);
        let by = self.by.clone()?;
        let has_other = open.by_name.values().any(|it| it.automation == self.automation);
        // Without a runtime, the process ends.
        let ends = *self.stopping.borrow() || tokio::runtime::Handle::try_current().is_err();
        if has_other || ends {
            return None;
        }
        open.next += 1;
        let number = open.next;
        let began = Began {
            number,
            by: by.clone(),
        };
        open.absences.0.insert(self.automation, began);
        Some(Absence {
            listeners: Arc::clone(&self.listeners),
            automation: self.automation,
            number,
            by,
        })
    }
}

impl Absence {
    /// Whether nobody has listened to the automation on this node since.
    pub fn lasts(&self) -> bool {
        let absences = &self.listeners.open.lock().absences;
        absences.has(self.automation, self.number)
    }

    /// Who wants the automation deleted.
    pub const fn by(&self) -> &By {
        &self.by
    }

    /// A name of this absence that no other has, on this node or another.
    pub fn name(&self) -> String {
        format!("{}-{}", self.listeners.node(), self.number)
    }
}

impl Drop for Absence {
    fn drop(&mut self) {
        let absences = &mut self.listeners.open.lock().absences;
        if absences.has(self.automation, self.number) {
            absences.end(self.automation);
        }
    }
}
