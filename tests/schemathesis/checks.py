"""Three checks of schemathesis that know which refusals the API's document cannot express.

`positive_data_acceptance` expects every request that matches the document to succeed, and
`negative_data_rejection` expects every other to be refused; `status_code_conformance` knows the documented
statuses alone. The checks here are the same, and pass what is explained below. A refusal that is not explained is a
fault of the API or of its document.

To explain another one, say why a JSON Schema cannot say it. Prefer to correct the document.
"""

import json
import re

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    status_code_conformance,
)

# The server of HTTP refuses a request whose head is larger than 32 KiB, before there is an operation.
HEAD_TOO_LARGE = 431

# Codes of whole problems.
PROBLEMS = {
    "invalid_cursor": "a cursor holds a check of its list and position; one that matches the pattern is still invented",
    "schema_violation": "`data` has to match the schema that the event's type has at that moment",
    "too_many_tests": "a limit on time",
    "precondition_failed": "an `If-Match` that matches the pattern is still invented",
    "invalid_id": "where a uid is expected, the id of an automation is refused: portable patterns have no negation",
}

# Faults of single query parameters.
PARAMETERS = {
    "cursor": "as above, beside the fault of another parameter",
    "measure": "an event belongs to no action",
    "action": "a filter of the audit trail names an action that exists",
}

# Faults of query parameters with this code.
PARAMETER_CODES = {
    "out_of_range": "statistics are kept for a time, up to now, and have a bounded number of steps",
}

# Faults of single members: the pointer, the codes, and the reason.
FAULTS = [
    (r"", {"filter_required"}, "at least one of several members, beside others"),
    (r"/name", {"blank", "invalid_value"}, "names are judged by Unicode's categories"),
    (r"/uid", {"invalid_value"}, "no uid begins with `acct_`: portable patterns have no negation"),
    (r"/metadata", {"too_long"}, "a bound on bytes of JSON"),
    (r"/account", {"invalid_value"}, "the account has to exist"),
    (r"/permissions", {"invalid_value", "duplicate"}, "`admin` concerns the installation, not an account"),
    (r"/expires_at", {"invalid_value", "out_of_range"}, "the time has to be in the future"),
    (r"/secret", {"duplicate", "invalid_value"}, "a key is new, and its base64 has a length"),
    (r"/schema(/.*)?", {"invalid_value"}, "a JSON Schema has to be one, at a bounded cost"),
    (r"/actions/\d+/id", {"unknown_action", "duplicate"}, "the id of an action that exists, once"),
    (r"/actions/\d+/disabled_reason", {"read_only"}, "only the value that was read can be sent back"),
    (r"/actions/\d+/url", {"url_invalid", "url_scheme", "url_user_info", "url_fragment", "url_port", "url_too_long",
                           "destination_forbidden", "value_required"}, "URLs are judged by their parser and the "
                                                                       "operator's rules"),
    (r"/actions/\d+/secret_query", {"invalid_value"}, "only a URL with a query can keep it secret"),
    (r"/actions/\d+/(plain_)?headers(/.*)?", {"invalid_value", "reserved_header", "duplicate", "too_long",
                                              "value_required", "invalid_template"}, "names and values of headers have rules of "
                                                                                   "their own"),
    (r"/actions/\d+/signature_profile", {"unknown_signature_profile", "signing_key_mismatch"},
     "a profile of the installation, which takes keys of this kind"),
    (r"/actions/\d+/signing_key", {"signing_key_mismatch"}, "the profile has to take keys of this kind"),
    (r"/algorithm", {"signing_key_mismatch"}, "the profiles of all actions that the key signs have to take it"),
    (r"/trigger/conditions(/.*)?", {"invalid_condition"}, "bounds on the whole tree, and values that fit the operator"),
    (r"/actions/\d+/(template|content_type|body_style)", {"blank", "invalid_template", "invalid_value"},
     "templates are judged by their parser, and belong to `body` of `template` alone"),
    (r"(/\d+)?/(id|source|subject|time|dataschema|datacontenttype|data_base64|[a-z0-9]{1,64})",
     {"invalid_value", "too_long"}, "an attribute is text without control characters, a URI, or Base64 of JSON, and bounded "
                                    "in percent-encoding"),
    (r"/actions/\d+/to(/\d+)?", {"invalid_value", "duplicate"}, "e-mail addresses are judged by their parser, each once"),
    (r"/actions/\d+/(subject|text)", {"blank", "invalid_template"}, "templates are judged by their parser"),
    (r"/actions/\d+/type", {"email_not_set_up"}, "the operator decides whether e-mails are sent"),
    (r"/(event_id|automation_id)", {"invalid_value", "unknown_event", "unknown_automation"},
     "what the id names exists, and ids are TypeIDs, whose form has rules that patterns do not say"),
    (r"/(token|user|password|header_name|header_value|token_url|client_id|client_secret|scope|audience|"
     r"client_authentication|certificate|private_key)",
     {"required", "invalid_value", "blank", "too_long", "value_required", "reserved_header", "url_invalid", "url_scheme",
      "url_user_info", "url_fragment", "url_port", "url_too_long", "destination_forbidden"},
     "which members a connection has depends on its type, and credentials have rules of their own"),
    (r"/hosts(/\d+)?", {"invalid_value", "duplicate", "too_few"}, "hosts are judged by the parser of URLs, each once"),
    (r"/type", {"read_only"}, "the type of a connection never changes"),
    (r"(/events/\d+)?/type", {"invalid_value"}, "no type of a producer begins with `postrider.`: as above"),
    (r"/actions/\d+/connection_id", {"invalid_value", "unknown_connection", "duplicate",
                                       "reserved_header", "connection_not_for_host"},
     "a connection that exists, for the host of the URL, whose header the action does not have"),
    (r"/data", {"invalid_value"}, "either `data` or `event_id`"),
    (r"(/events/\d+)?/deliver_at", {"invalid_value"}, "a time at most 30 days ahead of now"),
    (r"/outcome", {"invalid_value"}, "either `outcome` or `status_code`"),
    (r"/body_base64", {"invalid_value"}, "base64 has a length"),
]


