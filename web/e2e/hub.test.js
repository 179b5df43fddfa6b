// The hub's page in a real browser, against the real hub.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, looks, phone } from "./browser.js";
import { choose, fact, live, withHub } from "./hub.js";
import { training, voting } from "./publisher.js";

const seconds = (text) => {
  const found = text?.match(/(\d+) s/);
  return found ? Number(found[1]) : null;
};

withHub("before the first publish the page says how to publish", [], async (hub, { view, publisher }) => {
  const page = await view();
  await eventually("the start", () => page.visible("#start"), true);
  const command = await page.text("#try-command");
  assert.match(command, new RegExp(`^quasar publish V75 --hub ${hub.ws} `));
  assert.match(await page.text("#try-python"), new RegExp(`AssetSpacePublisher\\("V75", "${hub.ws}/ws/publish/V75"\\)`));
  assert.equal(await page.visible("#assets-section"), false);
  assert.equal(await page.visible("#anonymous"), false);

  const p = await publisher("V75");
  p.metrics(training(10, 0.5), voting(7, 3));
  await eventually("the start", () => page.visible("#start"), false);
  assert.equal(await page.visible("#assets-section"), true);
});

withHub("a row appears with the first frame and follows each update", [], async (hub, { view, publisher }) => {
  const page = await view();
  await live(page);
  const p = await publisher("V75");
  p.metrics(training(900, 0.86, 0.25), voting(7, 3, 451234.12, "ensemble"));
  await eventually("score", () => page.cell("V75", "c-score"), "−0.160 0.700 − 0.860");
  await eventually("rank", () => page.cell("V75", "c-rank"), "1"); // with the next sort
  assert.deepEqual(
    await Promise.all(["c-asset", "c-signal", "c-votes", "c-loss"].map((c) => page.cell("V75", c))),
    ["V75 Volatility 75", "BUY", "7 3", "0.250"]);
  assert.match(await page.cell("V75", "c-steps"), /^900/);
  assert.deepEqual([await fact(page, "Last price"), await fact(page, "Signal source")], ["451,234.12", "ensemble"]);
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^(now|\d s)$/.test(text));

  p.send({ type: "voting", data: voting(1, 9, 451000, "ensemble") });
  await eventually("score", () => page.cell("V75", "c-score"), "+0.040 0.900 − 0.860");
  assert.equal(await page.cell("V75", "c-signal"), "SELL");
  assert.match(await page.cell("V75", "c-steps"), /^900/);
  await eventually("accepted", () => fact(page, "Accepted"), "2");
  assert.equal(await page.text("#publishers-value"), "1");
});

withHub("what the hub compresses the browser inflates", ["--compression"], async (hub, { view, publisher }) => {
  const page = await view();
  await live(page);
  const p = await publisher("V75");
  for (const steps of [900, 901, 902]) {
    p.metrics(training(steps, 0.86), voting(7, 3));
    await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith(String(steps)));
  }
  const { subscribers } = await (await fetch(`${hub.url}/api/state`)).json();
  assert.deepEqual(subscribers.map((s) => [s.compressed, s.pending]), [[true, 0]]);
});

withHub("the order is the hub's own in all three orders", [], async (hub, { view, publisher }) => {
  const page = await view();
  for (const [space, buy, sell, accuracy] of [["A", 9, 1, 0.5], ["B", 6, 4, 0.9], ["C", 5, 5, 0.45], ["tie", 9, 1, 0.5], ["noaccuracy", 3, 1, null], ["novotes", 0, 0, 0.5]]) {
    (await publisher(space)).metrics(training(1, accuracy), voting(buy, sell));
  }
  (await publisher("nothing")).send("rubbish");
  await eventually("rows", async () => (await page.names()).length, 7);
  for (const [button, order] of [["Smallest first", "asc"], ["Nearest 0 first", "balanced"], ["Largest first", "desc"]]) {
    await page.page.getByRole("button", { name: button }).press("Enter");
    const { rankings } = await (await fetch(`${hub.url}/rankings?order=${order}`)).json();
    await eventually(order, () => page.names(), [...rankings.map((row) => row.space_name), "nothing"]);
    for (const { space_name: space, rank } of rankings) assert.equal(await page.cell(space, "c-rank"), rank === null ? "–" : String(rank));
    assert.equal(await page.page.getAttribute(`[data-order="${order}"]`, "aria-pressed"), "true");
  }
  assert.equal(await page.cell("novotes", "c-score"), "– no votes");
  assert.equal(await page.cell("noaccuracy", "c-score"), "– no accuracy");
  assert.equal(await page.cell("nothing", "c-score"), "– nothing yet");
  assert.equal(await page.cell("nothing", "c-fresh"), "connected 1 rejected");
  await choose(page, "nothing");
  await eventually("the reason", () => fact(page, "Last rejection"), (text) => text?.includes("not JSON"));
});

