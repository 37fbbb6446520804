// Forms that the server changes without a new page (`data-swap`), only for buttons that save nothing. Also a
// field that filters long lists of choices (`data-filter`).
const FILTERED_MIN = 8;

export function forms(part, enliven) {
  const found = part.matches?.("form[data-swap]") ? [part] : part.querySelectorAll("form[data-swap]");
  for (const form of found) {
    form.addEventListener("submit", (event) => swap(event, form, enliven));
  }
  for (const list of part.querySelectorAll("[data-filter]")) {
    filter(list);
  }
}

async function swap(event, form, enliven) {
  const button = event.submitter;
  if (!button?.formNoValidate) {
    return;
  }
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form));
  fields.append(button.name, button.value);
  const response = await fetch(form.action, { method: "POST", body: fields }).catch(() => undefined);
  const page = response && new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page?.getElementById(form.id);
  if (!fresh) {
    // The response has no such form: let the browser submit it and show the response.
    button.formNoValidate = false;
    form.requestSubmit(button);
    return;
  }
  keepOpen(form, fresh);
  form.replaceWith(fresh);
  enliven(fresh);
  (fresh.querySelector("[autofocus]") ?? fresh.querySelector("[name=do][value=add]"))?.focus();
}

/** Keeps open folds open. */
export function keepOpen(old, fresh) {
  for (const fold of old.querySelectorAll("details[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(fold.id)}`);
    if (same) {
      same.open = fold.open;
    }
  }
}

function filter(list) {
  const choices = [...list.querySelectorAll(".choice")];
  if (choices.length < FILTERED_MIN) {
    return;
  }
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = list.dataset.filter;
  field.setAttribute("aria-label", list.dataset.filter);
  field.addEventListener("input", () => {
    const words = field.value.trim().toLowerCase();
    for (const choice of choices) {
      choice.hidden = !choice.textContent.toLowerCase().includes(words);
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
    }
  });
  const box = document.createElement("div");
  box.className = "filter";
  box.append(field);
  list.prepend(box);
}
