// Parts of a page that stay up to date: `<div id="…" data-live="<address>">`. The server sends the part's
// markup again when it has changed. If it cannot, the page stays as it is.
import { patch } from "./patch.js";

export function live(enliven) {
  for (const part of document.querySelectorAll("[data-live]")) {
    watch(part, enliven);
  }
}

function watch(part, enliven) {
  let source;
  const open = () => {
    source?.close();
    source = new EventSource(part.dataset.live);
    source.addEventListener("fragment", (event) => show(part, event.data, enliven));
    // Newer pages have taken the session's streams. This one stays as it is until it is looked at again.
    source.addEventListener("superseded", () => source.close());
  };
  // Only a visible page has a stream, because browsers allow six connections to one server.
  document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : open()));
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
  if (!document.hidden) {
    open();
  }
}

function show(part, markup, enliven) {
  const fresh = document.createElement("template");
  fresh.innerHTML = markup;
  patch(part, fresh.content);
  enliven(part);
  retitle(part);
}

/** Updates the window's title from the part's heading, if that is the page's own. */
function retitle(part) {
  const heading = part.querySelector("h1[data-title]");
  if (heading) {
    const product = document.title.split(" · ").at(-1);
    document.title = `${heading.dataset.title} · ${product}`;
  }
}