withHub("the order changes with the scores, and the focus stays where it was", [], async (hub, { view, publisher }) => {
  const page = await view();
  const [a, b] = [await publisher("A"), await publisher("B")];
  a.metrics(training(1, 0.5), voting(9, 1));
  b.metrics(training(1, 0.5), voting(6, 4));
  await eventually("rows", () => page.names(), ["A", "B"]);
  await page.page.focus('tbody[data-space="A"] button');
  b.send({ type: "voting", data: voting(10, 0) });
  await eventually("rows", () => page.names(), ["B", "A"]);
  assert.equal(await page.page.evaluate(() => document.activeElement.closest("tbody").dataset.space), "A");
});

withHub("an asset that falls silent turns stale, and is fresh again with its next update", ["--stale-after", "2s"], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(1, 0.5), voting(9, 1));
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^stale [3-9] s$/.test(text));
  assert.equal(await page.text("#publishers-note"), "1 stale");
  assert.equal(await page.cell("V75", "c-score"), "+0.400 0.900 − 0.500"); // it keeps its score
  p.metrics(training(2, 0.5), voting(9, 1));
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^(now|1 s)$/.test(text));
});

withHub("a publisher that goes is shown as offline, and as back", [], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(1, 0.5), voting(9, 1));
  await eventually("rows", () => page.names(), ["V75"]);
  await p.close();
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^offline \d+ s/.test(text));
  (await publisher("V75")).metrics(training(2, 0.5), voting(9, 1));
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^(now|\d s)$/.test(text));
});

withHub("frozen votes show behind training that flows", ["--stale-after", "4s"], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(1, 0.5), voting(9, 1));
  let step = 1;
  const training10 = setInterval(() => p.metrics(training(++step, 0.5)), 100);
  try {
    await eventually("age of votes", () => page.cell("V75", "c-fresh"), (text) => /^(now|1 s) votes [5-9] s old$/.test(text));
    await eventually("row", () => page.page.getAttribute('tbody[data-space="V75"] .asset-row', "class"), "asset-row live old-votes");
  } finally {
    clearInterval(training10);
  }
});

withHub("a killed hub is said, ages go on, and a hub that is back is live without a reload", ["--stale-after", "5s"], async (hub, { view, publisher }) => {
  const page = await view();
  (await publisher("V75")).metrics(training(900, 0.86), voting(7, 3));
  await eventually("rows", () => page.names(), ["V75"]);
  await live(page);
  await page.page.evaluate(() => { globalThis.sameDocument = true; });

  await hub.kill();
  const pill = await eventually("connection", () => page.connection(), (text) => /^Offline since \d\d:\d\d:\d\d$/.test(text));
  assert.match(await page.text("#lost"), new RegExp(`^No connection to the hub since ${pill.slice(-8)} UTC\\.`));
  assert.equal(await page.page.getAttribute('tbody[data-space="V75"] .asset-row', "class"), "asset-row lost");
  assert.equal(await page.page.title(), "Offline: Quasar hub");
  const before = await eventually("age", async () => seconds(await page.cell("V75", "c-fresh")), (s) => s !== null);
  await eventually("age", async () => seconds(await page.cell("V75", "c-fresh")), (s) => s >= before + 2);
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^stale \d+ s$/.test(text));
  assert.equal(await page.connection(), pill); // since when does not move

  await hub.start();
  await live(page);
  await eventually("the banner", () => page.visible("#lost"), false);
  (await publisher("V75")).metrics(training(901, 0.5), voting(7, 3));
  await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith("901"));
  assert.equal(await page.page.evaluate(() => globalThis.sameDocument), true);
});

withHub("where no WebSocket gets through the page polls, and streams once one does", [], async (hub, { view, publisher, proxy }) => {
  const between = await proxy();
  between.refusing = true;
  const page = await view(between.url);
  await eventually("connection", () => page.connection(), "Polling every 2 s");
  const p = await publisher("V75");
  for (const steps of ["900", "901"]) {
    p.metrics(training(Number(steps), 0.86), voting(7, 3));
    await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith(steps));
  }
  assert.equal(await page.connection(), "Polling every 2 s");
  between.refusing = false;
  await live(page);
});

