// Logging in to a hub that has tokens, in a real browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { View, eventually, launch, looks, phone } from "./browser.js";
import { Publisher, training, voting } from "./publisher.js";
import { Server } from "./server.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const quasar = (...args) => execFileSync(process.env.QUASAR_BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** Runs body with a hub that has tokens, and closes all of it. */
function withTokens(name, body) {
  test(name, async () => {
    const folder = await mkdtemp(`${tmpdir()}/quasar-`);
    const file = `${folder}/tokens.jsonl`;
    const make = (...args) => quasar("token", "new", "--file", file, "--role", ...args);
    const tokens = {
      publisher: make("publisher", "--space", "V75"), subscriber: make("subscriber"), viewer: make("viewer", "--id", "ana"), another: make("viewer"),
    };
    const hub = await new Server("hub", "--tokens-file", file).start();
    const open = [];
    const keep = (thing) => {
      open.unshift(thing);
      return thing;
    };
    const use = {
      view: async (url = hub.url, options) => keep(await View.open(browser, url, options)),
      publisher: async () => keep(await Publisher.connect(hub, "V75", tokens.publisher)),
    };
    try {
      await body(hub, tokens, use, (id) => quasar("token", "revoke", id, "--file", file));
      for (const thing of open.splice(0)) await thing.close();
      for (const token of Object.values(tokens)) assert.ok(!hub.errors.includes(token), "a token in the log");
    } finally {
      for (const thing of open) await thing.close().catch(() => {});
      await hub.kill();
      await rm(folder, { recursive: true });
    }
  });
}

const path = (view) => new URL(view.page.url()).pathname;
const asked = (view) => eventually("the path", () => path(view), "/login");
const live = (view) => eventually("connection", () => view.connection(), "Live stream");

async function logIn(view, token) {
  await view.page.fill("#token", token);
  await view.page.click("form button");
}

withTokens("who may not look is asked for a token, and a viewer's shows the page", async (hub, tokens, { view, publisher }) => {
  const page = await view();
  await asked(page);
  await logIn(page, "qsr_view_wrong");
  await eventually("the answer", () => page.text("[role=alert]"), "This is no valid token of this hub.");
  await logIn(page, tokens.subscriber);
  await eventually("the answer", () => page.text("[role=alert]"), "This is a subscriber's token; to look takes a viewer's.");
  assert.equal((await page.context.cookies()).length, 0);

  await logIn(page, tokens.viewer);
  await eventually("the path", () => path(page), "/");
  await live(page);
  const p = await publisher();
  p.metrics(training(900, 0.86, 0.25), voting(7, 3, 451234.12));
  await eventually("score", () => page.cell("V75", "c-score"), "−0.160 0.700 − 0.860");
  await eventually("the books", () => page.text("#publishers-value"), "1");

  const [cookie] = await page.context.cookies();
  assert.deepEqual({ ...cookie, value: cookie.value === tokens.viewer },
    { name: "quasar_token", value: true, domain: "127.0.0.1", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Strict" });
  assert.equal(await page.page.evaluate(() => document.cookie), "");
  await page.page.reload();
  await live(page);
});

withTokens("logging out asks for a token again", async (hub, tokens, { view }) => {
  const page = await view(`${hub.url}/login`);
  await logIn(page, tokens.viewer);
  await live(page);
  await page.page.goto(`${hub.url}/login`);
  assert.match(await page.text("main"), /You are logged in with the token ana\./);
  await page.page.click("[name=logout]");
  await eventually("the form", () => page.text("main"), (text) => !text.includes("logged in"));
  assert.equal((await page.context.cookies()).length, 0);
  await page.page.goto(hub.url);
  await asked(page);
});

withTokens("a token that is revoked ends the page that it opened", async (hub, tokens, { view }, revoke) => {
  const other = await view(`${hub.url}/login`);
  await logIn(other, tokens.another);
  await live(other);
  const page = await view(`${hub.url}/login`);
  await logIn(page, tokens.viewer);
  await live(page);
  revoke("ana");
  await asked(page);
  assert.equal(path(other), "/");
  assert.equal(await other.connection(), "Live stream");
});

/** Opens a WebSocket from a script of the page; resolves to "open", or to "closed" if that is refused. */
const opens = (view, url, protocols) => view.page.evaluate(([url, protocols]) => new Promise((resolve) => {
  const socket = new WebSocket(url, protocols);
  socket.onopen = () => resolve(`open ${socket.protocol}`);
  socket.onclose = () => resolve("closed");
}), [url, protocols]);

withTokens("a script of a foreign page publishes with a token, and has nothing of the login", async (hub, tokens, { view }) => {
  const foreign = http.createServer((_, answer) => answer.end("<!doctype html><title>foreign</title>")).listen(0, "127.0.0.1");
  await once(foreign, "listening");
  try {
    const page = await view(`${hub.url}/login`);
    await logIn(page, tokens.viewer);
    await live(page);
    await page.page.goto(`http://127.0.0.1:${foreign.address().port}/`); // the same site: the browser adds the cookie
    const pair = (token) => ["quasar.v1", `bearer.${token}`];
    assert.equal(await opens(page, `${hub.ws}/ws/publish/V75`, pair(tokens.publisher)), "open quasar.v1");
    assert.equal(await opens(page, `${hub.ws}/ws/publish/V75`, []), "closed");
    assert.equal(await opens(page, `${hub.ws}/ws/publish/V100`, pair(tokens.publisher)), "closed");
    assert.equal(await opens(page, `${hub.ws}/ws/subscribe`, []), "closed");
    assert.equal(await opens(page, `${hub.ws}/ws/subscribe`, pair(tokens.viewer)), "closed");
    const read = await page.page.evaluate((url) => fetch(url, { credentials: "include" }).then(() => "read", () => "not read"), `${hub.url}/api/state`);
    assert.equal(read, "not read");
  } finally {
    foreign.close();
  }
});

withTokens("the form is accessible and fits a phone", async (hub, tokens, { view }) => {
  for (const look of looks) {
    const page = await view(`${hub.url}/login`, { ...look, deviceScaleFactor: look.viewport === phone ? 2 : 1 });
    await logIn(page, "qsr_view_wrong");
    await eventually("the answer", () => page.text("[role=alert]"), (text) => text !== null);
    await page.fits();
    await page.accessible();
    await page.shot(`login-${look.name}`);
  }
});
