// The ranker's page where something is traded: the demo, whose ticks are random.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { View, eventually, launch, looks, phone } from "./browser.js";
import { Proxy } from "./proxy.js";
import { Server, freePort } from "./server.js";

const token = process.env.QUASAR_ADMIN_TOKEN = "the admin token of a test"; // the demo takes it from here

let browser, demo, ranker, folder;
before(async () => {
  browser = await launch();
  folder = process.env.TMPDIR = await mkdtemp(`${tmpdir()}/quasar-`); // where the demo keeps its journal
  const port = await freePort();
  demo = new Server("demo", "--ranker-listen", `127.0.0.1:${port}`, "--speed", "40");
  ranker = { port, url: `http://127.0.0.1:${port}` };
  await demo.start();
});
after(async () => {
  await browser.close();
  await demo.kill();
  await rm(folder, { recursive: true });
});

/** Runs body with what opens views of the ranker, and closes them. */
function withPage(name, body) {
  test(name, async () => {
    const open = [];
    const keep = (thing) => {
      open.unshift(thing);
      return thing;
    };
    const view = async (options, url = ranker.url) => {
      const page = keep(await View.open(browser, url, options));
      await eventually("connection", () => page.connection(), (text) => text !== "Connecting");
      return page;
    };
    try {
      await body({ view, proxy: async () => keep(await Proxy.before(ranker)) });
      for (const thing of open.splice(0)) await thing.close();
    } finally {
      for (const thing of open) await thing.close().catch(() => {});
      await command("resume");
    }
  });
}

const state = async () => (await fetch(`${ranker.url}/api/state`)).json();
const standing = async () => (await state()).trade.account.standing;
const command = (what) => fetch(`${ranker.url}/trade/${what}`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });

async function logIn(page, text = token) {
  await page.page.fill("#login-line", text);
  await page.page.click("#login button[type=submit]");
}

/** Holds the halt button by the pointer for some milliseconds. */
async function hold(page, milliseconds) {
  await eventually("the button", () => page.page.isDisabled("#halt"), false); // the last test's halt may still be shown
  const box = await page.page.locator("#halt").boundingBox();
  await page.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.page.mouse.down();
  await sleep(milliseconds);
  await page.page.mouse.up();
}

withPage("a short click does not halt, by pointer or key, and a hold that slides off neither", async ({ view }) => {
  const page = await view();
  await page.page.click("#log-in");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  await page.page.click("#halt");
  await hold(page, 400);
  await page.page.focus("#halt");
  await page.page.keyboard.press("Enter");
  await page.page.keyboard.press(" ");
  await page.page.keyboard.down("Enter");
  await sleep(300);
  await page.page.keyboard.up("Enter");
  const box = await page.page.locator("#halt").boundingBox();
  await page.page.mouse.move(box.x + 9, box.y + 9);
  await page.page.mouse.down();
  await page.page.mouse.move(box.x - 200, box.y + 300);
  await sleep(1500);
  await page.page.mouse.up();
  assert.notEqual(await standing(), "HALTED");
  assert.match(await page.text("#halt-hint"), /^Not halted/);
});

withPage("flatten asks for the token and a typed word, halts, and sells what can be sold", async ({ view }) => {
  const page = await view();
  await eventually("an open contract", () => page.visible("#flatten"), true);
  await page.page.click("#flatten");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  await eventually("an open contract", () => page.visible("#flatten"), true);
  assert.equal(await standing(), "ACTIVE");
  await page.page.click("#flatten");
  await page.page.fill("#flatten-dialog-line", "sell");
  await page.page.click("#flatten-dialog button[type=submit]");
  await eventually("the answer", () => page.text("#flatten-dialog .error"), "Got “sell”, want FLATTEN.");
  assert.equal(await standing(), "ACTIVE");
  await page.page.fill("#flatten-dialog-line", "FLATTEN");
  await page.page.click("#flatten-dialog button[type=submit]");
  await eventually("the banner", () => page.visible("#halted"), true);
  await eventually("sold or ended", async () => (await state()).trade.positions.length, 0);
});

