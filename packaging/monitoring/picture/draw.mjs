// Bundles the page, has Chromium draw it, and writes the picture with a palette of 256 colours.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import sharp from "sharp";

const HERE = import.meta.dirname;
const ICONS = join(HERE, "node_modules/@grafana/ui/dist/public/img/icons");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WIDTH_PX = 1600;

// The page has no server: Playwright responds to every request to this origin.
const ORIGIN = "http://picture.test";

export async function draw({ dashboard, figures, picture }) {
  const files = await bundle();
  // Chromium's sandbox does not start for root.
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH_PX, height: 1000 } });
    page.on("pageerror", (error) => console.error(error));
    await page.route("**", (route) => respond(route, files));
    await page.addInitScript((data) => (window.picture = data), { dashboard, figures });
    await page.goto(ORIGIN);
    await page.waitForFunction(() => window.isDrawn, undefined, { timeout: 60_000 });
    await mkdir(dirname(picture), { recursive: true });
    await sharp(await page.screenshot({ fullPage: true }))
      .png({ palette: true, colours: 256, effort: 10, compressionLevel: 9 })
      .toFile(picture);
  } finally {
    await browser.close();
  }
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "page/page.jsx")],
    outdir: join(HERE, "bundle"),
    bundle: true,
    write: false,
    minify: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".ttf": "dataurl", ".woff2": "dataurl", ".svg": "dataurl" },
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf("/")), text]));
}

async function respond(route, files) {
  const { pathname } = new URL(route.request().url());
  const icon = pathname.match(/\/icons\/([\w/-]+\.svg)$/)?.[1];
  if (pathname === "/") {
    const head = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/page.css">';
    return route.fulfill({ contentType: "text/html", body: `${head}<body><script src="/page.js"></script>` });
  }
  if (files[pathname]) {
    const contentType = pathname.endsWith(".css") ? "text/css" : "text/javascript";
    return route.fulfill({ contentType, body: files[pathname] });
  }
  if (icon && existsSync(join(ICONS, icon))) {
    return route.fulfill({ contentType: "image/svg+xml", body: await readFile(join(ICONS, icon), "utf8") });
  }
  return route.fulfill({ status: 404, body: "" });
}
