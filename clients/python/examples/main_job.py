import os

from postrider_client import Postrider

postrider = Postrider()  # reads POSTRIDER_URL and POSTRIDER_API_KEY

postrider.accounts.create({"uid": "customer-42", "name": "Acme"})
postrider.automations.put("customer-42", "tell-the-crm", {
    "name": "Tell the CRM",
    "trigger": {"event_types": ["proposal.accepted"]},
    "actions": [{"type": "send_webhook", "url": os.environ.get("CRM_URL", "https://crm.example.com/hooks")}],
})  # fmt: skip
event = postrider.events.create("customer-42", {"type": "proposal.accepted", "data": {"total": 1250}})
for delivery in postrider.deliveries.list("customer-42", event_id=event["id"]):
    print(delivery["id"], delivery["status"])  # dlv_… pending, and soon succeeded
