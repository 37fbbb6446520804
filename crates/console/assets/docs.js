// The documentation: copy buttons, the language of examples, results while somebody types, and the
// place of the page among all. Without scripts, the search is a form, and the first language is shown.
import { copyButtons } from "./copy.js";

const PAUSE_MS = 150;
const LANGUAGE = "docs-language";

copyButtons(document);
languages();
search();
showPlace();

/** Scrolls the list of pages, and not the page, to the entry of this page. */
function showPlace() {
  const pages = document.getElementById("pages");
  const entry = pages.querySelector("[aria-current=page]");
  if (entry) {
    const above = entry.getBoundingClientRect().top - pages.getBoundingClientRect().top;
    pages.scrollTop += above - pages.clientHeight / 2;
  }
}

/** Remembers the language that the reader chose. */
function languages() {
  const chosen = document.getElementById(`language-${stored()}`);
  if (chosen) {
    chosen.checked = true;
  }
  for (const radio of document.querySelectorAll("input[name=language]")) {
    radio.addEventListener("change", () => store(radio.id.slice("language-".length)));
  }
}

function stored() {
  try {
    return localStorage.getItem(LANGUAGE);
  } catch {
    return null;
  }
}

function store(language) {
  try {
    localStorage.setItem(LANGUAGE, language);
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
}

/** Shows the results of the search page below the field. */
function search() {
  const form = document.querySelector("form.docs-search");
  const [field, found] = [form.elements.q, document.getElementById("found")];
  let timer;
  let asked = "";
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      found.hidden = true;
      field.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      move(event);
    }
  });
  document.addEventListener("click", (event) => {
    found.hidden ||= !form.contains(event.target);
  });

  async function ask() {
    asked = field.value.trim();
    const words = asked;
    if (words === "") {
      found.hidden = true;
      return;
    }
    const response = await fetch(`${form.action}?q=${encodeURIComponent(words)}`).catch(() => null);
    if (!response?.ok || words !== asked) {
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    found.replaceChildren(...page.getElementById("results").children);
    found.hidden = false;
  }

  function move(event) {
    const links = [...found.querySelectorAll("a")];
    if (found.hidden || links.length === 0) {
      return;
    }
    event.preventDefault();
    const now = links.indexOf(document.activeElement);
    const next = now + (event.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? field).focus();
  }
}
