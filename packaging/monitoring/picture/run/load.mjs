// The load of a run: producers whose rate rises and falls, people who read the API, and clients in error.
import { setTimeout as sleep } from "node:timers/promises";

const TYPES = ["proposal.accepted", "proposal.sent", "invoice.paid", "invoice.overdue", "customer.created"];

// How often the load looks at its rate. Each look sends the events of the time since the last one.
const TICK_MS = 100;

// More requests at a time would be a load of their own on a small machine.
const IN_FLIGHT_MAX = 64;

// Events a second at a moment of the run, from 0 to 1: two waves, and a peak.
function rateAt(moment) {
  const waves = 24 + 12 * Math.sin(moment * 4 * Math.PI - 1);
  const peak = moment > 0.76 && moment < 0.82 ? 35 : 0;
  return waves + peak;
}

function someEvent(number) {
  return { type: TYPES[number % TYPES.length], data: { number, total: Math.round(Math.random() * 5_000) } };
}

// Sends until `ends_at`. Requests that fail are part of what the panels show.
export async function produce(api, chooseCustomer, { starts_at, ends_at }) {
  let [owed, number, inFlight] = [0, 0, 0];
  while (Date.now() < ends_at) {
    owed += (rateAt((Date.now() - starts_at) / (ends_at - starts_at)) * TICK_MS) / 1_000;
    for (; owed >= 1; owed -= 1) {
      if (inFlight >= IN_FLIGHT_MAX) continue;
      inFlight += 1;
      const { uid } = chooseCustomer();
      number += 1;
      api.call("POST", `/v1/accounts/${uid}/events`, someEvent(number)).finally(() => (inFlight -= 1));
    }
    await sleep(TICK_MS);
  }
}

// A nightly job that sends its events in batches.
export async function produceBatches(api, { ends_at }) {
  for (let number = 0; Date.now() < ends_at; number += 20) {
    const events = Array.from({ length: 20 }, (_, place) => someEvent(number + place));
    await api.call("POST", "/v1/accounts/acme/events/batch", { events });
    await sleep(4_000);
  }
}

// People and scripts, some of which have the wrong path, key or body.
export async function readAndErr(api, chooseCustomer, { ends_at }) {
  for (let round = 0; Date.now() < ends_at; round += 1) {
    const account = `/v1/accounts/${chooseCustomer().uid}`;
    await api.call("GET", `${account}/deliveries?limit=50`);
    await api.call("GET", `${account}/events?limit=50`);
    if (round % 2 === 0) await api.call("GET", "/v1/accounts");
    if (round % 5 === 0) await api.call("GET", `${account}/automations`);
    if (round % 6 === 0) await api.call("GET", "/v1/accounts/no-such-account");
    if (round % 9 === 0) await api.withKey("prk_a-key-that-nobody-has").call("GET", "/v1/accounts");
    if (round % 7 === 0) await api.call("POST", `${account}/events`, { type: "", data: 1 });
    await sleep(700);
  }
}

// One at a time, what happens at which moment of the run.
export async function happen(happenings, { starts_at, ends_at }) {
  for (const [moment, name, action] of happenings) {
    await sleep(Math.max(0, starts_at + moment * (ends_at - starts_at) - Date.now()));
    console.log(`${Math.round((Date.now() - starts_at) / 1_000)} s: ${name}`);
    await action();
  }
}
