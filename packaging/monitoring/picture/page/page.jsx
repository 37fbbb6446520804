// The page of the picture: the dashboard's variables, and its panels in Grafana's grid of 24 columns.
import "@fontsource-variable/inter";
import "uplot/dist/uPlot.min.css";
import { createTheme, dateTime, ThemeContext } from "@grafana/data";
import { GlobalStyles, Icon } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import { Panel } from "./panel.jsx";
import "./page.css";

// As Grafana lays a dashboard out.
const COLUMNS = 24;
const ROW_HEIGHT_PX = 30;
const GAP_PX = 8;
const MARGIN_PX = 16;

// Time for icons and charts, which are drawn after the panels.
const DRAWN_AFTER_MS = 3_000;

const { dashboard, figures } = window.picture;
const theme = createTheme({
  colors: { mode: "dark" },
  typography: { fontFamily: "'Inter Variable', sans-serif" },
});
const [from, to] = [dateTime(figures.from_s * 1_000), dateTime(figures.to_s * 1_000)];
const context = {
  theme,
  timeZone: "utc",
  timeRange: { from, to, raw: { from, to } },
  times_s: times(),
};

function times() {
  const { from_s, to_s, step_s } = figures;
  return Array.from({ length: Math.floor((to_s - from_s) / step_s) + 1 }, (_, index) => from_s + index * step_s);
}

function place({ x, y, w, h }) {
  const column_px = (window.innerWidth - 2 * MARGIN_PX + GAP_PX) / COLUMNS;
  return {
    left: MARGIN_PX + x * column_px,
    top: y * (ROW_HEIGHT_PX + GAP_PX),
    width: w * column_px - GAP_PX,
    height: h * (ROW_HEIGHT_PX + GAP_PX) - GAP_PX,
  };
}

function Row({ title }) {
  return (
    <div className="row-title">
      <Icon name="angle-down" /> {title}
    </div>
  );
}

function Variable({ variable: { name, label, includeAll } }) {
  const value = includeAll ? "All" : (figures.variables[name] ?? "Prometheus");
  return (
    <div className="variable">
      <span>{label}</span>
      <span>{value}</span>
    </div>
  );
}

function Dashboard() {
  const bottom = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div className="bar">
        <strong>{dashboard.title}</strong>
        {dashboard.templating.list.map((variable) => (
          <Variable key={variable.name} variable={variable} />
        ))}
      </div>
      <div className="grid" style={{ height: bottom * (ROW_HEIGHT_PX + GAP_PX) + GAP_PX }}>
        {dashboard.panels.map((panel) => {
          const box = place(panel.gridPos);
          return (
            <div key={panel.id} className="place" style={box}>
              {panel.type === "row" ? (
                <Row title={panel.title} />
              ) : (
                <Panel panel={panel} series={figures.panels[panel.id]} context={context} {...box} />
              )}
            </div>
          );
        })}
      </div>
    </ThemeContext.Provider>
  );
}

// Grafana measures texts to choose their size, so the font comes first.
loadFonts().then(() => {
  const root = document.body.appendChild(document.createElement("div"));
  createRoot(root).render(<Dashboard />);
  setTimeout(() => (window.isDrawn = true), DRAWN_AFTER_MS);
});

async function loadFonts() {
  await Promise.all(["400", "500"].map((weight) => document.fonts.load(`${weight} 14px 'Inter Variable'`)));
}
