// Boxes that tick all boxes of the form that `data-choose-all` names. They are hidden without scripts.

/** Boxes that already have a listener: a live part of the page is handled after each update. */
const working = new WeakSet();

export function chooseAll(part) {
  for (const all of part.querySelectorAll("input[data-choose-all]")) {
    all.hidden = false;
    if (working.has(all)) {
      continue;
    }
    working.add(all);
    all.addEventListener("change", () => {
      for (const box of document.querySelectorAll(`input[form="${all.dataset.chooseAll}"]:enabled`)) {
        box.checked = all.checked;
      }
    });
  }
}