withPage("a hold by the pointer halts, and a typed word resumes", async ({ view }) => {
  const page = await view();
  await page.page.click("#log-in");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  await hold(page, 1500);
  await eventually("standing", standing, "HALTED");
  await eventually("banner", () => page.text("#halted"), (text) => /^Trading halted at \d\d:\d\d:\d\d of the venue by api 127\.0\.0\.1 \(person: held on the page\)\. Nothing is bought\./.test(text));
  assert.equal(await page.text("#halt"), "Trading halted");
  assert.equal(await page.page.isDisabled("#halt"), true);
  assert.match(await page.page.title(), /^Halted: /);

  await page.page.click("#resume");
  await page.page.fill("#resume-dialog-line", "resume");
  await page.page.click("#resume-dialog button[type=submit]");
  await eventually("the answer", () => page.text("#resume-dialog .error"), "Got “resume”, want RESUME.");
  assert.equal(await standing(), "HALTED");
  await page.page.fill("#resume-dialog-line", "RESUME");
  await page.page.keyboard.press("Enter");
  await eventually("standing", standing, (word) => word !== "HALTED");
  await eventually("banner", () => page.text("#halted"), null);
  await eventually("the button", () => page.text("#halt"), "Hold to halt trading");
});

withPage("limits are made tighter by a person with the token, beside what is in force, and not looser", async ({ view }) => {
  const page = await view();
  const limits = async () => (await state()).trade.limits;
  const before = await limits();
  await page.page.click("#tighten");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  await page.page.click("#tighten");
  await eventually("the focus", () => page.page.evaluate(() => document.activeElement.matches("#tighten-dialog input")), true);
  const payout = Number(before.max_open_payout);
  assert.equal((await page.text("#tighten-max_open_payout-now")).replace(",", ""), before.max_open_payout);
  assert.equal(await page.text("#tighten-per_day-now"), "off");
  await page.page.keyboard.press("Enter");
  await eventually("the answer", () => page.text("#tighten-dialog .error"), "Nothing was typed: want one limit or more.");
  await page.page.fill("#tighten-max_open_payout", String(payout + 1));
  await page.page.keyboard.press("Enter");
  await eventually("the answer", () => page.text("#tighten-dialog .error"), (text) => text.startsWith(`Open payout: got ${payout + 1}, want less than `));
  assert.deepEqual(await limits(), before);
  await page.accessible();
  await page.page.setViewportSize(phone);
  await page.fits();
  await page.shot("ranker-tighten-light-390", { fullPage: false });
  await page.page.fill("#tighten-max_open_payout", String(payout - 1));
  await page.page.fill("#tighten-per_day", "100000");
  await page.page.keyboard.press("Enter");
  await eventually("limits", limits, { ...before, max_open_payout: (payout - 1).toFixed(2), per_day: 100_000 });
  await eventually("the dialog", () => page.visible("#tighten-dialog"), false);
});

withPage("a hold by a key halts, also where the login comes after it", async ({ view }) => {
  const page = await view();
  await page.page.focus("#halt");
  await page.page.keyboard.down(" ");
  await sleep(1500);
  await page.page.keyboard.up(" ");
  await eventually("the form", () => page.text("#login-title"), "Log in to halt");
  assert.notEqual(await standing(), "HALTED");
  await logIn(page, "a wrong token");
  await eventually("the answer", () => page.text("#login .error"), "token: got one that is not this ranker's admin token");
  await page.page.keyboard.press("Escape");
  await eventually("what is said", () => page.text("#said"), "Trading was NOT halted: nobody logged in.");
  assert.notEqual(await standing(), "HALTED");

  await page.page.focus("#halt");
  await page.page.keyboard.down("Enter");
  await eventually("the form", () => page.text("#login-title"), "Log in to halt");
  await page.page.keyboard.up("Enter");
  await logIn(page);
  await eventually("standing", standing, "HALTED");
  const cookies = await page.context.cookies(`${ranker.url}/trade/session`);
  assert.deepEqual(cookies.map(({ name, path, httpOnly, sameSite }) => ({ name, path, httpOnly, sameSite })), [{ name: "quasar_admin", path: "/trade/", httpOnly: true, sameSite: "Strict" }]);
  assert.ok(!cookies[0].value.includes(token));
  assert.equal(await page.page.evaluate(() => document.cookie), "");
  await page.page.reload();
  await eventually("logged in", () => page.visible("#logout"), true);
  await page.page.click("#logout");
  await eventually("logged out", () => page.visible("#log-in"), true);
});

