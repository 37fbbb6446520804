// Runs axe-core, which was injected before. The body of a function that WebDriver calls in the page, with the tags of
// the rules to run and a function that takes the result.
const [tags, done] = arguments;

const shortened = (violation) => ({
  rule: violation.id,
  impact: violation.impact,
  help: violation.help,
  targets: violation.nodes.map((node) => node.target.flat().join(' ')),
});

axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
  (results) => done({ violations: results.violations.map(shortened) }),
  (error) => done({ error: String(error) }),
);
