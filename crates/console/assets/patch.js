// Updates a part of the page to new markup by changing only the differences: focus, selection, scroll
// position and open folds stay. Rows with a `data-key` and elements with an `id` keep their identity when
// they move.

/** Gives `old` the children of `fresh`. New keyed elements get the class `fresh`, unless `old` has none. */
export function patch(old, fresh) {
  const known = new Set([...old.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
  if (known.size > 0) {
    for (const row of fresh.querySelectorAll("[data-key]")) {
      row.classList.toggle("fresh", !known.has(row.dataset.key));
    }
  }
  patchChildren(old, fresh);
}

function patchChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf).filter(Boolean));
  const kept = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key && wanted.has(key)) {
      kept.set(key, child);
    } else if (key) {
      child.remove();
    }
  }
  let cursor = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = keyOf(node);
    const same = key ? kept.get(key) : cursor && isAlike(cursor, node) ? cursor : undefined;
    if (!same || !isAlike(same, node)) {
      old.insertBefore(node, cursor);
    } else if (same === cursor) {
      cursor = cursor.nextSibling;
      patchNode(same, node);
    } else {
      old.insertBefore(same, cursor);
      patchNode(same, node);
    }
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function patchNode(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) {
      old.data = fresh.data;
    }
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isOurs(old, name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isOurs(old, name)) {
      old.setAttribute(name, value);
    }
  }
  patchChildren(old, fresh);
}

/** Whether the reader or a script set this attribute: folds, exact times, scripted buttons, fading rows. */
function isOurs(element, name) {
  return (
    (name === "open" && element.matches("details")) ||
    (name === "hidden" && element.matches("button[data-copy], button[data-copy-from]")) ||
    (name === "data-exact" && element.matches("time")) ||
    (name === "class" && (element.matches(".copied") || element.matches(".fresh")))
  );
}

function isAlike(one, other) {
  return one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
}

function keyOf(node) {
  return node.dataset?.key ?? (node.id || undefined);
}
