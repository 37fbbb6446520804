import { Postrider } from "postrider-client";

const postrider = new Postrider();
const sender = postrider.events.sender("customer-42", {
  maxWaitMs: 50,
  onFailure: (event, error) => console.error(event.id, error.code, error.errors),
});
for (let n = 1; n <= 2500; n++) {
  await sender.add({ type: "meter.read", data: { n } }); // waits while the queue is full
}
const { id, result } = await sender.add({ type: "meter.closed", data: {} });
await sender.flush();
console.log(id, (await result).created_at);
await sender.close({ signal: AbortSignal.timeout(8_000) }); // at the end of the process
