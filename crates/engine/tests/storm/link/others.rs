//! Verbs that deliver nothing.

use std::ops::Range;

use async_trait::async_trait;
use postrider_model::*;
use postrider_storage::statistics::latency::Histogram;
use postrider_storage::statistics::{self, *};
use postrider_storage::*;

use super::Link;

verbs!(ConnectionStore {
    create_connection(account: AccountId, connection: Connection, audit: AuditEntry) -> SaveConnection
        => Changed::Account(account);
    connection(account: AccountId, id: ConnectionId) -> Option<Connection>;
    connections(account: AccountId, page: PageRequest) -> Page<Connection>;
    update_connection(account: AccountId, connection: Connection, audit: AuditEntry) -> SaveConnection
        => Changed::Account(account);
    delete_connection(account: AccountId, id: ConnectionId, version: Option<i64>, audit: AuditEntry) -> DeleteConnection
        => Changed::Account(account);
});

verbs!(ApiKeyStore {
    add_api_key(key: ApiKey, audit: AuditEntry) -> AddApiKey;
    configure_api_key(key: Option<ApiKey>, audit: AuditEntry) -> ();
    add_first_api_key(key: ApiKey, audit: AuditEntry) -> bool;
    api_keys() -> Vec<ApiKey>;
    note_api_key_uses(uses: Vec<(ApiKeyId, Timestamp)>) -> ();
    delete_api_key(id: ApiKeyId, audit: AuditEntry) -> RemoveApiKey;
});

verbs!(EventTypeStore {
    put_event_type(event_type: EventType, only_if: PutIf, audit: AuditEntry) -> SaveEventType;
    event_type(name: &EventTypeName) -> Option<EventType>;
    event_types(page: PageRequest) -> Page<EventType>;
    delete_event_type(name: &EventTypeName, updated_at: Option<Timestamp>, audit: AuditEntry) -> DeleteObject;
});

verbs!(ConsoleStore {
    put_grant(grant: Grant, audit: AuditEntry) -> PutGrant;
    begin_session(session: Grant, limits: SessionLimits, audit: AuditEntry) -> BeginSession;
    grant(sha256: &[u8; 32], now: Timestamp) -> Option<Grant>;
    grants(filter: GrantFilter, now: Timestamp, page: PageRequest) -> Page<Grant>;
    take_grant(sha256: &[u8; 32], now: Timestamp, audit: AuditEntry) -> Option<Grant>;
    delete_grant(filter: GrantFilter, id: GrantId, audit: AuditEntry) -> bool;
    delete_grants(filter: GrantFilter, audit: AuditEntry) -> u64;
    keep_sessions(permitted: PermittedSessions, audit: AuditEntry) -> u64;
});

verbs!(StatisticsStore {
    add_statistics(counts: Vec<Count>, latencies: Vec<LatencyCount>) -> ();
    statistics(scope: statistics::Scope, step: TimeStep, span: Range<Timestamp>) -> Vec<(Timestamp, Counts)>;
    latencies(step: TimeStep, span: Range<Timestamp>) -> Histogram;
    action_statistics(account: AccountId, span: Range<Timestamp>) -> Vec<(ActionKey, Counts)>;
    account_statistics(account: AccountId, span: Range<Timestamp>, after: Option<(Timestamp, statistics::Scope)>, limit: usize) -> Vec<(Timestamp, statistics::Scope, Counts)>;
    latency_steps(step: TimeStep, span: Range<Timestamp>) -> Vec<(Timestamp, Histogram)>;
    held_back(account: AccountId, span: Range<Timestamp>) -> Vec<(AutomationId, u64)>;
    failing_actions(span: Range<Timestamp>, limit: usize) -> Vec<FailingAction>;
    stored_bytes(account: AccountId, span: Range<Timestamp>) -> u64;
    prune_statistics(step: TimeStep, before: Timestamp, limit: usize) -> usize;
    backlog(now: Timestamp) -> Backlog;
});

verbs!(HealthStore {
    unhealthy_actions(limit: usize) -> Vec<UnhealthyAction>;
});

verbs!(TemplateStore {
    pin_templates(account: AccountId, templates: Vec<PinTemplate>, now: Timestamp) -> Vec<TemplateNumber>;
    template(number: TemplateNumber) -> Option<PinnedTemplate>;
    prune_templates(before: Timestamp, limit: usize) -> usize;
});

verbs!(MissedStore {
    missed_step(account: AccountId, filter: &MissedFilter, bounds: MissedBounds, after: Option<Position>) -> MissedStep;
    add_missed(account: AccountId, events: Vec<NewMissed>, now: Timestamp, audit: Option<AuditEntry>) -> usize;
});

verbs!(RequestStore {
    claim_request(claim: RequestClaim) -> Claimed;
    keep_response(sha256: [u8; 32], claim: [u8; 16], response: Vec<u8>) -> bool;
    forget_request(sha256: [u8; 32], claim: [u8; 16]) -> ();
});
