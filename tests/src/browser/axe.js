// Runs axe-core, which was injected before, once colours have stopped changing: a page that was just told of another
// scheme fades into it. The body of a function that WebDriver calls in the page, with the tags of
// the rules to run and a function that takes the result.
const [tags, done] = arguments;

const shortened = (violation) => ({
  rule: violation.id,
  impact: violation.impact,
  help: violation.help,
  targets: violation.nodes.map((node) => node.target.flat().join(' ')),
});

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const fades = () => document.getAnimations().filter((it) => it instanceof CSSTransition);
const settle = async () => {
  await frame();
  await Promise.allSettled(fades().map((it) => it.finished));
  await frame();
};
const look = () => axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });

settle().then(look).then(
  (results) => done({ violations: results.violations.map(shortened) }),
  (error) => done({ error: String(error) }),
);
