// Whoever looks: at any width, without colours, with the system's own ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { View, eventually, launch } from "./browser.js";
import { Server, freePort } from "./server.js";

let browser, demo, pages;
before(async () => {
  browser = await launch();
  const port = await freePort();
  demo = await new Server("demo", "--ranker-listen", `127.0.0.1:${port}`, "--seed", "1").start();
  pages = { hub: demo.url, ranker: `http://127.0.0.1:${port}` };
});
after(async () => {
  await browser.close();
  await demo.kill();
});

/** Opens both pages when they have something to show, and calls body with each. */
async function both(options, body) {
  for (const [name, url] of Object.entries(pages)) {
    const view = await View.open(browser, url, options);
    await eventually("rows", () => view.page.$$eval("[data-space]", (rows) => rows.length), (n) => n >= 3);
    await body(view, name);
    await view.close();
  }
}

/** Pairs of controls and labels that lie upon each other, and texts that are cut off without a way to read them. */
const muddled = (view) => view.page.evaluate(() => {
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getBoundingClientRect().width > 1;
  const said = (e) => `${e.tagName.toLowerCase()}#${e.id}.${e.className}: ${e.textContent.trim().slice(0, 30)}`;
  const controls = [...document.querySelectorAll("button, a[href], select, input, .pill")].filter((e) => shown(e) && getComputedStyle(e).position !== "fixed" && !e.closest("[inert], dialog:not([open])"));
  const out = [];
  for (const [i, a] of controls.entries()) {
    const p = a.getBoundingClientRect();
    for (const b of controls.slice(i + 1)) {
      if (a.contains(b) || b.contains(a)) continue;
      const q = b.getBoundingClientRect();
      const across = Math.min(p.right, q.right) - Math.max(p.left, q.left), down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      const sticky = [a, b].some((e) => { for (let at = e; at !== null; at = at.parentElement) if (["sticky", "fixed"].includes(getComputedStyle(at).position)) return true; return false; });
      if (across > 2 && down > 2 && !sticky) out.push(`${said(a)} lies upon ${said(b)}`);
    }
  }
  for (const e of document.querySelectorAll("button, .pill, th, dt, dd, h1, h2, label")) {
    if (!shown(e) || e.closest("[title]") || e.title !== "") continue;
    const { overflowX, textOverflow, clipPath } = getComputedStyle(e);
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && overflowX === "hidden" && textOverflow !== "ellipsis" && clipPath === "none") out.push(`${said(e)} is cut off`);
  }
  return out;
});

/** Tables that are wider than their place: what stands last, the reason or the result, is out of sight then. */
const scrolled = (view) => view.page.$$eval(".scroll", (all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => `${e.getAttribute("aria-label")}: ${e.scrollWidth} px in ${e.clientWidth}`));

test("at any width nothing lies upon another, is cut off, or scrolls sideways", () => both({}, async (view, name) => {
  // 320: what WCAG asks for; 640: a laptop whose text is twice as large
  for (const width of [320, 480, 600, 640, 768, 860, 1024, 1180, 1200, 1280, 1440, 1920]) {
    await view.page.setViewportSize({ width, height: 900 });
    await view.fits();
    await eventually(`tables at ${width} px that hide their last columns`, () => scrolled(view), []);
    assert.deepEqual(await muddled(view), [], `the ${name}'s page at ${width} px`);
    if ([600, 860, 1180].includes(width)) await view.shot(`${name}-at-${width}`);
  }
}));