withHub("a stream that stalls without closing is found out by the polls", [], async (hub, { view, publisher, proxy }) => {
  const between = await proxy();
  const page = await view(between.url);
  await live(page);
  const p = await publisher("V75");
  p.metrics(training(900, 0.86), voting(7, 3));
  await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith("900"));
  between.stall();
  p.metrics(training(901, 0.86), voting(7, 3));
  await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith("901"));
  await live(page);
});

withHub("what a publisher says is text and nothing else", [], async (hub, { view, publisher }) => {
  const page = await view();
  const hostile = [`<img src=x onerror="violations.push('ran')">`, `</td><script>violations.push(1)</script>`, `"><svg onload=violations.push(2)>`];
  const spaces = ["constructor", "toString", "hasOwnProperty"];
  for (const [i, space] of spaces.entries()) {
    const p = await publisher(space);
    p.metrics(training(1, 0.5), voting(9, 1, 100, hostile[i]));
    p.send(`{"type":"metrics","training":{"<b>reward</b>":1,"training_steps":2}}`);
    p.send(`{"type":"<i>metrics</i>"}`);
  }
  await eventually("rows", async () => (await page.names()).sort(), [...spaces].sort());
  for (const [i, space] of spaces.entries()) {
    await choose(page, space);
    await eventually("source", () => fact(page, "Signal source"), hostile[i]);
    await eventually("stripped", () => fact(page, "Stripped fields"), (text) => text?.includes("<b>reward</b> (1)"));
    await eventually("refusal", () => fact(page, "Last rejection"), (text) => text?.includes("<i>"));
    assert.equal(await page.page.locator("#inspector img, #inspector script, #inspector i, #inspector dd *").count(), 0);
  }
  assert.equal(await page.page.locator("tbody img, tbody script, tbody i, tbody td b, .log b b, .log i, .log img").count(), 0);
});

withHub("a loss that is not a number is a dash, and counted", [], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(900, 0.86, 0.25), voting(7, 3));
  await eventually("loss", () => page.cell("V75", "c-loss"), "0.250");
  p.send('{"type":"training","data":{"training_steps":901,"avn_loss":NaN}}');
  await eventually("loss", () => page.cell("V75", "c-loss"), "–");
  await eventually("frames", () => page.cell("V75", "c-fresh"), (text) => text.endsWith(" 1 not finite"));
  assert.equal(await fact(page, "Not finite"), "1");
  await eventually("vitals", () => page.text("#rejected-note"), "1 not finite");
});

withHub("what was not taken is counted, with the reason", [], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics({ ...training(900, 0.86), rewards: 1, agents: { 1: { q_buy: 2 } } }, voting(7, 3));
  await eventually("stripped", () => fact(page, "Stripped fields"), (text) => text?.includes("rewards (1)"));
  p.send({ type: "metrics", training: { avn_accuracy: "high", training_steps: 901 } });
  p.send({ type: "orders" });
  await eventually("flag", () => page.cell("V75", "c-fresh"), (text) => text.endsWith(" 1 rejected, 1 bad field"));
  await eventually("notice", () => page.text("#notice"), (text) => /^Not taken at \d\d:\d\d:\d\d: .*orders/.test(text));
  assert.deepEqual([await fact(page, "Accepted"), await fact(page, "Rejected"), await fact(page, "Bad fields")], ["2", "1", "1"]);
  const { publishers } = await (await fetch(`${hub.url}/api/state`)).json();
  assert.ok((await fact(page, "Last rejection")).endsWith(publishers.V75.last_rejection.reason));
  await eventually("events", () => page.text("#events"), (text) => text.includes("rejected") || text.includes("dropped"));
});

withHub("a space that is not believed says so, and why", [], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  p.metrics(training(900, 0.86), voting(7, 3, 451234.12));
  await eventually("price", () => fact(page, "Last price"), "451,234.12");
  assert.equal(await page.visible("#notice"), false);
  p.metrics(training(12, 0.86), voting(7, 3, 902468.24));
  await eventually("price", () => fact(page, "Last price"), "902,468.24");
  const reasons = "last_price leapt from 451234.12 to 902468.24; training_steps went back from 900 to 12 on one connection";
  await eventually("notice", () => page.text("#notice"), `Suspect: ${reasons}`);
  await eventually("flag", () => page.cell("V75", "c-fresh"), (text) => text.endsWith(" suspect"));
  assert.equal(await fact(page, "Implausible"), "2");
  assert.equal(await page.text("#publishers-note"), "1 suspect");
  await eventually("events", () => page.text("#events"), (text) => text.includes("suspect: last_price leapt"));
  await eventually("suspect", () => fact(page, "Suspect"), (text) => /^since \d\d:\d\d:\d\d: last_price leapt/.test(text));
});

