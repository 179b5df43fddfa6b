// Looking at a ranker that has tokens for that, in a real browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { View, eventually, launch, looks } from "./browser.js";
import { Server } from "./server.js";

// A public site may not load from this machine, unless the browser is told not to mind.
let browser;
before(async () => { browser = await launch("--disable-features=LocalNetworkAccessChecks"); });
after(() => browser.close());

const quasar = (...args) => execFileSync(process.env.QUASAR_BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** Runs body with a ranker that has tokens, and closes all of it; environment is for the ranker. */
function withTokens(name, body, environment = {}) {
  test(name, async () => {
    const folder = await mkdtemp(`${tmpdir()}/quasar-`);
    const file = `${folder}/tokens.jsonl`;
    const make = (...args) => quasar("token", "new", "--file", file, "--role", ...args);
    const tokens = { viewer: make("viewer", "--id", "ana"), subscriber: make("subscriber") };
    const hub = await new Server("hub").start();
    Object.assign(process.env, environment);
    const ranker = await new Server("rank", "--hub", hub.ws, "--tokens-file", file).start();
    for (const name of Object.keys(environment)) delete process.env[name];
    const open = [];
    const view = async (url = ranker.url, options = {}) => {
      const page = await View.open(browser, url, options);
      open.unshift(page);
      return page;
    };
    try {
      await body(ranker, tokens, view, () => quasar("token", "revoke", "ana", "--file", file));
      for (const thing of open.splice(0)) await thing.close();
      for (const token of Object.values(tokens)) assert.ok(!ranker.errors.includes(token), "a token in the log");
    } finally {
      for (const thing of open) await thing.close().catch(() => {});
      await ranker.kill();
      await hub.kill();
      await rm(folder, { recursive: true });
    }
  });
}

const asked = (view) => eventually("connection", () => view.connection(), "Token wanted");
const live = (view) => eventually("connection", () => view.connection(), "Live stream");

async function logIn(view, token) {
  await view.page.fill("#view-token", token);
  await view.page.press("#view-token", "Enter");
}

withTokens("who may not look at a ranker sees nothing of it, until a viewer's token", async (ranker, tokens, view, revoke) => {
  const page = await view();
  await asked(page);
  assert.equal(await page.text("#content h2"), "Log in to look");
  assert.equal(await page.visible("#halt"), false);
  for (const [token, said] of [["qsr_view_wrong", "This is no valid viewer's token of this ranker."], [tokens.subscriber, "This is no valid viewer's token of this ranker."],
    ["two words", "This is no token: got spaces or signs that none has."]]) {
    await logIn(page, token);
    await eventually("the answer", () => page.text("#view-login [role=alert]"), said);
  }
  assert.equal((await page.context.cookies()).length, 0);

  await logIn(page, tokens.viewer);
  await live(page);
  assert.equal(await page.text("#view-login"), null);
  const [cookie, ...more] = await page.context.cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.path, more.length], ["quasar_ranker_view", true, "Strict", "/", 0]);
  assert.ok(!cookie.value.includes(tokens.viewer));
  assert.equal(await page.page.evaluate(() => document.cookie), "");
  await page.page.reload();
  await live(page);

  const another = await page.context.newPage(); // with the same cookie
  await another.goto(ranker.url);
  await page.page.click("#view-logout");
  await asked(page);
  assert.equal((await page.context.cookies()).length, 0);
  await logIn(page, tokens.viewer);
  await live(page);
  revoke();
  await asked(page);
  await eventually("the answer", () => page.text("#view-login [role=alert]"), "This token is valid no more.");
  assert.equal(await page.text(".vitals"), null);
});

withTokens("in a frame of another site the token stays in the memory of a ranker's page", async (ranker, tokens, view) => {
  const page = await view("about:blank");
  await page.context.route("https://huggingface.co/**", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Space</title><iframe title="ranker" width="1200" height="900" src="${ranker.url}/"></iframe>` }));
  await page.page.goto("https://huggingface.co/spaces/owner/ranker");
  const frame = page.page.frameLocator("iframe");
  const connection = () => frame.locator("#connection").innerText();
  await eventually("connection", connection, "Token wanted");
  await frame.locator("#view-token").fill(tokens.viewer);
  await frame.locator("#view-login button").click();
  await eventually("connection", connection, "Live stream");
  assert.equal((await page.context.cookies()).length, 0);
  await page.page.reload(); // with the page its memory is gone
  await eventually("connection", connection, "Token wanted");
}, { SPACE_ID: "owner/ranker" });

withTokens("the form of a ranker is accessible and fits a phone", async (ranker, tokens, view) => {
  for (const look of looks) {
    const page = await view(ranker.url, look);
    await asked(page);
    await logIn(page, "qsr_view_wrong");
    await eventually("the answer", () => page.text("#view-login [role=alert]"), (text) => text !== null);
    await page.fits();
    await page.accessible();
    await page.shot(`ranker-login-${look.name}`);
  }
});
