// Figures of Prometheus as data frames, with the settings of a panel applied as Grafana applies them.
import { applyFieldOverrides, createDataFrame, FieldType, Registry } from "@grafana/data";

// What Grafana's time series panel starts from.
const TIME_SERIES = {
  drawStyle: "line",
  lineInterpolation: "linear",
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: "none",
  showPoints: "auto",
  pointSize: 5,
  spanNulls: false,
  insertNulls: false,
  barAlignment: 0,
  barWidthFactor: 0.6,
  stacking: { mode: "none", group: "A" },
  axisPlacement: "auto",
  axisLabel: "",
  axisColorMode: "text",
  axisBorderShow: false,
  axisCenteredZero: false,
  scaleDistribution: { type: "linear" },
  hideFrom: { tooltip: false, viz: false, legend: false },
  thresholdsStyle: { mode: "off" },
};

const SETTINGS = ["unit", "min", "max", "decimals", "color", "thresholds", "mappings", "displayName", "noValue"];
const CUSTOM_SETTINGS = [...Object.keys(TIME_SERIES), "lineStyle", "axisSoftMin", "axisSoftMax", "fillBelowTo"];

const registry = new Registry(() => [
  ...SETTINGS.map((name) => property(name, name, false)),
  ...CUSTOM_SETTINGS.map((name) => property(`custom.${name}`, name, true)),
]);

function property(id, path, isCustom) {
  return { id, path, isCustom, name: id, process: (value) => value, shouldApply: () => true };
}

// The frames of a panel: one for each series.
export function framesOf({ type, fieldConfig }, series, { step_s, theme, timeZone }) {
  const defaults = { ...fieldConfig.defaults };
  if (type === "timeseries") {
    defaults.custom = { ...TIME_SERIES, ...defaults.custom };
    defaults.color ??= { mode: "palette-classic" };
  }
  return applyFieldOverrides({
    data: series.map((one) => frameOf(one, step_s)),
    fieldConfig: { defaults, overrides: fieldConfig.overrides },
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone,
  });
}

function frameOf({ refId, legend, labels, points }, step_s) {
  const times = points.map(([time_s]) => time_s * 1_000);
  const values = points.map(([, value]) => (Number.isFinite(value) ? value : null));
  return createDataFrame({
    refId,
    name: legend,
    fields: [
      { name: "Time", type: FieldType.time, values: times, config: { interval: step_s * 1_000 } },
      { name: "Value", type: FieldType.number, values, labels, config: { displayNameFromDS: legend } },
    ],
  });
}
