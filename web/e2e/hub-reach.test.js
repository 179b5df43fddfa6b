// What a reader gets at on the hub's page, and when.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, phone } from "./browser.js";
import { choose, live, withHub } from "./hub.js";
import { training, voting } from "./publisher.js";

withHub("rows that come into sight are right in the frame that shows them", [], async (hub, { view, publisher }) => {
  const names = Array.from({ length: 120 }, (_, i) => `V${String(i).padStart(3, "0")}`);
  for (const name of names) (await publisher(name)).metrics(training(1, 0.5), voting(9, 1));
  const page = await view();
  await eventually("rows", async () => (await page.names()).length, names.length);
  await sleep(5000); // for ages to go on
  const seen = await page.page.evaluate(() => new Promise((resolve) => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      const rows = [...document.querySelectorAll("tbody[data-space]")].filter((row) => row.getBoundingClientRect().top > 0 && row.getBoundingClientRect().bottom < innerHeight);
      resolve(rows.map((row) => [row.dataset.space, row.querySelector(".c-fresh").innerText.trim()]));
    };
    document.querySelector('tbody[data-space="V110"]').scrollIntoView({ block: "end" });
    requestAnimationFrame(() => painted.port2.postMessage(null)); // behind the frame
  }));
  assert.ok(seen.length > 5 && seen.every(([name]) => name > "V080"), `got ${JSON.stringify(seen)}`);
  const old = seen.filter(([, text]) => !/^([4-9]|\d\d) s$/.test(text));
  assert.deepEqual(old, [], "rows that say how old they were");
});

withHub("skipping to the content forgets neither the asset nor the filter", [], async (hub, { view, publisher }) => {
  for (const space of ["V75", "V100"]) (await publisher(space)).metrics(training(1, 0.5), voting(9, 1));
  const address = `${hub.url}/#asset=V75&order=asc&filter=v`;
  const page = await view(address);
  await eventually("the asset", () => page.text("#inspector h2"), "V75");
  await page.page.keyboard.press("Tab");
  assert.equal(await page.page.evaluate(() => document.activeElement.className), "skip");
  await page.page.keyboard.press("Enter");
  assert.equal(await page.page.evaluate(() => document.activeElement.id), "content");
  assert.equal(page.page.url(), address);
  assert.equal(await page.page.inputValue("#filter"), "v");
  await page.page.keyboard.press("Tab");
  assert.ok(await page.page.evaluate(() => document.activeElement.closest("#content") !== null), "the next stop is within the content");
});

withHub("an offline page says when it tries again, quietly, and tries at once when it is told to", [], async (hub, { view }) => {
  const page = await view();
  await live(page);
  await hub.kill();
  await eventually("connection", () => page.connection(), (text) => text.startsWith("Offline since"));
  await page.page.evaluate(() => {
    globalThis.changes = { pill: 0, next: [] };
    const watch = (id, take) => new MutationObserver(take).observe(document.getElementById(id), { subtree: true, childList: true, characterData: true });
    watch("connection", () => { globalThis.changes.pill++; });
    watch("lost-next", () => globalThis.changes.next.push(performance.now()));
  });
  await eventually("the banner", () => page.text("#lost-next"), (text) => /^Next attempt in [4-9] s\.$/.test(text));
  const { pill, next } = await eventually("changes", () => page.page.evaluate(() => globalThis.changes), (changes) => changes.next.length >= 3);
  assert.equal(pill, 0, "what is read out changed");
  assert.ok(next.at(-1) - next[0] >= 900 * (next.length - 1), `got changes at ${next}, want at most one a second`);
  assert.equal(await page.page.locator("#lost[aria-live], #lost[role], #lost [aria-live], #lost [role]").count(), 0);
  await hub.start();
  const asked = page.page.waitForRequest((request) => request.url().endsWith("/api/state"), { timeout: 2000 });
  await page.page.getByRole("button", { name: "Try now" }).click();
  await asked;
  await live(page);
  assert.equal(await page.visible("#lost"), false);
});

withHub("a hub that was told of a ranker leads to its page", ["--ranker-url", "https://ranker.example/here/"], async (hub, { view }) => {
  const page = await view();
  await eventually("the link", () => page.page.getByRole("link", { name: "Ranker" }).getAttribute("href"), "https://ranker.example/here/");
  assert.equal(await page.page.getByRole("link", { name: "Hub" }).getAttribute("aria-current"), "page");
  const small = await view(hub.url, { viewport: { width: 360, height: 740 } });
  await eventually("the link", () => small.visible("#ranker-link"), true);
  await small.fits();
  await hub.kill();
  await eventually("connection", () => small.connection(), (text) => text.startsWith("Offline"));
  await small.fits();
  const theme = await small.page.locator("#theme").boundingBox();
  assert.ok(theme.x + theme.width <= 360, `got the button of the theme at ${theme.x}, want it within 360 px`);
});

