// The customers of a run: accounts, their automations, and how many events each of them has.

const MAIL = {
  type: "send_email",
  to: ["sales@example.com"],
  subject: "{{ event.type }}",
  text: "Number {{ data.number }}.",
};

// `weight` is the share of all events. The ERP is the receiver that has an outage.
function customers({ url, erpUrl }) {
  const webhook = (path, more = {}) => ({ type: "send_webhook", url: url + path, ...more });
  return [
    { uid: "acme", weight: 30, actions: [webhook("/quick")] },
    { uid: "globex", weight: 20, actions: [webhook("/steady")] },
    { uid: "initech", weight: 14, actions: [webhook("/slow")] },
    { uid: "hooli", weight: 12, actions: [webhook("/flaky")] },
    { uid: "umbrella", weight: 16, actions: [{ type: "send_webhook", url: `${erpUrl}/quick` }] },
    // Few: an account may send a thousand e-mails an hour, and more would wait.
    { uid: "stark", weight: 0.5, actions: [webhook("/quick"), MAIL] },
    { uid: "wayne", weight: 1.2, actions: [webhook("/broken")], retry_delays_s: [5, 20] },
    { uid: "tyrell", weight: 0.6, actions: [webhook("/silent", { timeout_s: 4 })], retry_delays_s: [10] },
    { uid: "cyberdyne", weight: 0.2, actions: [webhook("/gone")], retry_delays_s: [10] },
  ];
}

// Creates them, and returns a function that chooses one by weight.
export async function createCustomers(api, receivers) {
  const all = customers(receivers);
  for (const { uid, actions, retry_delays_s } of all) {
    await api.expect(201, "POST", "/v1/accounts", { uid, name: uid });
    const automation = { name: "Tell our systems", trigger: { event_types: ["*"] }, actions, retry_delays_s };
    await api.expect(201, "POST", `/v1/accounts/${uid}/automations`, automation);
  }
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let left = Math.random() * total;
    return all.find(({ weight }) => (left -= weight) < 0) ?? all[0];
  };
}
