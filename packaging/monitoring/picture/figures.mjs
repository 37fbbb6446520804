// The figures of every panel, from Prometheus, for the queries as Grafana sends them.
import { SCRAPE_INTERVAL_S } from "./run/prometheus.mjs";

// Returns, by the id of its panel, a list of series for each query: `{refId, legend, labels, points}`.
export async function figuresOf(dashboard, { from_s, to_s }, url) {
  const variables = await variablesOf(dashboard, { from_s, to_s }, url);
  const panels = {};
  for (const panel of dashboard.panels) {
    const series = [];
    for (const target of panel.targets ?? []) {
      const expr = replaced(target.expr, variables);
      const range = { query: expr, start: from_s, end: to_s, step: SCRAPE_INTERVAL_S };
      const { result } = await get(url, "query_range", range);
      series.push(...result.map((found) => seriesOf(target, expr, found)));
    }
    panels[panel.id] = series;
  }
  return { from_s, to_s, step_s: SCRAPE_INTERVAL_S, variables, panels };
}

// `$__rate_interval` is the larger of four scrapes, and of the step and a scrape. A panel of some hundred
// pixels shows minutes at the step of the scrapes.
async function variablesOf(dashboard, { from_s, to_s }, url) {
  const rate_s = Math.max(4 * SCRAPE_INTERVAL_S, 2 * SCRAPE_INTERVAL_S);
  const variables = { __rate_interval: `${rate_s}s`, __range: `${to_s - from_s}s` };
  for (const variable of dashboard.templating.list.filter(({ type }) => type === "query")) {
    const { name, allValue, includeAll, query } = variable;
    const [, metric, label] = query.query.match(/^label_values\((.+), (\w+)\)$/);
    const { result } = await get(url, "query", { query: replaced(metric, variables), time: to_s });
    const first = result[0]?.metric[label];
    if (first === undefined) throw new Error(`${query.query} has no values`);
    variables[name] = includeAll ? allValue : first;
  }
  return variables;
}

function replaced(text, variables) {
  return text.replace(/\$(\w+)/g, (_, name) => {
    if (!(name in variables)) throw new Error(`the variable ${name} is unknown: ${text}`);
    return variables[name];
  });
}

// An empty legend is the series as Prometheus writes it, or the query if it has no labels.
function seriesOf({ refId, legendFormat }, expr, { metric, values }) {
  const filled = legendFormat.replace(/{{\s*(\w+)\s*}}/g, (_, label) => metric[label] ?? "");
  const legend = filled || (Object.keys(metric).length > 0 ? JSON.stringify(metric) : expr);
  return { refId, legend, labels: metric, points: values.map(([time_s, value]) => [time_s, Number(value)]) };
}

async function get(url, path, parameters) {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (body.status !== "success") throw new Error(`${parameters.query}: ${body.error}`);
  return body.data;
}
