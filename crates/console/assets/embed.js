// For pages that show the console in a frame:
//
//   <script async src="https://webhooks.example.com/embed.js"></script>
//   <iframe data-postrider data-theme="dark" src="https://webhooks.example.com/sign-in/prl_…"></iframe>
//
// The frame gets the height of its page, so it has no scroll bar of its own. `data-theme` is `light`, `dark`
// or `system` and may change at any time. The event `postrider:signed-out` on the frame says that it needs a
// new link.
(() => {
  const SOURCE = "postrider";
  const HEIGHT_MAX = 500_000;
  const SIGNED_OUT_EVERY_MS = 30_000;
  const { origin } = new URL(document.currentScript.src);
  /** What is known of each frame that has loaded a page: when it last said that nobody is signed in. */
  const known = new WeakMap();

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.data?.source !== SOURCE) {
      return;
    }
    const frames = [...document.querySelectorAll("iframe[data-postrider]")];
    const frame = frames.find(({ contentWindow }) => contentWindow === event.source);
    if (!frame) {
      return;
    }
    const { about, height, top, signed_in } = event.data;
    if (Number.isFinite(height)) {
      frame.style.height = `${Math.min(Math.max(height, 0), HEIGHT_MAX)}px`;
    }
    if (about === "page") {
      post(frame, { grows: true });
      postTheme(frame);
      const isFirst = !known.has(frame);
      if (isFirst) {
        known.set(frame, -Infinity);
      }
      if (!isFirst || top > 0) {
        show(frame, top);
      }
      if (signed_in === false) {
        ask(frame);
      }
    }
  });

  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (known.has(target)) {
        postTheme(target);
      }
    }
  }).observe(document, { attributeFilter: ["data-theme"], subtree: true });

  function post(frame, message) {
    frame.contentWindow.postMessage({ source: SOURCE, ...message }, origin);
  }

  function postTheme(frame) {
    if (frame.dataset.theme) {
      post(frame, { theme: frame.dataset.theme });
    }
  }

  /** A page that follows another begins at its top, as in a window of its own. */
  function show(frame, top) {
    const start = frame.getBoundingClientRect().top + (Number.isFinite(top) ? top : 0);
    if (start < 0 || start > window.innerHeight) {
      window.scrollBy(0, start);
    }
  }

  /** Asks for a new link, but not again and again if no link works. */
  function ask(frame) {
    const now = performance.now();
    if (now - known.get(frame) >= SIGNED_OUT_EVERY_MS) {
      known.set(frame, now);
      frame.dispatchEvent(new CustomEvent("postrider:signed-out", { bubbles: true }));
    }
  }
})();
