// Forms that show what they would do while they are filled in (`data-check`): after each pause, the server
// renders the form as typed, and the parts with these ids are updated.
import { patch } from "./patch.js";

const PARTS = ["check", "fields"];
const PAUSE_MS = 400;

export function check(part, enliven) {
  const found = part.matches?.("form[data-check]") ? [part] : part.querySelectorAll("form[data-check]");
  for (const form of found) {
    let timer;
    let request;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      request?.abort();
      timer = setTimeout(() => {
        request = new AbortController();
        look(form, enliven, request.signal).catch(() => undefined);
      }, PAUSE_MS);
    });
  }
}

async function look(form, enliven, signal) {
  const fields = new URLSearchParams(new FormData(form));
  fields.append("do", "check");
  const response = await fetch(form.getAttribute("action"), { method: "POST", body: fields, signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of PARTS) {
    const [old, fresh] = [form.querySelector(`#${id}`), page.getElementById(id)];
    if (old && fresh) {
      patch(old, fresh);
      enliven(old);
    }
  }
}
