//! What customers and producers do.

use bytes::Bytes;
use postrider_configuration::{ActionDraft, AutomationDraft, DoesDraft, SendWebhookDraft};
use postrider_engine::Submission;
use postrider_model::By;
use postrider_model::DeliveryStatus;
use postrider_storage::{DeleteObject, DeliveryFilter, DeliveryKey, PageRequest};
use tokio::time::timeout;

use super::{CALLER_WAITS, Storm};
use crate::node::url;

/// Who asks for changes.
static BY: By = By::NODE;

impl Storm<'_> {
    pub(super) async fn accept(&self, account: usize, node: usize, events: usize) {
        let Some(node) = self.node(node) else { return };
        let submissions = (0..events).map(|_| {
            Submission::new(
                "proposal.accepted".parse().expect("a valid name"),
                Bytes::from(self.world.rng.lock().below(1_000_000).to_string()),
            )
        });
        let id = self.accounts[account].id;
        let accepted = timeout(CALLER_WAITS, node.engine.accept(id, submissions.collect()));
        let Ok(Ok(results)) = accepted.await else { return };
        let mut book = self.book.lock();
        for accepted in results.into_iter().flatten() {
            book.acked.insert(accepted.id, (id, accepted.deliveries));
            if account == 0 {
                book.bystander_acked(accepted.id.to_string());
            }
        }
    }

    pub(super) async fn switch(&self, account: usize, receiver: usize, node: usize, on: bool) -> Option<()> {
        let (node, customer) = (self.node(node)?, &self.accounts[account]);
        let current = node
            .configuration
            .automation(customer.id, customer.automation?)
            .await
            .ok()??;
        let mut draft = AutomationDraft::of(&current);
        draft.actions[receiver].enabled = on;
        let url = url(account, receiver, customer.generation);
        if on {
            draft.actions[receiver].disabled_reason = None;
            self.book.lock().switching_on(&url);
        }
        let updated = node
            .configuration
            .update_automation(&BY, customer.id, current, draft)
            .await;
        if updated.is_ok() && !on {
            self.book.lock().switched_off(url, node.link.life);
        }
        Some(())
    }

    /// Deletes the account's automation, and creates another with other URLs.
    pub(super) async fn set_up_anew(&mut self, account: usize, node: usize) {
        if let (Some(node), Some(automation)) = (self.node(node), self.accounts[account].automation) {
            let deleted =
                node.configuration
                    .delete_automation(&BY, self.accounts[account].id, automation, None);
            if let Ok(Ok(DeleteObject::Deleted)) = timeout(CALLER_WAITS, deleted).await {
                for receiver in 0..self.plan.accounts[account] {
                    let url = url(account, receiver, self.accounts[account].generation);
                    self.book.lock().switched_off(url, node.link.life);
                }
                self.accounts[account].automation = None;
            }
        }
        if self.accounts[account].automation.is_none() {
            self.accounts[account].generation += 1;
            self.create_automation(account, node).await;
        }
    }

    pub(super) async fn resend(&self, account: usize, node: usize, pick: usize) {
        let Some(node) = self.node(node) else { return };
        let account = self.accounts[account].id;
        let page = PageRequest {
            limit: 50,
            after: None,
        };
        let known = self
            .shared
            .store()
            .deliveries(account, &DeliveryFilter::default(), page)
            .await;
        let known = known.map(|page| page.items).unwrap_or_default();
        if known.is_empty() {
            return;
        }
        let delivery = known[pick % known.len()].id;
        self.book.lock().resent.insert(delivery.to_string());
        let _ = timeout(
            CALLER_WAITS,
            node.engine.resend(&BY, DeliveryKey { account, delivery }),
        )
        .await;
    }

    pub(super) async fn replay(&self, account: usize, node: usize, failed_only: bool) {
        let Some(node) = self.node(node) else { return };
        let account = self.accounts[account].id;
        let filter = DeliveryFilter {
            status: failed_only.then_some(DeliveryStatus::Failed),
            ..DeliveryFilter::default()
        };
        let Ok(matching) = self.deliveries(account, &filter).await else {
            return;
        };
        self.book.lock().resent.extend(matching);
        let _ = timeout(CALLER_WAITS, node.engine.replay(&BY, account, filter)).await;
    }

    pub(super) async fn create_automation(&mut self, account: usize, node: usize) {
        let Some(node) = self.node(node) else { return };
        let customer = &self.accounts[account];
        let actions = (0..self.plan.accounts[account]).map(|receiver| {
            let url = url(account, receiver, customer.generation);
            ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft::to(url)))
        });
        let draft = AutomationDraft {
            uid: None,
            name: "all".to_owned(),
            description: String::new(),
            metadata: None,
            enabled: true,
            event_types: vec!["*".to_owned()],
            conditions: None,
            actions: actions.collect(),
            retry_delays_s: None,
        };
        let created = node.configuration.create_automation(&BY, customer.id, draft);
        let created = timeout(CALLER_WAITS, created).await;
        self.accounts[account].automation = created.ok().and_then(Result::ok).map(|created| created.id);
    }
}
