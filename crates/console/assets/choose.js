// Boxes that tick all boxes of the form that `data-choose-all` names, and the count of those that are ticked.
// Both are hidden without scripts.

/** Elements that already have a listener: a live part of the page is handled after each update. */
const working = new WeakSet();

export function chooseAll(part) {
  for (const all of part.querySelectorAll("input[data-choose-all]")) {
    all.hidden = false;
    if (working.has(all)) {
      continue;
    }
    working.add(all);
    all.addEventListener("change", () => {
      for (const box of boxesOf(all.dataset.chooseAll)) {
        box.checked = all.checked && !box.disabled;
      }
      countAll();
    });
  }
  countAll();
}

// Boxes are outside of their form, so its events of changes are seen on the document.
document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=checkbox][form]")) {
    countAll();
  }
});
// The boxes are reset after the event.
document.addEventListener("reset", () => setTimeout(() => {
  for (const all of document.querySelectorAll("input[data-choose-all]")) {
    all.checked = false;
  }
  countAll();
}));

function boxesOf(form) {
  return [...document.querySelectorAll(`input[type=checkbox][form="${form}"]`)];
}

/** Writes how many boxes are ticked. A live update may have removed some. */
function countAll() {
  for (const count of document.querySelectorAll("[data-count-chosen]")) {
    const ticked = boxesOf(count.closest("form").id).filter((box) => box.checked).length;
    const words = ticked === 0 ? "" : `${ticked} ticked`;
    if (count.textContent !== words) {
      count.textContent = words;
    }
  }
}
