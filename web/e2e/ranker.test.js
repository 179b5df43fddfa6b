// The ranker's page in a real browser, against the real ranker behind the real hub.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { View, eventually, launch, looks, phone } from "./browser.js";
import { Proxy } from "./proxy.js";
import { Publisher, training, voting } from "./publisher.js";
import { Server } from "./server.js";
import { source } from "./source.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Runs body with a hub, a ranker behind it, and what it needs to open views. */
function withRanker(name, flags, body) {
  test(name, async () => {
    const hub = await new Server("hub").start();
    const ranker = new Server("rank", "--hub", hub.ws, ...flags);
    const open = [];
    const use = {
      view: async (options, url = ranker.url) => keep(await View.open(browser, url, options)),
      proxy: async () => keep(await Proxy.before(ranker)),
      publisher: async (space) => keep(await Publisher.connect(hub, space)),
    };
    const keep = (thing) => {
      open.unshift(thing);
      return thing;
    };
    try {
      await ranker.start();
      await body({ hub, ranker, ...use });
      for (const thing of open.splice(0)) await thing.close();
    } finally {
      for (const thing of open) await thing.close().catch(() => {});
      await ranker.kill();
      await hub.kill();
    }
  });
}

const cell = (page, space, className) => page.text(`tr[data-space="${space}"] .${className}`);
const names = (page) => page.page.$$eval("tr[data-space]", (rows) => rows.map((row) => row.dataset.space));
const verdict = (page, space) => cell(page, space, "c-verdict");
const vital = (page, name) => page.page.evaluate((name) => [...document.querySelectorAll(".vitals > div")].find((e) => e.querySelector("dt").textContent === name)?.querySelector("dd").textContent.trim() ?? null, name);

withRanker("the ranking is the ranker's own, in its order, and follows updates", [], async ({ ranker, view, publisher }) => {
  const page = await view();
  await eventually("connection", () => page.connection(), "Live stream");
  const a = await publisher("A");
  a.metrics(training(1, 0.5), voting(9, 1));
  (await publisher("B")).metrics(training(1, 0.86), voting(7, 3));
  (await publisher("novotes")).metrics(training(1, 0.86));
  await eventually("rows", () => names(page), ["B", "A", "novotes"]);
  assert.equal(await cell(page, "B", "c-score"), "−0.160 0.70 − 0.86");
  assert.equal(await cell(page, "novotes", "c-score"), "– no votes");
  assert.equal(await page.text("#ranking-order"), "by the formula, smallest score first (asc)");
  a.send({ type: "voting", data: voting(6, 9) }); // 0.6 − 0.5 is more, 0.6 − 0.9 is less than B's
  a.send({ type: "training", data: { avn_accuracy: 0.9 } });
  await eventually("rows", () => names(page), ["A", "B", "novotes"]);
  const { rankings } = await (await fetch(`${ranker.url}/rankings`)).json();
  assert.deepEqual(await names(page), rankings.map((row) => row.space_name));
});

withRanker("what speaks against an asset is said", ["--stale-after", "2s"], async ({ view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(1, 0.5), voting(9, 1));
  (await publisher("even")).metrics(training(1, 0.5), voting(5, 5));
  await eventually("verdict", () => verdict(page, "even"), (text) => text?.startsWith("neutral signal"));
  await eventually("verdict", () => verdict(page, "V75"), (text) => /^stale/.test(text));
  await eventually("freshness", () => cell(page, "V75", "c-fresh"), (text) => /^stale \d+ s$/.test(text));
  p.metrics(training(2, 0.5), voting(9, 1));
  await eventually("verdict", () => verdict(page, "V75"), "eligible");
  assert.equal(await vital(page, "Trading"), "Off");
  assert.equal(await page.visible("#halt"), false); // nothing to halt
  for (const [panel, why] of [["limits", /nothing is at risk/], ["equity", /no equity to show/], ["positions", /without --trade/], ["performance", /no record to judge/]]) {
    assert.match(await page.text(`[aria-labelledby="${panel}-title"] .none`), why);
  }
});

