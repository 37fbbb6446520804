// Forms that show what they would do while they are filled in (`data-check`): after each pause, the server
// renders the form as typed, and its parts (`data-part`, with an id) are updated. Also fields of an event
// that are clicked into a text (`data-insert`).
import { patch } from "./patch.js";

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
  for (const chip of part.querySelectorAll("[data-insert]")) {
    offer(chip);
  }
}

async function look(form, enliven, signal) {
  const fields = new URLSearchParams(new FormData(form));
  fields.append("do", "check");
  const response = await fetch(form.getAttribute("action"), { method: "POST", body: fields, signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const old of form.querySelectorAll("[data-part]")) {
    const fresh = page.getElementById(old.id);
    if (fresh) {
      patch(old, fresh);
      enliven(old);
    }
  }
}

/** Makes a field a button that inserts it where the cursor is. */
function offer(chip) {
  const target = document.getElementById(chip.closest("[data-insert-into]").dataset.insertInto);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.title = chip.title;
  button.textContent = chip.textContent;
  button.addEventListener("click", () => {
    target.setRangeText(chip.dataset.insert, target.selectionStart, target.selectionEnd, "end");
    target.focus();
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
  chip.replaceWith(button);
}
