// Everything that pages do better with scripts than without. Each module works on what it finds in a page,
// and again on what is put in later.
import { copyButtons } from "./copy.js";
import { forms } from "./forms.js";
import { live } from "./live.js";
import { progress } from "./progress.js";
import { times } from "./times.js";

/** Brings a part of the page to life. */
export function enliven(part) {
  copyButtons(part);
  forms(part, enliven);
  times();
}

enliven(document);
// Where a navigation scrolls, the place one is at is in view.
for (const link of document.querySelectorAll("nav [aria-current]")) {
  const list = link.closest("nav");
  list.scrollLeft = link.offsetLeft - list.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
}
live(enliven);
progress(enliven);
