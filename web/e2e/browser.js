// A real browser, and pages in it that take note of everything that goes wrong.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url)("axe-core").source;
const shots = fileURLToPath(new URL("shots/", import.meta.url));
const patience = 30_000;

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const wide = { width: 1440, height: 1000 };
export const phone = { width: 390, height: 844 };

/** A browser, with more flags if need be. */
export const launch = (...more) => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...flags, ...more] });

/** Waits until probe() returns what is wanted; says what it returned last if that does not come. */
export async function eventually(what, probe, wanted) {
  const end = Date.now() + patience;
  let got;
  do {
    got = await probe();
    if (typeof wanted === "function" ? wanted(got) : isDeepEqual(got, wanted)) return got;
    await sleep(50);
  } while (Date.now() < end);
  assert.fail(`${what}: got ${JSON.stringify(got)} after ${patience} ms, want ${typeof wanted === "function" ? wanted : JSON.stringify(wanted)}`);
}

function isDeepEqual(a, b) {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

/** A view is one page of the browser in a context of its own. */
export class View {
  static async open(browser, url, { viewport = wide, colorScheme = "light", before, ...context } = {}) {
    const view = new View();
    view.context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", ...context });
    view.page = await view.context.newPage();
    view.wrong = [];
    view.page.on("pageerror", (error) => view.wrong.push(`error: ${error.stack}`));
    view.page.on("console", (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) view.wrong.push(`console: ${message.text()}`);
    });
    await view.page.addInitScript(() => {
      globalThis.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    if (before) await view.page.addInitScript(before);
    await view.page.goto(url);
    return view;
  }

  /** The text of the first match, null for none. */
  text(selector) {
    return this.page.evaluate((s) => document.querySelector(s)?.innerText.replace(/\s+/g, " ").trim() ?? null, selector);
  }

  /** The cell of an asset's row, by its class. */
  cell(space, className) {
    return this.text(`tbody[data-space="${space}"] .asset-row .${className}`);
  }

  /** The names in the table, from the first row to the last. */
  names() {
    return this.page.$$eval("tbody[data-space]", (bodies) => bodies.map((body) => body.dataset.space));
  }

  visible(selector) {
    return this.page.isVisible(selector);
  }

  connection() {
    return this.text("#connection");
  }

  /** Fails if the page scrolls sideways, or cuts anything off that cannot be scrolled to, and stays so: charts follow their place a frame later. */
  async fits() {
    await eventually("what does not fit the window", () => this.#tooWide(), []);
  }

  #tooWide() {
    return this.page.evaluate(() => {
      const limit = (element) => { // where what holds the element ends
        for (let e = element.parentElement; e !== null; e = e.parentElement) {
          const { overflowX, clipPath, textOverflow } = getComputedStyle(e);
          if (overflowX === "auto" || overflowX === "scroll" || clipPath !== "none" || textOverflow === "ellipsis") return Infinity;
        }
        return innerWidth;
      };
      const seen = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > limit(e) + 1);
      return [
        ...(document.documentElement.scrollWidth > innerWidth ? [`the page is ${document.documentElement.scrollWidth} px wide`] : []),
        ...(document.documentElement.scrollHeight > Math.max(innerHeight, document.body.getBoundingClientRect().bottom + scrollY) + 1 ? [`nothing below ${document.body.getBoundingClientRect().bottom + scrollY} px of ${document.documentElement.scrollHeight}`] : []),
        ...seen.map((e) => `${e.tagName} ${e.id} ${e.className}: ${e.textContent.slice(0, 40)}`),
      ];
    });
  }

  /** Fails for each rule of accessibility that the page breaks. */
  async accessible() {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join("; ")}`);
    });
    assert.deepEqual(found, [], "rules of accessibility");
  }

  async shot(name, options) {
    await mkdir(shots, { recursive: true });
    await this.page.evaluate(() => scrollTo(0, 0)); // or the bar stands in the middle
    await this.page.screenshot({ path: `${shots}${name}.png`, fullPage: true, ...options });
  }

  /** Fails if anything went wrong, and closes the view. */
  async close() {
    const violations = await this.page.evaluate(() => globalThis.violations);
    await this.context.close();
    assert.deepEqual([...this.wrong, ...violations], [], "errors and violations of the policy");
  }
}

/** Both colours in both widths, named for pictures. */
export const looks = [];
for (const colorScheme of ["light", "dark"]) {
  for (const viewport of [wide, phone]) looks.push({ colorScheme, viewport, name: `${colorScheme}-${viewport.width}` });
}