def is_explained(problem) -> bool:
    """Whether each part of a refusal is explained."""
    if problem.get("code") in PROBLEMS:
        return True
    # A preview holds an automation, with the faults of one.
    faults = [
        {**fault, "pointer": re.sub(r"^/automation(?=/)", "", fault.get("pointer", "-"))}
        for fault in problem.get("errors", [])
    ]
    return bool(faults) and all(
        fault.get("parameter") in PARAMETERS
        or "parameter" in fault and fault.get("code") in PARAMETER_CODES
        or any(
            re.fullmatch(pointer, fault.get("pointer", "-"), re.DOTALL) and fault.get("code") in codes
            for pointer, codes, _ in FAULTS
        )
        for fault in faults
    )


@schemathesis.check
def valid_requests_are_accepted(ctx, response, case):
    """`positive_data_acceptance`, but for explained refusals."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if is_explained(json.loads(response.content)):
            return None
        raise


@schemathesis.check
def invalid_requests_are_refused(ctx, response, case):
    """`negative_data_rejection`, but a batch gets 202 and each of its events has a status of its own, a
    body or a head that is too large is refused with 413 or 431 whatever else it violates, and a longer
    `If-Match` with 412."""
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if response.status_code in (412, 413, HEAD_TOO_LARGE):
            return None
        if case.operation.label.endswith("/events/batch"):
            results = json.loads(response.content)["data"]
            if any(result["status"] >= 400 for result in results):
                return None
        raise


@schemathesis.check
def statuses_are_documented(ctx, response, case):
    """`status_code_conformance`, but for a head that is too large."""
    if response.status_code == HEAD_TOO_LARGE:
        return None
    return status_code_conformance(ctx, response, case)