withRanker("what the policy learned is said, and that it is no edge", ["--bandit", "ucb", "--assets", "V75,V100_1s", "--horizon", "2s", "--decide-every", "1s"], async ({ view, publisher }) => {
  const page = await view();
  await eventually("outcomes", () => vital(page, "Outcomes"), "0");
  assert.match(await page.text(".notes"), /No outcome is known yet: the formula orders the assets until one is/);
  assert.equal(await page.text("#gate-sentence"), "No evidence of an edge: no outcome yet.");
  assert.equal(await page.text("#waiting"), "Asked for, and not sent by the hub so far: V100_1s, V75.");
  const p = await publisher("V75");
  let price = 100;
  const walking = setInterval(() => p.metrics(training(1, 0.5), voting(9, 1, (price *= Math.random() < 0.5 ? 1.001 : 0.999))), 100);
  try {
    await eventually("outcomes", () => vital(page, "Outcomes"), (text) => Number(text) > 0);
    await eventually("order", () => page.text("#ranking-order"), (text) => /^by the policy ucb: \d+ outcomes learned$/.test(text));
    await eventually("expected", () => cell(page, "V75", "c-expected"), (text) => /^[+−]?\d+\.\d\d ± \d+\.\d\d chosen with 1\.00$/.test(text));
    await eventually("evidence", () => page.text("#gate-sentence"), (text) => /^No evidence of an edge yet: \d+ of at least 50 decisions\.$/.test(text));
    await eventually("decisions", () => page.text(".decisions tbody tr:last-child .d-why"), (text) => /^chosen with 1\.00 of 1 eligible, expected .*; nothing is traded$/.test(text));
    assert.equal(await page.text("#waiting"), "Asked for, and not sent by the hub so far: V100_1s.");
  } finally {
    clearInterval(walking);
  }
});

withRanker("a ranker without its hub, and one that is gone, are two things", [], async ({ hub, ranker, view, publisher }) => {
  const page = await view();
  (await publisher("V75")).metrics(training(900, 0.86), voting(7, 3));
  await eventually("rows", () => names(page), ["V75"]);
  await hub.kill();
  await eventually("connection", () => page.connection(), "No hub");
  assert.match(await page.text("#hub-lost"), /^The ranker has no connection to its hub since \d\d:\d\d:\d\d UTC/);
  await eventually("verdict", () => verdict(page, "V75"), (text) => /^no hub/.test(text));
  assert.match(await page.page.getAttribute('tr[data-space="V75"]', "class"), /\blost\b/);

  await ranker.kill();
  const pill = await eventually("connection", () => page.connection(), (text) => /^Offline since \d\d:\d\d:\d\d$/.test(text));
  assert.equal(await page.visible("#hub-lost"), false);
  assert.match(await page.text("#lost"), /^No connection to the ranker since/);
  const age = async () => Number((await cell(page, "V75", "c-fresh")).match(/(\d+) s old/)?.[1] ?? 0);
  const before = await age();
  await eventually("age", age, (s) => s >= before + 2);
  assert.equal(await page.connection(), pill);

  await hub.start();
  await ranker.start();
  (await publisher("V75")).metrics(training(901, 0.5), voting(7, 3));
  await eventually("connection", () => page.connection(), "Live stream");
  await eventually("score", () => cell(page, "V75", "c-score"), "+0.200 0.70 − 0.50");
});

withRanker("the hub's page is linked where the reader can open it", [], async ({ hub, view }) => {
  const page = await view();
  await eventually("link", () => page.page.getAttribute("#hub-link", "href"), `${hub.url}/`);
  assert.equal(await page.visible("#hub-link"), true);
});