withPage("where a browser keeps no cookie the token stays in the page's memory, and is gone with it", async ({ view }) => {
  const page = await view();
  const sent = [];
  await page.page.route("**/trade/*", async (route) => { // as in a frame of another site
    sent.push([new URL(route.request().url()).pathname, route.request().headers()["x-quasar-token"] ?? ""]);
    const { "x-quasar-token": memory, origin } = route.request().headers();
    const answer = await fetch(route.request().url(), { method: route.request().method(), headers: { ...(memory && { "x-quasar-token": memory }), ...(origin && { origin }) }, body: route.request().postData() ?? undefined });
    await route.fulfill({ status: answer.status, contentType: "application/json", body: await answer.text() });
  });
  await page.page.click("#log-in");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  assert.equal((await page.context.cookies()).length, 0);
  await hold(page, 1500);
  await eventually("standing", standing, "HALTED");
  assert.deepEqual(sent.at(-1), ["/trade/halt", token]);
  assert.equal(await page.page.evaluate((token) => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML]).includes(token), token), false);
  await page.page.reload();
  await eventually("logged out", () => page.visible("#log-in"), true);
});

withPage("what is decided, refused and bought is told as it comes, and no number goes without what it proves", async ({ view }) => {
  const page = await view();
  await eventually("connection", () => page.connection(), "Live stream");
  await eventually("pills", () => page.text(".control"), (text) => text.includes("Paper: pretended money") && text.includes("Trading armed"));
  const newest = () => page.text(".decisions tbody tr .d-time");
  const seen = await eventually("a decision", newest, (text) => text !== null);
  await eventually("a newer one", newest, (text) => text > seen);
  await eventually("a refusal", async () => {
    await page.page.click(".choice button:text-is('Refused')");
    return page.page.$$eval(".decisions tbody tr", (rows) => rows.slice(0, 3).map((row) => row.innerText.replace(/\s+/g, " ")));
  }, (rows) => rows.length > 0 && rows.every((row) => /refused (BUY|SELL)/.test(row) && /want.* \([a-z-]+(, [a-z-]+)*\)/.test(row)));
  await page.page.click(".choice button:text-is('Traded')");
  await eventually("a result", () => page.page.$$eval(".d-result", (cells) => cells.map((cell) => cell.innerText).filter((text) => /^[+−]\d+\.\d\d (won|lost)$/.test(text)).length), (n) => n > 0);
  await eventually("the verdict", () => page.text("#performance-sentence"), (text) => /^Not distinguishable from chance/.test(text));
  assert.equal(await page.text("[aria-labelledby=performance-title] .pill"), "Not distinguishable from chance");
  await eventually("the curve", () => page.page.$$eval("#equity-chart canvas", (all) => all.map((canvas) => canvas.width > 300)), [true]);
  assert.match(await page.page.getAttribute("#equity-chart", "aria-label"), /^Profit .* after \d+ contracts(; 95 % of coins .*)?; a coin does as well with/);
  assert.match(await page.text("#equity-ahead"), /^The times are the venue's, whose clock is \d.* ahead of this one\.$/); // its days are shorter than ours
  assert.match(await page.text("#gate-sentence"), /^No evidence of an edge/);
  assert.match(await page.text("[aria-labelledby=ranking-title] .foot"), /Crash and Boom indices go one way .* mean nothing/);
  for (const meter of await page.page.$$eval("[role=meter]", (all) => all.map((one) => Number(one.getAttribute("aria-valuenow"))))) assert.ok(meter >= 0 && meter <= 100);
});

withPage("a running profit is a dash while unknown, and grey with its age when it is old", async ({ view }) => {
  const page = await view();
  const shown = async (running) => {
    await page.page.unrouteAll();
    await page.page.routeWebSocket("**/ws/view", (socket) => {
      socket.connectToServer().onMessage((text) => {
        const state = JSON.parse(text);
        for (const order of state.trade.positions) Object.assign(order, running(state.trade.account.timestamp));
        socket.send(JSON.stringify(state));
      });
    });
    await page.page.reload();
    return eventually("an open contract", () => page.page.$$eval(".running", ([e]) => e && [e.classList.contains("old"), e.textContent]), (got) => Array.isArray(got));
  };
  assert.deepEqual(await shown(() => ({ running_profit: null, running_at: null })), [false, "running –"]);
  assert.deepEqual(await shown((now) => ({ running_profit: "-0.40", running_at: now })), [false, "running −0.40"]);
  await page.shot("ranker-running-light-1440");
  const [old, text] = await shown((now) => ({ running_profit: "1.30", running_at: now - 40 * 60 }));
  assert.ok(old && /^running \+1\.30 (1 m|6\d s|1 min).* old$/.test(text), text);
});

withPage("without a WebSocket the page polls, and goes back to it", async ({ view, proxy }) => {
  const between = await proxy();
  between.refusing = true;
  const page = await view({}, between.url);
  await eventually("connection", () => page.connection(), "Polling every 2 s");
  const newest = () => page.text(".decisions tbody tr .d-time");
  const seen = await eventually("a decision", newest, (text) => text !== null);
  await eventually("a newer one", newest, (text) => text > seen);
  between.refusing = false;
  await page.page.evaluate(() => dispatchEvent(new Event("online")));
  await eventually("connection", () => page.connection(), "Live stream");
});

withPage("a stream that says nothing more is given up", async ({ view, proxy }) => {
  const between = await proxy();
  const page = await view({}, between.url);
  await eventually("connection", () => page.connection(), "Live stream");
  between.stall();
  await eventually("connection", () => page.connection(), (text) => text !== "Live stream");
  await eventually("connection", () => page.connection(), "Live stream");
});

withPage("between a phone and a desk a row takes two lines, and what is left out of a table makes the page no longer", async ({ view }) => {
  const page = await view();
  await eventually("a decision", () => page.page.locator(".decisions .d-brought").count(), (n) => n > 1);
  for (const width of [768, 1024]) {
    await page.page.setViewportSize({ width, height: 900 });
    await page.fits();
    const astray = () => page.page.$$eval(".scroll *", (all) => all.filter((e) => getComputedStyle(e).position === "absolute" && !e.closest(".scroll").contains(e.offsetParent)).map((e) => e.className));
    await eventually("what is hidden in a table and placed by the page", astray, []);
    const lines = () => page.page.$$eval(".ranking .asset-row .c-expected", (all) => all.map((e) => Math.round(e.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(e).lineHeight))));
    await eventually("lines of what is expected", lines, (all) => all.length > 0 && all.every((n) => n <= 2)); // three, in a column too narrow
  }
});

