//! What each kind of problem means to a caller: when it happens, what to do, and a typical `detail`. The
//! pages at `/docs/errors/<code>` show it.
//!
//! A code without an entry does not compile.

use super::Code;

/// What a kind of problem means to a caller. The texts are Markdown without blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// When a request gets it.
    pub when: &'static str,
    /// What the caller should do.
    pub advice: &'static str,
    /// A `detail` of such a problem, or of its one fault.
    pub detail: &'static str,
    /// The place and the code of that fault, if such problems have faults: a JSON pointer or the name of a
    /// query parameter.
    pub fault: Option<(&'static str, &'static str)>,
}

macro_rules! meanings {
    ($($variant:ident: $when:literal, $advice:literal, $detail:literal $(, at $place:literal: $fault:literal)?;)*) => {
        impl Code {
            /// What it means to a caller.
            pub const fn meaning(self) -> Meaning {
                match self {
                    $(Self::$variant => Meaning {
                        when: $when,
                        advice: $advice,
                        detail: $detail,
                        fault: meanings!(@fault $($place, $fault)?),
                    },)*
                }
            }
        }
    };
    (@fault $place:literal, $fault:literal) => { Some(($place, $fault)) };
    (@fault) => { None };
}

meanings! {
    MalformedJson:
        "The body of the request is not valid JSON. `position` says where it stops being JSON.",
        "Correct the body. Serialise it with a JSON library instead of building it from strings.",
        "expected a value at line 3, column 7 (byte 42)";
    InvalidUtf8:
        "The body of the request is not valid UTF-8. `position` says where.",
        "Encode the body in UTF-8. JSON has no other encoding (RFC 8259, section 8.1).",
        "the body is not valid UTF-8 at byte 42";
    IncompleteBody:
        "The connection ended before the whole body had arrived.",
        "Send the request again. With an `id` or an `Idempotency-Key`, an event is accepted once however often you send it.",
        "the connection ended before the end of the body";
    InvalidQuery:
        "A query parameter does not exist, occurs twice, or has a value that it cannot have. `errors` names each one.",
        "Correct the parameters. The reference lists those of each operation.",
        "expected a whole number from 1 to 250", at "limit": "invalid_parameter";
    InvalidCursor:
        "The `cursor` does not come from this list, or the filters differ from those of the page that it came from.",
        "Use `next_cursor` of the previous page as it is, with the same path and the same filters. To start over, leave \
         `cursor` out.",
        "not a cursor of this list", at "cursor": "invalid_parameter";
    InvalidId:
        "The id in the path is malformed, or has the prefix of another kind of object.",
        "Use the id as the API returned it, such as `evt_01h455vb4pex5vsknk084sn02q`.",
        "expected an id that begins with evt_";
    InvalidEventType:
        "The event type in the path has characters that a name cannot have, or too many.",
        "Use 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`.",
        "an event type has 1 to 128 of a-z, A-Z, 0-9, _, . and -";
    InvalidIdempotencyKey:
        "The header `Idempotency-Key` is empty, too long, repeated, or has other characters than visible ASCII.",
        "Send the header once, with 1 to 255 visible ASCII characters.",
        "send one Idempotency-Key header with 1 to 255 visible ASCII characters";
    AmbiguousRequest:
        "A proxy and this server could read the request differently: it names no host, several, or one that is not a host, \
         or its `Transfer-Encoding` is not `chunked`. The server closes the connection.",
        "Send one `Host`, and either `Content-Length` or `Transfer-Encoding: chunked`. HTTP libraries do so by themselves.",
        "the request names more than one host";
    InvalidHost:
        "A portal link was requested, the setting `public_url` is not set, and the `Host` header of the request cannot be \
         part of a link.",
        "Send one `Host` header without user info, or set `public_url`.",
        "the link uses the request's host: send one Host header without user info, or set `public_url`";
    Unauthorized:
        "The request has no API key, or one that does not exist, has expired or was deleted.",
        "Send `Authorization: Bearer <key>` with a valid API key. Do not retry with the same key.",
        "send an API key of this installation in the header `Authorization: Bearer <key>`";
    PermissionDenied:
        "The API key is valid, but lacks the permission that the operation requires, or is limited to one account and the \
         operation concerns the installation.",
        "Use a key with the permission that `detail` names. The reference names the permission of each operation.",
        "this request requires the permission `manage`";
    RouteNotFound:
        "The path does not exist. Paths are case-sensitive and do not end with a slash.",
        "Compare the path with the reference. Behind a proxy, check which part of the path it removes.",
        "no route matches /v1/acounts";
    AccountNotFound:
        "No account has the id or `uid` in the path, or the API key is limited to another account.",
        "Create the account first, or correct the id. A `uid` is case-sensitive.",
        "no account has this id or uid";
    AutomationNotFound:
        "The account has no automation with the id or `uid` in the path. Deleted automations are not found either.",
        "List the account's automations. Check that the automation belongs to this account.",
        "the account has no automation with this id or uid";
    EventNotFound:
        "The account has no event with this id: it belongs to another account, was never accepted, or is older than the \
         installation's retention.",
        "Check the account and the id. Do not retry.",
        "the account has no event with this id";
    DeliveryNotFound:
        "The account has no delivery with this id: it belongs to another account, or is older than the installation's \
         retention.",
        "Check the account and the id. Do not retry.",
        "the account has no delivery with this id";
    EventTypeNotFound:
        "The catalogue has no event type with this name, or the caller may not see it.",
        "Create it with `PUT /v1/event-types/{name}`, or correct the name. Names are case-sensitive.",
        "the catalogue has no event type with this name";
    ApiKeyNotFound:
        "No API key has this id. It may have been deleted.",
        "List the API keys for their ids.",
        "no API key has this id";
    PortalLinkNotFound:
        "The account has no portal link with this id: it was revoked, has expired, or belongs to another account.",
        "List the account's portal links for their ids.",
        "the account has no portal link of this id";
    SessionNotFound:
        "No session has this id. It may have ended.",
        "List the sessions for their ids.",
        "no session has this id";
    ActionNotFound:
        "The automation has no action with this id. An action that an update sends without its `id` is a new one.",
        "Read the automation for the ids of its actions.",
        "the automation has no action with this id";
    ConnectionNotFound:
        "The account has no connection with this id.",
        "List the account's connections. Those of the installation belong to the account `system`.",
        "the account has no connection with this id";
    MethodNotAllowed:
        "The path exists, but not with this method. The header `Allow` lists the methods that it has.",
        "Correct the method.",
        "the Allow header lists the methods of this path";
    BodyTimeout:
        "The body did not arrive in time.",
        "Send the request again. With an `id` or an `Idempotency-Key`, an event is accepted once however often you send \
         it. If it happens often, send smaller batches.",
        "the body did not arrive within 30 s";
    UidTaken:
        "Another account of the installation, or another automation of the account, has this `uid`.",
        "Read the object by its `uid` and update it, or choose another `uid`.",
        "the uid is taken; an account's must be unique in the installation, an automation's in its account";
    RequestInProgress:
        "A request with the same `Idempotency-Key` arrived earlier and is being handled, often because the client gave up \
         waiting for its response.",
        "Retry after the seconds that `Retry-After` names, with the same key and body. You then get the first response.",
        "a request with this Idempotency-Key is being handled; try again in a moment";
    OutcomeUnknown:
        "A request with the same `Idempotency-Key` failed with 500, or its node stopped or lost its store before it could \
         keep the response. The request is not handled again with this key.",
        "Look whether it took effect: list the objects that it would have created or changed. If it did not, send it with a \
         new key.",
        "a request with this Idempotency-Key failed before its response could be kept; see whether it took effect, and use \
         a new key if it did not";
    IdempotencyKeyReused:
        "In the last 24 hours, the same API key sent another request with this `Idempotency-Key`: to another path, or with \
         another body.",
        "Make a new key for each request, and send the same body when you retry.",
        "this Idempotency-Key was used for another request in the last 24 hours";
    EventConflict:
        "The `id` or the `Idempotency-Key` was used before for an event with another type, data, time, id or headers. The \
         earlier event stays as it is.",
        "Use one id per event. Do not retry: find out why two events got the same id.",
        "this id or Idempotency-Key was used before with a different type, data, time, id or headers";
    TooManyAutomations:
        "The account has as many automations as an account can have.",
        "Delete automations that are not used, or add an action to an existing one.",
        "an account can have at most 200 automations";
    TooManyConnections:
        "The account has as many connections as an account can have.",
        "Delete connections that no action uses.",
        "an account can have at most 50 connections";
    ConnectionInUse:
        "The connection cannot be deleted, because actions use it.",
        "Give these actions another connection, or none, then delete it.",
        "these automations use the connection: Tell the CRM (auto_01h455vb4pex5vsknk084sn02q)";
    TooManyApiKeys:
        "The installation has as many API keys as it can have.",
        "Delete keys that are not used. `last_used_at` tells which.",
        "the installation has 50000 API keys; delete some that are not used";
    TooManyPortalLinks:
        "The account has as many portal links as an account can have.",
        "Revoke links that are not used, wait until they expire, or create them with a shorter life.",
        "the account has 10000 portal links; revoke some or wait until they expire";
    LastAdminKey:
        "The API key is the last one with `admin` that never expires. Without it, nobody could administer the installation.",
        "Create another key with `admin` first.",
        "without this key nobody could administer the installation; create another key with `admin` first";
    AccountBuiltIn:
        "The account `system` belongs to the installation and cannot be deleted.",
        "Delete its automations and connections instead, if you do not need them.",
        "the account `system` holds the operator's automations and cannot be deleted";
    AutomationDisabled:
        "The automation, or each of its actions, is off, so nothing would be sent.",
        "Switch it on: `PATCH` the automation with `{\"enabled\": true}`.",
        "the automation is off, so Postrider would not send the test; switch it on first";
    PreconditionFailed:
        "The request has an `If-Match` header, and the object has another `ETag` now, or does not exist. Or it has \
            `If-None-Match: *`, and the object exists already.",
        "Read the object, make your change to it again, and send its new `ETag`.",
        "the object has the tag \"acct_01h455vb4pex5vsknk084sn02q.2\" now; read it, and make the change again";
    ConcurrentUpdate:
        "Other requests changed the object at the same time, several times in a row. Nothing was changed by this request.",
        "Read the object, and retry. Serialise your own updates of one object.",
        "other requests kept changing the object; read it and retry";
    DeliveryUnderWay:
        "The delivery cannot be resent now: an attempt is in progress or about to start.",
        "Wait for the outcome of the attempt, then decide whether to resend.",
        "an attempt is in progress or about to start; wait for its outcome";
    ActionGone:
        "The delivery cannot be resent: its action was deleted, or the action or its automation is off.",
        "Switch the action on, then resend. If it was deleted, send the event again to a new action.",
        "the action was deleted, or the action or its automation is off";
    TooManyAttempts:
        "The delivery has as many attempts as a delivery can have, resends included.",
        "Report the event again under a new id.",
        "the delivery has the maximum number of attempts";
    EventAttempted:
        "The event cannot be canceled: an attempt of one of its deliveries was made, or may be under way.",
        "Cancel its pending deliveries instead, with the filter `event_id`.",
        "an attempt was made or may be under way; cancel the event's pending deliveries instead";
    ReplayRunning:
        "A replay of the account, or the sending of missed events, is running on this node. An account has one at a time.",
        "Wait until it has ended, then retry. Watch the account's pending deliveries to see its progress.",
        "an account has one replay, or sending of missed events, at a time on each node; retry once the other has ended";
    CancelRunning:
        "Another request is canceling deliveries of the account on this node.",
        "Wait until it has ended, then retry.",
        "deliveries of an account are canceled by one request at a time on each node; retry once the other has ended";
    TooManyMasterKeys:
        "The file of the master key holds as many keys as it can hold.",
        "Remove the keys that seal nothing any more from the file, and restart the server.",
        "/etc/postrider/master.key holds 100 keys, the most there can be: remove those that seal nothing any more, and restart the server";
    MasterKeyElsewhere:
        "The server cannot add a master key by itself: the key comes from a command or a variable, or other nodes work on the same database and would not have the new key.",
        "Follow the steps that `detail` names: give every node the new key, then restart them.",
        "the master key comes from POSTRIDER_MASTER_KEY, where the server cannot add one. Give it a new key before the old ones, and restart the server: it then seals everything again. `postrider keys master new` prints a key";
    NoOwnSigningKey:
        "The action's keys cannot be rotated: it has none, because the account's keys sign its webhooks.",
        "Set the action's `signing_key` to give it a key of its own, or rotate the account's key.",
        "the account's keys sign the webhooks of this action; set its `signing_key` to give it its own";
    NotListenable:
        "No action of the automation has a URL whose host is a name below `listen.invalid`.",
        "Create an automation with such a URL, or run `postrider listen`, which does.",
        "no action of the automation has a URL such as https://my-machine.listen.invalid/";
    RequestNotWaiting:
        "The attempt has ended: it reached its timeout, its response was returned before, or the stream has ended.",
        "Nothing. The delivery is retried on its schedule, and the request then comes over the stream again.",
        "no attempt waits for the response";
    RequestElsewhere:
        "The response reached another node than the one that waits for it.",
        "Send the response again over another connection, until it reaches that node.",
        "another node waits for the response";
    TooManyListeners:
        "32 clients of the account, or 512 in all, listen on this node.",
        "End a `postrider listen` that nobody needs any more.",
        "too many clients listen already";
    TooManyExports:
        "The account has an export under way on this node, or the node has four.",
        "Wait for the seconds that `Retry-After` names, and until your other export has ended.",
        "an account has one export at a time, and a node four; retry later";
    TooManySearches:
        "The account has a search with `data_contains` under way on this node, or the node has four.",
        "Wait for the seconds that `Retry-After` names, and until your other search has ended.",
        "an account has one search in data at a time, and a node four; retry later";
    TooManyTests:
        "The account has sent as many tests within a minute as it may.",
        "Wait for the seconds that `Retry-After` names.",
        "an account can send 10 tests a minute on each node";
    TooManyRotations:
        "The account has rotated as many signing keys within a minute as it may.",
        "Wait for the seconds that `Retry-After` names.",
        "an account can rotate 10 keys a minute on each node";
    RateLimited:
        "The API key sends more requests, or the account gets more events, than the operator allows. The headers \
         `RateLimit` and `RateLimit-Policy` state the limit. Nothing was accepted.",
        "Wait for the seconds that `Retry-After` names, then retry. Report events in batches to need fewer requests.",
        "this API key can send 100 requests a second on each node; retry later";
    StoredBytesExceeded:
        "The account has stored as many bytes of events as the operator allows. Nothing was accepted. An event that \
         repeats a stored one still gets its first response.",
        "Retry after the seconds that `Retry-After` names: events expire with age. Send smaller `data`, or ask the operator \
         to raise the limit.",
        "an account can store at most 1073741824 bytes; events expire with age, so retry later";
    BodyTooLarge:
        "The body of the request exceeds the limit of its path, which `detail` names.",
        "Send less: split a batch, or put a link to a large document into `data` instead of the document.",
        "the body can have at most 1048576 bytes";
    DataTooLarge:
        "The `data` of the event exceeds the limit of the installation, which `detail` names.",
        "Put a link to a large document into `data` instead of the document.",
        "data can have at most 262144 bytes", at "/data": "too_long";
    UnsupportedMediaType:
        "The request does not declare its body as JSON in UTF-8, or the body is compressed.",
        "Send `Content-Type: application/json`, and no `Content-Encoding`.",
        "the Content-Type must be application/json or application/…+json, in UTF-8";
    InvalidBody:
        "The body is JSON, but not a valid request: it has an unknown member, lacks one, or a member has a value that it \
         cannot have. `errors` lists each fault with a JSON pointer to its place and a code of its own.",
        "Correct the body at each `pointer`. Do not retry the same body.",
        "unknown member", at "/actions/0/urll": "unknown_member";
    UnknownEventType:
        "The installation accepts only the event types of its catalogue, and this type is not in it. The event was not \
         accepted.",
        "Add the event type to the catalogue, or correct its name.",
        "this event type is not in the catalogue", at "/type": "unknown_event_type";
    SchemaViolation:
        "The `data` of the event does not match the JSON Schema of its event type. `errors` lists each violation. The event \
         was not accepted.",
        "Correct `data`, or the schema of the event type. Do not retry the same event.",
        "12 is not of type \"string\"", at "/data/total": "schema_violation";
    InternalError:
        "A defect of the server, or a damaged store. The response hides the reason; the server's log has it under the id of \
         the header `x-request-id`.",
        "Retry with the same `id` or `Idempotency-Key`. If it persists, look up the request id in the log, and report the \
         defect.",
        "the request failed; the server's log has the reason";
    Unavailable:
        "The store is busy or unreachable, or too many large requests are in progress. Nothing was changed, unless the \
         connection to the store was lost during the request.",
        "Retry after the seconds that `Retry-After` names, with the same `id` or `Idempotency-Key`, and with growing pauses.",
        "the write queue is full; retry in a moment";
    Stopping:
        "The node is shutting down. Nothing was accepted.",
        "Retry: a load balancer sends the request to another node. With one node, wait until it has started again.",
        "the server is stopping; nothing was accepted, so retry";
    NotReady:
        "`GET /readyz`: the store does not respond or cannot write, so the node should get no traffic.",
        "Send requests to another node. The log of this node says what is wrong with its store.",
        "the store does not respond or cannot write";
}