withHub("a second connection for a space is told", [], async (hub, { view, publisher }) => {
  const page = await view();
  const older = await publisher("V75");
  older.metrics(training(900, 0.86), voting(7, 3));
  await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text?.startsWith("900"));
  const newer = await publisher("V75");
  newer.metrics(training(1, 0.5), voting(7, 3));
  older.metrics(training(901, 0.86), voting(7, 3));
  await eventually("notice", () => page.text("#notice"), (text) => /superseded by a newer connection/.test(text));
  await eventually("flag", () => fact(page, "Superseded"), "1");
  assert.match(await page.cell("V75", "c-steps"), /^1\b/);
  await newer.close();
  await eventually("notice", () => page.text("#notice"), (text) => /goes on/.test(text));
});

withHub("a hub that accepts anybody says so", ["--insecure-allow-anonymous"], async (hub, { view }) => {
  const page = await view();
  await eventually("the banner", () => page.visible("#anonymous"), true);
});

withHub("a reader's clock that is an hour off changes no age", [], async (hub, { view, publisher }) => {
  const page = await view(hub.url, {
    before: () => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 3_600_000;
    },
  });
  (await publisher("V75")).metrics(training(1, 0.5), voting(9, 1));
  await eventually("freshness", () => page.cell("V75", "c-fresh"), (text) => /^[2-9] s$/.test(text));
});

withHub("a page that nobody looks at does not poll", [], async (hub, { view }) => {
  const page = await view();
  await live(page);
  const hide = (hidden) => page.page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await sleep(500); // for a poll that was under way
  let polls = 0;
  page.page.on("request", (request) => { if (request.url().endsWith("/api/state")) polls++; });
  await sleep(7000); // one would come every 5 s
  assert.equal(polls, 0);
  await hide(false);
  await eventually("polls", () => polls, (n) => n > 0);
});

withHub("an update touches its own row and no other", [], async (hub, { view, publisher }) => {
  const page = await view();
  const [busy, quiet] = [await publisher("busy"), await publisher("quiet")];
  busy.metrics(training(0, 0.5), voting(9, 1));
  quiet.metrics(training(0, 0.5), voting(8, 2));
  await eventually("rows", () => page.names(), ["busy", "quiet"]);
  await page.page.evaluate(() => {
    globalThis.touched = { busy: 0, quiet: 0 };
    new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
        const space = element?.closest("tbody")?.dataset.space;
        if (space !== undefined && !element.closest(".c-fresh, .c-steps")) globalThis.touched[space]++;
      }
    }).observe(document.getElementById("assets"), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  for (let i = 1; i <= 1000; i++) busy.metrics(training(i, 0.5, i / 1000), voting(9, 1));
  await eventually("steps", () => page.cell("busy", "c-steps"), (text) => text.startsWith("1,000"));
  const touched = await page.page.evaluate(() => globalThis.touched);
  assert.equal(touched.quiet, 0);
  assert.ok(touched.busy > 0 && touched.busy < 1000, `got ${touched.busy} touches for 1000 updates, want at most one a frame`);
});

withHub("light and dark are the system's until the reader chooses", [], async (hub, { view }) => {
  const page = await view(hub.url, { colorScheme: "dark" });
  const background = () => page.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.page.getByRole("button", { name: "Switch between light and dark" }).click();
  const light = await background();
  assert.notEqual(light, dark);
  await page.page.reload();
  assert.equal(await background(), light);
});