withHub("without a ranker there is no link to one", [], async (hub, { view }) => {
  const page = await view();
  await live(page);
  await eventually("the vitals", () => page.text("#uptime-value"), (text) => text !== null);
  assert.equal(await page.visible("#ranker-link"), false);
});

withHub("names can be read at every width, beside the inspector and without it", [], async (hub, { view, publisher }) => {
  for (const space of ["CRASH1000", "V100_1s"]) (await publisher(space)).metrics(training(12_345_678, 0.5, 0.000316), voting(105, 98));
  const page = await view();
  await eventually("rows", async () => (await page.names()).length, 2);
  for (const width of [360, 390, 640, 721, 768, 820, 900, 1000, 1024, 1100, 1181, 1240, 1280, 1366, 1440, 1920]) {
    await page.page.setViewportSize({ width, height: 900 });
    await sleep(100);
    await page.fits();
    const cut = await page.page.$$eval("tbody .c-asset b, tbody .c-score .score, tbody .c-signal .signal, tbody .c-votes .votes, tbody .c-loss .trend, tbody .c-steps .num", (all) => all
      .filter((e) => e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 || e.getBoundingClientRect().right > e.closest("td, th").getBoundingClientRect().right + 1))
      .map((e) => `${e.className || e.tagName}: ${e.innerText}`));
    assert.deepEqual(cut, [], `what is cut off at ${width} px`);
  }
});

withHub("a long name and what is wrong with its data are read without a click, at any width", [], async (hub, { view, publisher }) => {
  const name = "BOOM1000_CONSERVATIVE_V2";
  const space = await publisher(name);
  for (const frame of ["x", '{"type": "metrics", "training": {"training_steps": 1, "avn_loss": NaN, "avn_accuracy": "none"}}']) space.send(frame);
  const page = await view();
  await eventually("the note", () => page.text(`tbody[data-space="${name}"] .c-fresh .under`), (text) => /rejected.*not finite/.test(text));
  for (const width of [768, 1200, 1440]) {
    await page.page.setViewportSize({ width, height: 800 });
    const cut = await page.page.$$eval("tbody .c-asset b, tbody .source, tbody .c-fresh .under", (all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map((e) => e.textContent));
    assert.deepEqual(cut, [], `cut off at ${width} px`);
    await page.fits();
  }
});

/** The parts of the page that the Tab key comes to in so many steps, by their ids. */
async function stops(page, steps) {
  const seen = new Set();
  for (let i = 0; i < steps; i++) {
    await page.page.keyboard.press("Tab");
    seen.add(await page.page.evaluate(() => document.activeElement.closest("#inspector, #large, .panel, .bar, .vitals, body").id));
  }
  return [...seen].filter((id) => id !== "").sort(); // "" is the page itself, from where the browser's own controls come
}

withHub("what stands over the whole page keeps the keyboard, says when nothing is heard any more, and gives it back", [], async (hub, { view, publisher }) => {
  for (const space of ["V75", "V100"]) (await publisher(space)).metrics(training(1, 0.5), voting(9, 1));
  const page = await view(hub.url, { viewport: phone });
  await eventually("rows", async () => (await page.names()).length, 2);
  await live(page);
  await choose(page, "V75");
  await eventually("the focus", () => page.page.evaluate(() => document.activeElement.id), "inspector-heading");
  assert.deepEqual(await stops(page, 16), ["inspector"]);
  await page.page.getByRole("button", { name: "Large charts" }).click();
  await eventually("large charts", () => page.page.locator("#large canvas").count(), 4);
  await eventually("the focus", () => page.page.evaluate(() => document.activeElement.closest("#large") !== null), true);
  assert.deepEqual(await stops(page, 16), ["large"]);
  await hub.kill();
  await eventually("the age", () => page.text("#large h2 .fresh.lost"), (text) => /^\d+ s old$/.test(text ?? ""));
  await page.page.keyboard.press("Escape");
  await eventually("the focus", () => page.page.evaluate(() => document.activeElement.id), "enlarge");
  await page.page.keyboard.press("Escape");
  await eventually("the focus", () => page.page.evaluate(() => document.activeElement.dataset.open), "V75");
  assert.equal(await page.page.locator("[inert]").count(), 0);
});
