"""Client for Postrider: report events, manage automations, verify webhooks."""

from ._event_ids import new_event_id
from ._listing import Listing, Page
from ._version import VERSION as __version__
from .batch_sender import BatchSender, QueuedEvent
from .client import Postrider
from .errors import PostriderError
from .webhooks import (
    WebhookEvent,
    WebhookVerificationError,
    verify_postrider_signature,
    verify_webhook,
)

__all__ = [
    "BatchSender",
    "Listing",
    "Page",
    "Postrider",
    "PostriderError",
    "QueuedEvent",
    "WebhookEvent",
    "WebhookVerificationError",
    "__version__",
    "new_event_id",
    "verify_postrider_signature",
    "verify_webhook",
]