withHub("the inspector opens by keyboard, works the formula and follows its asset", [], async (hub, { view, publisher }) => {
  const page = await view();
  const p = await publisher("V75");
  (await publisher("V100")).metrics(training(1, 0.1), voting(9, 1));
  p.metrics(training(900, 0.86, 0.25), voting(7, 3));
  await eventually("rows", () => page.names(), ["V100", "V75"]);
  await eventually("one is shown", () => page.text("#inspector h2"), (text) => text === "V100" || text === "V75"); // whichever came first
  await page.page.locator('tbody[data-space="V75"] button').press("Enter");
  await eventually("the chosen", () => page.text("#inspector h2"), "V75");
  assert.equal(await page.text("#inspector .math"), "confidence = max(7, 3) / 10 = 0.700 score = 0.700 − 0.860 = −0.160");
  p.send({ type: "training", data: { actor_loss: 0.125 } });
  await eventually("actor loss", () => page.text("#inspector .mini.actor_loss"), "Actor loss 0.1250");
  await eventually("a chart", () => page.page.getAttribute("#inspector .mini.avn_loss svg", "aria-label"), (text) => text.startsWith("AVN loss: "));
  await page.page.getByRole("button", { name: "Large charts" }).click();
  await eventually("large charts", () => page.page.locator("#large canvas").count(), 4);
  await page.page.getByRole("button", { name: "Hide large charts" }).click();
  await eventually("large charts", () => page.visible("#large"), false);
});

withHub("on a phone the inspector stands over the table, and gives the focus back", [], async (hub, { view, publisher }) => {
  const page = await view(hub.url, { viewport: phone });
  (await publisher("V75")).metrics(training(900, 0.86, 0.25), voting(7, 3));
  await eventually("rows", () => page.names(), ["V75"]);
  assert.equal(await page.visible("#inspector"), false);
  await page.page.locator('tbody[data-space="V75"] button').press("Enter");
  await eventually("focus", () => page.page.evaluate(() => document.activeElement.id), "inspector-heading");
  await page.page.keyboard.press("Escape");
  await eventually("the inspector", () => page.visible("#inspector"), false);
  assert.equal(await page.page.evaluate(() => document.activeElement.dataset.open), "V75");
});

