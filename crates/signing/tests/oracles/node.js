// For each line, a JSON string that holds a document, prints the JSON string of
// JSON.stringify(JSON.parse(document)).
const lines = require('fs').readFileSync(0, 'utf8').trimEnd().split('\n');
const answers = lines.map((line) => JSON.stringify(JSON.stringify(JSON.parse(JSON.parse(line)))));
process.stdout.write(answers.join('\n') + '\n');
