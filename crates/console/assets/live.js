// Parts of a page that stay up to date: `<div id="…" data-live="<address>">`. The server sends the part's markup anew
// whenever it has changed.
import { keepOpen } from "./forms.js";

export function live(enliven) {
  for (const part of document.querySelectorAll("[data-live]")) {
    watch(part, enliven);
  }
}

function watch(part, enliven) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("fragment", (event) => show(part, event.data, enliven));
  // A page that is left must not keep its stream: browsers allow six connections to one server.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}

function show(part, markup, enliven) {
  const fresh = document.createElement("div");
  fresh.innerHTML = markup;
  markFresh(part, fresh);
  keepOpen(part, fresh);
  const focused = part.contains(document.activeElement) ? pathTo(document.activeElement) : undefined;
  part.replaceChildren(...fresh.childNodes);
  enliven(part);
  if (focused) {
    part.querySelector(focused)?.focus({ preventScroll: true });
  }
}

/** Rows with a `data-key` that were not there before are shown as new. */
function markFresh(part, fresh) {
  const known = new Set([...part.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
  if (known.size === 0) {
    return;
  }
  for (const row of fresh.querySelectorAll("[data-key]")) {
    row.classList.toggle("fresh", !known.has(row.dataset.key));
  }
}

/** What finds the same link, button or fold in the new markup. */
function pathTo(element) {
  if (element.id) {
    return `#${CSS.escape(element.id)}`;
  }
  const href = element.getAttribute("href");
  if (href) {
    return `a[href="${CSS.escape(href)}"]`;
  }
  const fold = element.closest("details[id]");
  return fold && element.matches("summary") ? `#${CSS.escape(fold.id)} > summary` : undefined;
}