withRanker("what strangers named is text, fits a phone, and breaks nothing", ["--decide-every", "1s", "--horizon", "2s"], async ({ view, publisher }) => {
  const long = "A".repeat(64);
  const hostile = [`<img src=x onerror="document.title='x'">`, "</span><script>document.title='x'</script>", "${7*7}{{7*7}} 'x'\"", "ｆｕｌｌ　ｗｉｄｔｈ".repeat(4)];
  for (const [i, name] of [long, "constructor", "toString", "a.b-c_d"].entries()) (await publisher(name)).metrics(training(1, 0.5), voting(9, 1, 1e9, hostile[i]));
  const page = await view({ viewport: phone });
  await eventually("rows", async () => (await names(page)).sort(), [long, "a.b-c_d", "constructor", "toString"].sort());
  const told = await page.page.$$eval(".source", (all) => all.map((one) => one.textContent));
  for (const text of hostile) assert.ok(told.includes(text), `${text} in ${told}`);
  assert.equal(await page.page.title(), "Quasar ranker");
  assert.equal(await page.page.locator("main img, main script").count(), 0);
  await page.fits();
});

test("real money is said on every screen, in the title, and cannot be missed", async () => {
  const folder = await mkdtemp(`${tmpdir()}/quasar-`);
  const account = "ROT90000001"; // the simulator's
  Object.assign(process.env, { DERIV_API_KEY: "any", DERIV_APP_ID: "1", QUASAR_ADMIN_TOKEN: "the admin token of a test" });
  await writeFile(`${folder}/quasar.yaml`, "rank:\n  live: true\n");
  const hub = await new Server("hub").start();
  const venue = new Server("sim", "--seed", "1");
  await venue.start();
  const ranker = new Server("rank", "--hub", hub.ws, "--config", `${folder}/quasar.yaml`, "--trade", "live", "--confirm-live", account, "--deriv-url", venue.url, "--data-dir", `${folder}/data`);
  const open = [];
  try {
    await ranker.start();
    for (const look of looks) {
      const page = await View.open(browser, ranker.url, { ...look, deviceScaleFactor: look.viewport === phone ? 2 : 1 });
      open.push(page);
      await eventually("banner", () => page.text("#live"), `REAL MONEY. This ranker trades on the live account ${account} at ${new URL(venue.url).host}.`);
      assert.equal(await page.page.title(), "REAL MONEY: Quasar ranker");
      await eventually("pill", () => page.text(".control .pill"), "REAL MONEY");
      await eventually("what it waits for", () => page.text(".control"), (text) => text.includes("Armed, waits for evidence"));
      await page.fits();
      await page.accessible();
      await page.shot(`ranker-live-money-${look.name}`);
    }
    const [page] = open;
    await page.page.click("#log-in");
    await page.page.fill("#login-line", process.env.QUASAR_ADMIN_TOKEN);
    await page.page.keyboard.press("Enter");
    await eventually("logged in", () => page.visible("#logout"), true);
    await fetch(`${ranker.url}/trade/halt`, { method: "POST", headers: { Authorization: `Bearer ${process.env.QUASAR_ADMIN_TOKEN}` } });
    await eventually("banner", () => page.visible("#resume"), true);
    await page.page.click("#resume");
    await page.page.fill("#resume-dialog-line", "RESUME"); // not enough for real money
    await page.page.keyboard.press("Enter");
    await eventually("the answer", () => page.text("#resume-dialog .error"), `Got “RESUME”, want ${account}.`);
    await page.page.fill("#resume-dialog-line", account);
    await page.page.keyboard.press("Enter");
    await eventually("resumed", () => page.visible("#halted"), false);
    for (const one of open.splice(0)) await one.close();
  } finally {
    for (const one of open) await one.close().catch(() => {});
    await ranker.kill();
    await venue.kill();
    await hub.kill();
    await rm(folder, { recursive: true });
  }
});

