// Runs axe-core, which was injected before, once colours have stopped changing: a page that was just told of
// another scheme fades into it. The body of a function that WebDriver calls in the page, with the tags of the
// rules to run and a function that takes the result.
const [tags, done] = arguments;

const shortened = (violation) => ({
  rule: violation.id,
  impact: violation.impact,
  help: violation.help,
  targets: violation.nodes.map((node) => node.target.flat().join(' ')),
});

// A page that is not drawn has no frames, and its fades do not end: axe-core then looks at it as it is.
const SETTLED_WITHIN_MS = 3000;

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const fades = () => document.getAnimations().filter((it) => it instanceof CSSTransition);
const settle = async () => {
  await frame();
  await Promise.allSettled(fades().map((it) => it.finished));
  await frame();
};
const bound = () => new Promise((resolve) => setTimeout(resolve, SETTLED_WITHIN_MS));
// Nothing is preloaded: the pages have no media, and their style sheets are of their own origin.
const look = () =>
  axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    resultTypes: ['violations'],
    preload: false,
  });

Promise.race([settle(), bound()]).then(look).then(
  (results) => done({ violations: results.violations.map(shortened) }),
  (error) => done({ error: String(error) }),
);
