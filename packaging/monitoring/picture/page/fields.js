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

// The settings of a panel are those of its values, not of its times.
const shouldApply = ({ type }) => type === FieldType.number;

function property(id, path, isCustom) {
  return { id, path, isCustom, name: id, process: (value) => value, shouldApply };
}

// The frames of a panel: one for each series.
export function framesOf({ type, fieldConfig }, series, { theme, timeZone, times_s }) {
  const defaults = { ...fieldConfig.defaults };
  if (type === "timeseries") {
    defaults.custom = { ...TIME_SERIES, ...defaults.custom };
    defaults.color ??= { mode: "palette-classic" };
  }
  return applyFieldOverrides({
    data: series.map((one) => frameOf(one, times_s)),
    fieldConfig: { defaults, overrides: fieldConfig.overrides },
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone,
  });
}

// Every frame has every time. Where a series has no value, such as while its node is away, its line has a
// gap.
function frameOf({ refId, legend, labels, points }, times_s) {
  const valueAt = new Map(points.filter(([, value]) => Number.isFinite(value)));
  const values = times_s.map((time_s) => valueAt.get(time_s) ?? null);
  return createDataFrame({
    refId,
    name: legend,
    fields: [
      { name: "Time", type: FieldType.time, values: times_s.map((time_s) => time_s * 1_000) },
      { name: "Value", type: FieldType.number, values, labels, config: { displayNameFromDS: legend } },
    ],
  });
}
