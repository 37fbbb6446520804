from postrider_client import Postrider

postrider = Postrider()
sender = postrider.events.sender(
    "customer-42",
    max_wait_s=0.05,
    on_failure=lambda event, error: print(event["id"], error.code, error.errors),
)
for n in range(2500):
    sender.add({"type": "meter.read", "data": {"n": n}})  # waits while the queue is full
id, future = sender.add({"type": "meter.closed", "data": {}})
sender.flush()
print(id, future.result()["created_at"])
sender.close(timeout_s=8)  # at the end of the process