withPage("every state is accessible, fits a phone, and looks as in shots/", async ({ view }) => {
  const views = [];
  for (const look of looks) views.push({ look, page: await view({ ...look, deviceScaleFactor: look.viewport === phone ? 2 : 1 }) });
  const few = ["light-1440", "dark-390"];
  const inspect = async (name, which = looks.map((look) => look.name)) => {
    for (const { look, page } of views.filter(({ look }) => which.includes(look.name))) {
      await page.fits();
      await page.accessible();
      await page.shot(`ranker-${name}-${look.name}`);
    }
  };
  const all = async (what, probe, wanted) => { for (const { page } of views) await eventually(what, () => probe(page), wanted); };
  await all("the curve", (page) => page.page.locator("#equity-chart canvas").count(), 1);
  await inspect("trading");
  for (const { page } of views) await page.page.click("#log-in");
  await inspect("login", few);
  for (const { page } of views) await page.page.keyboard.press("Escape");
  await command("halt");
  await all("banner", (page) => page.visible("#halted"), true);
  await inspect("halted", few);
});

test("offline the ages go on, the rows are grey, and a halt says that it did not", async () => {
  const page = await View.open(browser, ranker.url);
  await eventually("connection", () => page.connection(), "Live stream");
  await page.page.click("#log-in");
  await logIn(page);
  await eventually("logged in", () => page.visible("#logout"), true);
  await demo.kill();
  await eventually("connection", () => page.connection(), (text) => /^Offline since \d\d:\d\d:\d\d$/.test(text));
  assert.match(await page.text("#lost"), /^No connection to the ranker since \d\d:\d\d:\d\d UTC/);
  await eventually("the next attempt", () => page.text("#lost-next"), (text) => /^(Next attempt in \d s|Trying now)\.$/.test(text));
  const asked = page.page.waitForRequest("**/api/state");
  await page.page.focus("#lost-now");
  await page.page.keyboard.press("Enter");
  await asked;
  const age = async () => Number((await page.text("tr[data-space] .c-fresh")).match(/(\d+) s/)?.[1] ?? 0);
  const before = await age();
  await eventually("age", age, (s) => s >= before + 2);
  assert.match(await page.page.getAttribute("tr[data-space]", "class"), /\blost\b/);
  await hold(page, 1500);
  await eventually("what is said", () => page.text("#said"), (text) => /^Trading was NOT halted: the ranker did not answer/.test(text));
  await page.fits();
  await page.accessible();
  await page.shot("ranker-trading-offline-light-1440");
  await demo.start();
  await eventually("connection", () => page.connection(), "Live stream");
  await eventually("the end of the session", () => page.visible("#halt"), true);
  await page.close();
});
