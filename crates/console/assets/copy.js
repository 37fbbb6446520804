// Buttons that copy the value of `data-copy`, or the text of the element that `data-copy-from` names. They
// are hidden without scripts.
const SHOWN_MS = 1500;

/** Buttons that already have a listener: a live part of the page is handled after each update. */
const working = new WeakSet();

export function copyButtons(part) {
  for (const button of part.querySelectorAll("button[data-copy], button[data-copy-from]")) {
    if (working.has(button)) {
      continue;
    }
    working.add(button);
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = source ? source.textContent : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https, browsers offer only this way to the clipboard.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    button.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.classList.add("copied");
  announce("Copied");
  setTimeout(() => button.classList.remove("copied"), SHOWN_MS);
}

/** Announces a text to screen readers. */
export function announce(words) {
  let region = document.getElementById("announcements");
  if (!region) {
    region = document.createElement("p");
    region.id = "announcements";
    region.className = "unseen";
    region.setAttribute("role", "status");
    document.getElementById("main").append(region);
  }
  region.textContent = words;
}
