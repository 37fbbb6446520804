// Within a frame of the operator's product: tells the page around it what embed.js there acts on, and takes
// the theme from it. Only sites of the setting `console_frame_ancestors` can be around this page.
const SOURCE = "postrider";

export function frame() {
  if (window.parent === window) {
    return;
  }
  new ResizeObserver(() => tell("height")).observe(document.body);
  tell("page", { top: top(), signed_in: isSignedIn() });
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || data?.source !== SOURCE) {
      return;
    }
    if (data.grows === true) {
      document.documentElement.dataset.grows = "";
    }
    if (["light", "dark", "system"].includes(data.theme)) {
      setTheme(data.theme);
    }
  });
}

function tell(about, more = {}) {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  // Any origin: the message says nothing that the page around must not know.
  window.parent.postMessage({ source: SOURCE, about, height, ...more }, "*");
}

/** Where the part begins that the address names, in pixels. */
function top() {
  const part = document.querySelector(":target");
  return part ? Math.round(part.getBoundingClientRect().top + window.scrollY) : 0;
}

/** A link that is about to sign in does not count as signed out. */
function isSignedIn() {
  return document.querySelector("form.sign-out, form[data-submit]") !== null;
}

/** Pages that follow have the theme from the start, because a cookie remembers it. */
function setTheme(theme) {
  const root = document.documentElement;
  const form = document.querySelector("form.theme");
  if (form && root.dataset.theme !== theme) {
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  }
  root.dataset.theme = theme;
  root.dataset.themed = "";
}
