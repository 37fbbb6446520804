// The scripts that improve pages; all pages work without them. Each module handles the elements of a page,
// and again those that are inserted later.
import { check } from "./check.js";
import { chooseAll } from "./choose.js";
import { copyButtons } from "./copy.js";
import { forms } from "./forms.js";
import { frame } from "./frame.js";
import { live } from "./live.js";
import { progress } from "./progress.js";
import { times } from "./times.js";

/** Applies the modules to a part of the page. */
export function enliven(part) {
  copyButtons(part);
  chooseAll(part);
  forms(part, enliven);
  check(part, enliven);
  times();
}

enliven(document);
frame();
// In a navigation that scrolls, scroll the current link into view.
for (const link of document.querySelectorAll("nav [aria-current]")) {
  const list = link.closest("nav");
  list.scrollLeft = link.offsetLeft - list.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
}
// Within a frame of the operator's product, a sign-in link needs no click.
document.querySelector("form[data-submit]")?.requestSubmit();
live(enliven);
progress(enliven);
