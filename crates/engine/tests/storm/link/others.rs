//! Verbs that deliver nothing.

use std::ops::Range;

use async_trait::async_trait;
use postrider_model::*;
use postrider_storage::statistics::latency::Histogram;
use postrider_storage::statistics::{self, *};
use postrider_storage::*;

use super::Link;

verbs!(ApiKeyStore {
    add_api_key(key: ApiKey) -> AddApiKey;
    configure_api_key(key: Option<ApiKey>) -> ();
    add_first_api_key(key: ApiKey) -> bool;
    api_keys() -> Vec<ApiKey>;
    note_api_key_uses(uses: Vec<(ApiKeyId, Timestamp)>) -> ();
    delete_api_key(id: ApiKeyId) -> RemoveApiKey;
});

verbs!(EventTypeStore {
    put_event_type(event_type: EventType) -> (EventType, bool);
    event_type(name: &EventTypeName) -> Option<EventType>;
    event_types(page: PageRequest) -> Page<EventType>;
    delete_event_type(name: &EventTypeName) -> bool;
});

verbs!(ConsoleStore {
    put_grant(grant: Grant) -> PutGrant;
    begin_session(session: Grant, limits: SessionLimits) -> BeginSession;
    grant(sha256: &[u8; 32], now: Timestamp) -> Option<Grant>;
    grants(filter: GrantFilter, now: Timestamp, page: PageRequest) -> Page<Grant>;
    take_grant(sha256: &[u8; 32], now: Timestamp) -> Option<Grant>;
    delete_grant(filter: GrantFilter, id: GrantId) -> bool;
    delete_grants(filter: GrantFilter) -> u64;
    keep_sessions(permitted: PermittedSessions) -> u64;
});

verbs!(StatisticsStore {
    add_statistics(counts: Vec<Count>, latencies: Vec<LatencyCount>) -> ();
    statistics(scope: statistics::Scope, step: TimeStep, span: Range<Timestamp>) -> Vec<(Timestamp, Counts)>;
    latencies(step: TimeStep, span: Range<Timestamp>) -> Histogram;
    action_statistics(account: AccountId, span: Range<Timestamp>) -> Vec<(ActionKey, Counts)>;
    failing_actions(span: Range<Timestamp>, limit: usize) -> Vec<FailingAction>;
    newest_results(account: AccountId, actions: Vec<ActionId>, span: Range<Timestamp>) -> Vec<NewestResults>;
    stored_bytes(account: AccountId, span: Range<Timestamp>) -> u64;
    prune_statistics(step: TimeStep, before: Timestamp, limit: usize) -> usize;
    backlog(now: Timestamp) -> Backlog;
});