withHub("an address leads to an asset, an order, a sort and a filter, and back goes back", [], async (hub, { view, publisher }) => {
  for (const [space, steps] of [["V75", 30], ["V100", 10], ["CRASH500", 20]]) (await publisher(space)).metrics(training(steps, 0.5), voting(9, 1));
  const page = await view(`${hub.url}/#asset=V100&order=asc&sort=-steps&filter=v`);
  await eventually("rows", () => page.names(), ["V75", "V100"]);
  await eventually("the asset", () => page.text("#inspector h2"), "V100");
  assert.equal(await page.page.getAttribute('[data-order="asc"]', "aria-pressed"), "true");
  assert.equal(await page.page.getAttribute('[data-column="steps"]', "aria-sort"), "descending");
  assert.equal(await page.page.inputValue("#filter"), "v");
  assert.equal(await page.text("#asset-count"), "2 of 3 assets");

  await choose(page, "V75");
  await eventually("the asset", () => page.text("#inspector h2"), "V75");
  assert.match(page.page.url(), /#asset=V75&order=asc&sort=-steps&filter=v$/);
  await page.page.goBack();
  await eventually("the asset", () => page.text("#inspector h2"), "V100");

  await page.page.goto(`${hub.url}/#asset=NEVER`);
  await eventually("an unknown asset", () => page.text("#unknown-asset"), "The hub knows no asset NEVER. It shows here when it publishes.");
  (await publisher("NEVER")).metrics(training(1, 0.5), voting(9, 1));
  await eventually("the asset", () => page.text("#inspector h2"), "NEVER");
});

withHub("the filter is a key away, and the columns sort either way", [], async (hub, { view, publisher }) => {
  for (const [space, steps] of [["V75", 30], ["BOOM500", 10], ["CRASH500", 20]]) (await publisher(space)).metrics(training(steps, 0.5), voting(9, 1));
  const page = await view();
  await eventually("rows", () => page.names(), ["BOOM500", "CRASH500", "V75"]);
  await page.page.keyboard.press("/");
  await page.page.keyboard.type("volatility");
  await eventually("rows", () => page.names(), ["V75"]);
  await page.page.fill("#filter", "nothing like that");
  await eventually("rows", () => page.visible("#none-listed"), true);
  await page.page.fill("#filter", "");
  await page.page.getByRole("button", { name: "Steps" }).click();
  await eventually("rows", () => page.names(), ["BOOM500", "CRASH500", "V75"]);
  await page.page.getByRole("button", { name: "Steps" }).click();
  await eventually("rows", () => page.names(), ["V75", "CRASH500", "BOOM500"]);
  await page.page.selectOption("#state", "offline");
  await eventually("rows", () => page.names(), []);
});

withHub("what the table shows can be had as CSV", [], async (hub, { view, publisher }) => {
  (await publisher("V75")).metrics(training(900, 0.86, 0.25), voting(7, 3, 451234.12, "=1+1"));
  (await publisher("V100")).metrics(training(1, 0.5), voting(9, 1));
  const page = await view(`${hub.url}/#filter=v75`);
  await eventually("rows", () => page.names(), ["V75"]);
  const [download] = await Promise.all([page.page.waitForEvent("download"), page.page.click("#csv")]);
  assert.match(download.suggestedFilename(), /^quasar-.*\.csv$/);
  const lines = (await readFile(await download.path(), "utf8")).split("\r\n");
  assert.equal(lines.length, 3);
  assert.match(lines[1], /^2,V75,-0\.16\d*,0\.7,0\.86,BUY,7,3,451234\.12,'=1\+1,900,/);
});

withHub("an accuracy of Crash or Boom near 0.99 is said to mean nothing", [], async (hub, { view, publisher }) => {
  (await publisher("CRASH500")).metrics(training(900, 0.99), voting(7, 3));
  const page = await view();
  await eventually("the row", () => page.cell("CRASH500", "c-score"), "−0.290 means nothing");
  await eventually("the inspector", () => page.text("#empty-accuracy"), (text) => text?.includes("no sign of skill"));
});

/** A hub with an asset in each state that a row can have. */
async function everyState(publisher) {
  const spaces = new Map();
  for (const space of ["V75", "V100_1s", "CRASH500", "BOOM500", "CRASH1000", "V25", "STEP", "JUMP50"]) spaces.set(space, await publisher(space));
  const send = (space, ...groups) => spaces.get(space).metrics(...groups);
  send("V25", training(1_502_770, 0.79, 0.21), voting(10, 2, 2906.117, "avn_ensemble"));
  send("STEP", undefined, voting(0, 0, 8120.4));
  for (const price of [3310.552, 33105.52]) send("CRASH500", undefined, voting(1, 11, price, "majority")); // it is not believed
  send("BOOM500", training(410_020, 0.52, 0.41), voting(8, 4, 6012.447, "majority"));
  spaces.get("JUMP50").send("rubbish");
  const newer = await publisher("CRASH1000");
  await spaces.get("STEP").close();
  let step = 0;
  const beat = setInterval(() => {
    step++;
    send("V75", training(1_284_300 + step, 0.71, 0.21), voting(9, 3, 412_118.32 + step / 100, "avn_ensemble"));
    send("V100_1s", { ...training(982_150 + step, 0.64, 0.28), rewards: 3, q_buy: 1 }, voting(3, 7, 1774.09, "avn_ensemble"));
    send("CRASH500", training(88_400 + step, 0.38, 0.68), voting(1, 11, 3310.552, "majority"));
    send("BOOM500", training(410_020 + step, 0.52, 0.41));
    send("CRASH1000", training(1, 0.5), voting(1, 1));
    newer.send(`{"type":"metrics","training":{"training_steps":${733_900 + step},"avn_loss":NaN,"avn_accuracy":0.58},"voting":{"dominant_signal":"NEUTRAL","buy_count":6,"sell_count":6}}`);
  }, 100);
  return () => clearInterval(beat);
}

withHub("every state is accessible, fits a phone, and looks as in shots/", ["--stale-after", "4s", "--hub-id", "hub-eu-1"], async (hub, { view, publisher }) => {
  const views = [];
  for (const look of looks) views.push({ look, page: await view(hub.url, { ...look, deviceScaleFactor: look.viewport === phone ? 2 : 1 }) });
  const inspect = async (state) => {
    for (const { look, page } of views) {
      await page.fits();
      await page.accessible();
      await page.shot(`hub-${state}-${look.name}`);
    }
  };
  for (const { page } of views) await eventually("the start", () => page.visible("#start"), true);
  await inspect("empty");

  const stop = await everyState(publisher);
  try {
    for (const { page } of views) {
      await eventually("rows", async () => (await page.names()).length, 8);
      await eventually("freshness", () => page.cell("V25", "c-fresh"), (text) => text.startsWith("stale"));
      await eventually("votes", () => page.cell("BOOM500", "c-fresh"), (text) => text.includes("votes"));
    }
    await inspect("live");
    for (const { page } of views) await choose(page, "V100_1s");
    await inspect("inspector");
    for (const { look, page } of views) if (look.viewport === phone) await page.page.keyboard.press("Escape");
  } finally {
    stop();
  }
  await hub.kill();
  for (const { page } of views) await eventually("connection", () => page.connection(), (text) => text.startsWith("Offline"));
  await inspect("offline");
});
