//! Every kind of problem: its stable code, its status, its title.

use http::StatusCode;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// A kind of problem. The code is stable; status and title belong to it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The HTTP status of the response.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)*
                }
            }

            /// The kind of problem in words.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON; the problem carries the position.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON";
    /// The body is not UTF-8; the problem carries the position.
    InvalidUtf8 = "invalid_utf8", BAD_REQUEST, "The body is not UTF-8";
    /// The connection ended before the end of the body.
    IncompleteBody = "incomplete_body", BAD_REQUEST, "The body is incomplete";
    /// Query parameters that do not exist, occur twice, or have a wrong value.
    InvalidQuery = "invalid_query", BAD_REQUEST, "The query parameters are not valid";
    /// A cursor that does not come from this list.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor does not belong to this list";
    /// An id in the path that is malformed.
    InvalidId = "invalid_id", BAD_REQUEST, "The id in the path is not valid";
    /// An event type in the path that is malformed.
    InvalidEventType = "invalid_event_type", BAD_REQUEST, "The event type in the path is not valid";
    /// An `Idempotency-Key` that is malformed.
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "The Idempotency-Key is not valid";
    /// A host or a framing that a proxy in front may read differently.
    AmbiguousRequest = "ambiguous_request", BAD_REQUEST, "The request can be read in two ways";
    /// A Host that cannot be used in a link.
    InvalidHost = "invalid_host", BAD_REQUEST, "The Host header cannot be used in a link";
    /// No key, or an unknown one.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid API key is required";
    /// The caller may not do this.
    PermissionDenied = "permission_denied", FORBIDDEN, "The caller lacks a permission";
    /// No such path.
    RouteNotFound = "route_not_found", NOT_FOUND, "The path does not exist";
    /// No such account.
    AccountNotFound = "account_not_found", NOT_FOUND, "The account does not exist";
    /// No such automation in the account.
    AutomationNotFound = "automation_not_found", NOT_FOUND, "The automation does not exist";
    /// No such event in the account.
    EventNotFound = "event_not_found", NOT_FOUND, "The event does not exist";
    /// No such delivery in the account.
    DeliveryNotFound = "delivery_not_found", NOT_FOUND, "The delivery does not exist";
    /// No such event type in the catalogue.
    EventTypeNotFound = "event_type_not_found", NOT_FOUND, "The event type does not exist";
    /// No such API key.
    ApiKeyNotFound = "api_key_not_found", NOT_FOUND, "The API key does not exist";
    /// No such portal link in the account.
    PortalLinkNotFound = "portal_link_not_found", NOT_FOUND, "The portal link does not exist";
    /// No such session.
    SessionNotFound = "session_not_found", NOT_FOUND, "The session does not exist";
    /// No such action in the automation.
    ActionNotFound = "action_not_found", NOT_FOUND, "The action does not exist";
    /// No such connection in the account.
    ConnectionNotFound = "connection_not_found", NOT_FOUND, "The connection does not exist";
    /// The path exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not have this method";
    /// The body took too long to arrive.
    BodyTimeout = "body_timeout", REQUEST_TIMEOUT, "The body took too long to arrive";
    /// Another account, or another automation of the account, has the `uid`.
    UidTaken = "uid_taken", CONFLICT, "The uid is taken";
    /// A request with the same `Idempotency-Key` is being handled.
    RequestInProgress = "request_in_progress", CONFLICT, "A request with this Idempotency-Key is being handled";
    /// A request with this `Idempotency-Key` failed before its response could be kept.
    OutcomeUnknown = "outcome_unknown", CONFLICT, "Nobody knows whether the request took effect";
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", CONFLICT, "The Idempotency-Key was used for another request";
    /// The event id or the idempotency key was used for another event.
    EventConflict = "event_conflict", CONFLICT, "The id or idempotency key was used for another event";
    /// The account has the maximum number of automations.
    TooManyAutomations = "too_many_automations", CONFLICT, "The account has the maximum number of automations";
    /// The account has the maximum number of connections.
    TooManyConnections = "too_many_connections", CONFLICT, "The account has the maximum number of connections";
    /// Actions use the connection.
    ConnectionInUse = "connection_in_use", CONFLICT, "Actions use the connection";
    /// The installation has the maximum number of API keys.
    TooManyApiKeys = "too_many_api_keys", CONFLICT, "The installation has the maximum number of API keys";
    /// The account has the maximum number of portal links.
    TooManyPortalLinks = "too_many_portal_links", CONFLICT, "The account has the maximum number of portal links";
    /// The key is the last one that administers the installation.
    LastAdminKey = "last_admin_key", CONFLICT, "The API key is the last one that administers the installation";
    /// The account is built in.
    AccountBuiltIn = "account_built_in", CONFLICT, "The account is built in and cannot be deleted";
    /// The automation is off.
    AutomationDisabled = "automation_disabled", CONFLICT, "The automation is off";
    /// No action of the automation can be listened to.
    NotListenable = "not_listenable", CONFLICT, "The automation has no URL that one can listen to";
    /// The attempt that waited for the response has ended.
    RequestNotWaiting = "request_not_waiting", CONFLICT, "No attempt waits for the response";
    /// Another node waits for the response.
    RequestElsewhere = "request_elsewhere", MISDIRECTED_REQUEST, "Another node waits for the response";
    /// The object is not the one that the change was based on.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "The object has changed since";
    /// Other requests kept changing the object.
    ConcurrentUpdate = "concurrent_update", CONFLICT, "Another request changed the object at the same time";
    /// An attempt of the delivery is in progress or about to start.
    DeliveryUnderWay = "delivery_under_way", CONFLICT, "An attempt is already in progress";
    /// The delivery's action was deleted or is off.
    ActionGone = "action_gone", CONFLICT, "The action was deleted or is off";
    /// The delivery has the maximum number of attempts.
    TooManyAttempts = "too_many_attempts", CONFLICT, "The delivery has the maximum number of attempts";
    /// A delivery of the event was attempted, or may be under way.
    EventAttempted = "event_attempted", CONFLICT, "An attempt was made, or may be under way";
    /// A replay of the account, or the sending of missed events, is running.
    ReplayRunning = "replay_running", CONFLICT, "A replay of the account is running";
    /// Deliveries of the account are being canceled.
    CancelRunning = "cancel_running", CONFLICT, "Deliveries of the account are being canceled";
    /// The file of the master key holds as many keys as there can be.
    TooManyMasterKeys = "too_many_master_keys", CONFLICT, "There are too many master keys";
    /// The server cannot rotate the master key by itself.
    MasterKeyElsewhere = "master_key_elsewhere", CONFLICT, "The server cannot rotate the master key by itself";
    /// The account's keys sign the webhooks of the action.
    NoOwnSigningKey = "no_own_signing_key", CONFLICT, "The action has no signing key of its own";
    /// The account or the node has as many exports under way as there can be.
    TooManyExports = "too_many_exports", TOO_MANY_REQUESTS, "Too many exports are under way";
    /// The account or the node has as many searches in data under way as there can be.
    TooManySearches = "too_many_searches", TOO_MANY_REQUESTS, "Too many searches are under way";
    /// The maximum number of clients listen.
    TooManyListeners = "too_many_listeners", TOO_MANY_REQUESTS, "Too many clients listen already";
    /// The account has sent the maximum number of tests within a minute.
    TooManyTests = "too_many_tests", TOO_MANY_REQUESTS, "The account has sent too many tests";
    /// The account has rotated the maximum number of keys within a minute.
    TooManyRotations = "too_many_rotations", TOO_MANY_REQUESTS, "The account has rotated too many keys";
    /// The API key or the account sends more than the operator's limit.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    /// The account has stored the maximum number of bytes.
    StoredBytesExceeded = "stored_bytes_exceeded", TOO_MANY_REQUESTS, "The account has stored the maximum number of bytes";
    /// The body exceeds the limit of the path.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The `data` of an event exceeds the limit of the installation.
    DataTooLarge = "data_too_large", PAYLOAD_TOO_LARGE, "The data of the event is too large";
    /// The body is not declared as JSON in UTF-8, or is compressed.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    /// The body is JSON with the wrong shape or with invalid values.
    InvalidBody = "invalid_body", UNPROCESSABLE_ENTITY, "The body is valid JSON but not a valid request";
    /// The installation refuses event types that are not in its catalogue.
    UnknownEventType = "unknown_event_type", UNPROCESSABLE_ENTITY, "The event type is not in the catalogue";
    /// The `data` does not match the schema of its event type.
    SchemaViolation = "schema_violation", UNPROCESSABLE_ENTITY, "The data does not match the schema of its event type";
    /// A defect, or a damaged store.
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "An internal error occurred";
    /// The store is busy or unreachable.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The server is temporarily unavailable";
    /// The process is shutting down.
    Stopping = "stopping", SERVICE_UNAVAILABLE, "The server is stopping";
    /// Not ready for traffic.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, "The server is not ready";
}

/// The schema of `code`: one of the strings in this table.
pub(super) fn schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(Code::ALL.iter().map(|code| code.as_str())))
        .description(Some("The kind of problem, stable across versions."))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_snake_case() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code:?}");
            assert!(
                code.as_str()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }
}
