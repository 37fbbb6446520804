// A panel: Grafana's frame, and in it Grafana's drawing of its type.
import { getFieldDisplayValues } from "@grafana/data";
import { BigValue, PanelChrome, TimeSeries, VizRepeater } from "@grafana/ui";
import { framesOf } from "./fields.js";

export function Panel({ panel, series, context, width, height }) {
  const Drawing = { stat: Stat, timeseries: Series }[panel.type];
  if (!Drawing) throw new Error(`panels of the type ${panel.type} are not drawn`);
  const frames = framesOf(panel, series, context);
  const { title, description } = panel;
  return (
    <PanelChrome width={width} height={height} title={title} description={description || undefined}>
      {(innerWidth, innerHeight) =>
        frames.length > 0 ? (
          <Drawing panel={panel} frames={frames} context={context} width={innerWidth} height={innerHeight} />
        ) : (
          <div className="no-data">No data</div>
        )
      }
    </PanelChrome>
  );
}

function Stat({ panel: { options, fieldConfig }, frames, context, width, height }) {
  const { theme, timeZone, timeRange } = context;
  const values = getFieldDisplayValues({
    data: frames,
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables: (text) => text,
    sparkline: options.graphMode !== "none",
    theme,
    timeZone,
  });
  for (const { sparkline } of values) if (sparkline) sparkline.timeRange = timeRange;
  // With one value the title of the panel says what it is.
  const textMode = options.textMode === "auto" && values.length === 1 ? "value" : options.textMode;
  return (
    <VizRepeater
      source={values}
      getValues={() => values}
      width={width}
      height={height}
      orientation={options.orientation}
      autoGrid
      renderCounter={0}
      renderValue={({ value, width: each, height: high }) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline}
          count={values.length}
          width={each}
          height={high}
          theme={theme}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={textMode}
          text={options.text}
        />
      )}
    />
  );
}

function Series({ panel: { options }, frames, context, width, height }) {
  const { timeRange, timeZone } = context;
  const legend = { calcs: [], ...options.legend };
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={legend}
      options={options}
    />
  );
}
