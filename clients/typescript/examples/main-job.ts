import { Postrider } from "postrider-client";

const postrider = new Postrider(); // reads POSTRIDER_URL and POSTRIDER_API_KEY

await postrider.accounts.create({ uid: "customer-42", name: "Acme" });
await postrider.automations.put("customer-42", "tell-the-crm", {
  name: "Tell the CRM",
  trigger: { event_types: ["proposal.accepted"] },
  actions: [{ type: "send_webhook", url: process.env.CRM_URL ?? "https://crm.example.com/hooks" }],
});
const event = await postrider.events.create("customer-42", {
  type: "proposal.accepted",
  data: { total: 1250 },
});
for await (const delivery of postrider.deliveries.list("customer-42", { event_id: event.id })) {
  console.log(delivery.id, delivery.status); // dlv_… pending, and soon succeeded
}
