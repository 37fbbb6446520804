// The visible elements that a Target of target.rs means, in the order of the document. The body of a function
// that WebDriver calls in the page: its arguments are kind, name and scope.
const [kind, wanted, scope] = arguments;

const CANDIDATES = {
  button: 'button, summary, input[type=submit], input[type=button], input[type=reset], [role=button]',
  link: 'a[href], area[href], [role=link]',
  label: 'input:not([type=hidden]), select, textarea, [role=switch], [role=checkbox], [role=textbox], [role=combobox]',
  text: '*',
};

const collapsed = (text) => text.replace(/\s+/g, ' ').trim();

const textOf = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE) return '';
  if (node.matches('[aria-hidden=true], [hidden], script, style, template, noscript, select, textarea')) return '';
  return Array.from(node.childNodes, textOf).join('');
};

const isVisible = (element) =>
  element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

// The parts of accessible-name computation that our pages use: aria-labelledby, aria-label, labels, value,
// content.
const nameOf = (element) => {
  const labelledBy = element.getAttribute('aria-labelledby');
  if (labelledBy) {
    const labels = labelledBy.split(/\s+/).map((id) => document.getElementById(id));
    return labels.map((label) => (label ? textOf(label) : '')).join(' ');
  }
  const label = element.getAttribute('aria-label');
  if (label) return label;
  if (element.labels?.length) return Array.from(element.labels, textOf).join(' ');
  if (element.matches('input')) return element.value;
  return textOf(element);
};

const roots = scope ? document.querySelectorAll(scope) : [document];
const candidates = new Set();
for (const root of roots) {
  // A cell of a table, say, has its text itself.
  if (kind === 'text' && scope) candidates.add(root);
  for (const element of root.querySelectorAll(CANDIDATES[kind] ?? wanted)) candidates.add(element);
}
let found = Array.from(candidates).filter(isVisible);
if (kind !== 'css') {
  found = found.filter((element) => collapsed(kind === 'text' ? textOf(element) : nameOf(element)) === collapsed(wanted));
}
if (kind === 'text') {
  found = found.filter((element) => !found.some((other) => other !== element && element.contains(other)));
}
return found;