test("an interval of wins is that of Newcombe's table, and wider for many rows", async () => {
  const { wilson } = await source("ranker/wilson.ts");
  for (const [won, n, low, high] of [[81, 263, 0.255288520, 0.366209577], [15, 148, 0.062386400, 0.160487242], [0, 20, 0, 0.161125158], [1, 29, 0.006113214, 0.171755219]]) {
    const got = wilson(won, n, 0.05);
    assert.ok(Math.abs(got.low - low) < 1e-8 && Math.abs(got.high - high) < 1e-8, `${won} of ${n}: ${JSON.stringify(got)}`);
  }
  assert.ok(wilson(21, 30, 0.05 / 8).low < 0.5128 && wilson(21, 30, 0.05).low > 0.5128);
  assert.equal(wilson(0, 0, 0.05), null);
});

test("an address of the hub becomes a page's only where a reader may reach it", async () => {
  const { pageAt } = await source("shared/where.ts");
  const here = { hostname: "127.0.0.1" };
  const elsewhere = { hostname: "ranker.example" };
  for (const [address, location, want] of [
    ["ws://127.0.0.1:7860", here, "http://127.0.0.1:7860/"],
    ["127.0.0.1:7860", here, "http://127.0.0.1:7860/"],
    ["localhost:7860", here, "http://localhost:7860/"],
    ["wss://hub.example/ws/subscribe", elsewhere, "https://hub.example/"],
    ["https://user:secret@hub.example", elsewhere, "https://hub.example/"],
    ["https://hub.example/quasar/ranker/", elsewhere, "https://hub.example/quasar/ranker/"],
    ["ws://127.0.0.1:7860", elsewhere, null],
    ["ws://localhost:7860", elsewhere, null],
    ["ws://[::1]:7860", elsewhere, null],
    ["javascript://x", here, null],
    ["not an address", here, null],
  ]) assert.equal(pageAt(address, location), want, address);
});

withRanker("every state is accessible, fits a phone, and looks as in shots/", ["--stale-after", "3s", "--bandit", "ucb", "--assets", "V75,V100_1s,CRASH500,V25,STEP"], async ({ hub, ranker, view, publisher }) => {
  const views = [];
  for (const look of looks) views.push({ look, page: await view({ ...look, deviceScaleFactor: look.viewport === phone ? 2 : 1 }) });
  const inspect = async (state) => {
    for (const { look, page } of views) {
      await page.fits();
      await page.accessible();
      await page.shot(`ranker-${state}-${look.name}`);
    }
  };
  const all = async (what, probe, wanted) => { for (const { page } of views) await eventually(what, () => probe(page), wanted); };
  await all("connection", (page) => page.connection(), "Live stream");
  await inspect("empty");

  const [v75, v100, crash] = [await publisher("V75"), await publisher("V100_1s"), await publisher("CRASH500")];
  (await publisher("V25")).metrics(training(1_502_770, 0.79, 0.21), voting(10, 2, 2906.117, "avn_ensemble"));
  crash.metrics(training(88_400, 0.38, 0.68), voting(1, 11, 3310.552, "majority"));
  let step = 0;
  const beat = setInterval(() => {
    step++;
    v75.metrics(training(1_284_300 + step, 0.71), voting(9, 3, 412_118.32, "avn_ensemble"));
    v100.metrics(training(982_150 + step, 0.64), voting(6, 6, 1774.09, "avn_ensemble"));
    crash.metrics(training(88_400 + step, 0.38));
  }, 100);
  try {
    await all("verdict", (page) => verdict(page, "CRASH500"), (text) => /stale votes/.test(text));
    await inspect("live");
  } finally {
    clearInterval(beat);
  }
  await hub.kill();
  await all("connection", (page) => page.connection(), "No hub");
  await inspect("degraded");
  await ranker.kill();
  await all("connection", (page) => page.connection(), (text) => text.startsWith("Offline"));
  await inspect("offline");
});