test("without colours every state still differs by a word or a shape", () => both({}, async (view, name) => {
  const cdp = await view.context.newCDPSession(view.page);
  for (const type of ["achromatopsia", "protanopia", "deuteranopia", "tritanopia"]) {
    await cdp.send("Emulation.setEmulatedVisionDeficiency", { type });
    await view.shot(`${name}-${type}`);
  }
  // What a colour says has to be said by a text or a shape beside it: whoever has the same of these has the same tone.
  const tones = await view.page.evaluate(() => {
    const tones = ["good", "warn", "bad"];
    const shown = [...document.querySelectorAll(tones.map((t) => `.${t}`).join())].filter((e) => e.checkVisibility());
    const by = new Map();
    const text = (e) => e.innerText ?? ""; // a meter that is nearly full has a tone, and no text of its own
    for (const e of shown) {
      const said = text(e).replace(/[\d.,:\u2212+\-]+/g, "#").trim();
      const tone = tones.find((t) => e.classList.contains(t));
      by.set(said, new Set([...(by.get(said) ?? []), tone]));
    }
    return { mute: shown.filter((e) => text(e).trim() === "" && !e.closest("[aria-label], [title], svg")).map((e) => e.outerHTML.slice(0, 80)), unclear: [...by].filter(([said, set]) => said !== "" && set.size > 1).map(([said]) => said) };
  });
  assert.deepEqual(tones.mute, [], "a colour that says something with no word beside it");
  const signals = await view.page.$$eval(".signal, [class*=signal]", (all) => [...new Set(all.filter((e) => e.checkVisibility() && /BUY|SELL|NEUTRAL/.test(e.innerText)).map((e) => e.innerText.match(/BUY|SELL|NEUTRAL/)[0]))]);
  assert.ok(signals.length > 0, "signals are words");
}));

test("with the system's own colours, borders, meters and the focus are to be seen", () => both({ forcedColors: "active" }, async (view, name) => {
  await view.shot(`${name}-forced-colors`);
  const missing = await view.page.evaluate(() => {
    const out = [];
    const bordered = (e) => { const { borderTopWidth, borderTopStyle } = getComputedStyle(e); return parseFloat(borderTopWidth) > 0 && borderTopStyle !== "none"; };
    for (const e of document.querySelectorAll(".button, .icon, .halt, .choice, .panel, input, select")) {
      if (e.checkVisibility() && !bordered(e) && !bordered(e.parentElement)) out.push(`${e.tagName.toLowerCase()}.${e.className} has no border`);
    }
    for (const e of document.querySelectorAll(".legend .key")) {
      if (e.checkVisibility() && getComputedStyle(e, "::before").forcedColorAdjust !== "none") out.push(`the key of ${e.textContent} loses its colour`);
    }
    for (const e of document.querySelectorAll("[aria-pressed]")) {
      const chosen = e.getAttribute("aria-pressed") === "true";
      if (e.checkVisibility() && chosen !== (getComputedStyle(e).outlineStyle === "solid")) out.push(`${e.textContent.trim()} does not show whether it is chosen`);
    }
    return [...new Set(out)];
  });
  assert.deepEqual(missing, [], "what is not to be told");
  await view.page.keyboard.press("Tab");
  const focus = await view.page.evaluate(() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement); return [outlineStyle !== "none", parseFloat(outlineWidth) >= 2]; });
  assert.deepEqual(focus, [true, true], "the focus");
}));

test("the bar keeps its clock on one line and its sign whole, and no small chart lies upon a name", async () => {
  for (const width of [768, 1200]) {
    await both({ viewport: { width, height: 900 } }, async (view, name) => {
      if (name === "hub") await eventually("small charts", () => view.page.locator(".vital-chart").count(), (n) => n > 1);
      const wrong = await view.page.evaluate(() => {
        const box = (e) => e.getBoundingClientRect();
        const text = (e) => {
          const range = document.createRange();
          range.selectNodeContents(e);
          return range.getBoundingClientRect();
        };
        const clock = document.querySelector("#clock"), stop = document.querySelector(".stop");
        return [
          ...(clock.checkVisibility() && box(clock).height > 24 ? ["clock"] : []),
          ...(stop && box(stop).width < 11 ? ["stop"] : []),
          ...[...document.querySelectorAll(".vitals > div")].filter((e) => e.querySelector("svg") && text(e.querySelector("dt")).right > box(e.querySelector("svg")).left).map((e) => e.innerText),
        ];
      });
      assert.deepEqual(wrong, [], `${name} at ${width}`);
    });
  }
});
