// A page of the user's own, and ours in a frame of another site.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { View, eventually, launch } from "./browser.js";
import { Publisher, training, voting } from "./publisher.js";
import { Server } from "./server.js";

let browser;
// A public site may not load from this machine, unless the browser is told not to mind.
before(async () => { browser = await launch("--disable-features=LocalNetworkAccessChecks"); });
after(() => browser.close());

test("a page of the user's own is served untouched and polls; ours stays at /ui/", async () => {
  const file = fileURLToPath(new URL("../../examples/page/page.html", import.meta.url));
  const hub = await new Server("hub", "--dashboard", file).start();
  const view = await View.open(browser, hub.url);
  const publisher = await Publisher.connect(hub, "V75");
  try {
    const answer = await fetch(hub.url);
    assert.equal(await answer.text(), await readFile(file, "utf8"));
    assert.equal(answer.headers.get("Content-Security-Policy"), null);
    publisher.metrics(training(900, 0.86), voting(7, 3));
    await eventually("the row", () => view.text("#rows tr"), (text) => /^1 V75 BUY -0\.160 \d+ s$/.test(text));
    await eventually("the status", () => view.text("#status"), "Live");
    await view.accessible();
    await view.shot("own-page");
    await view.page.goto(`${hub.url}/ui/`);
    await eventually("ours", () => view.connection(), "Live stream");
    await eventually("our row", () => view.names(), ["V75"]);
  } finally {
    await view.close();
    await publisher.close();
    await hub.kill();
  }
});

const quasar = (...args) => execFileSync(process.env.QUASAR_BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

test("in a frame of another site the page asks for a token, and has it in memory only", async () => {
  const folder = await mkdtemp(`${tmpdir()}/quasar-`);
  const file = `${folder}/tokens.jsonl`;
  const [viewer, publisher] = [["viewer"], ["publisher", "--space", "V75"], ["subscriber"]].map((role) => quasar("token", "new", "--file", file, "--role", ...role));
  const hub = new Server("hub", "--tokens-file", file);
  process.env.SPACE_ID = "owner/hub"; // as on Hugging Face, whose pages may hold ours in a frame
  await hub.start().finally(() => { delete process.env.SPACE_ID; });
  const view = await View.open(browser, "about:blank");
  await view.context.route("https://huggingface.co/**", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Space</title><iframe title="hub" width="1200" height="900" src="${hub.url}/"></iframe>` }));
  try {
    await view.page.goto("https://huggingface.co/spaces/owner/hub");
    const frame = view.page.frameLocator("iframe");
    const enter = async (token) => {
      await frame.locator("#token").fill(token);
      await frame.locator("form button").click();
    };
    await enter("wrong");
    await eventually("the answer", () => frame.locator("[role=alert]").textContent(), "This is no valid token of this hub.");
    await enter(publisher);
    await eventually("the answer", () => frame.locator("[role=alert]").textContent(), "This token may not look; that takes a viewer's.");
    await enter(viewer);
    await eventually("the pill", () => frame.locator("#connection-text").textContent(), "Live stream");
    const kept = await frame.locator("body").evaluate(() => [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage), location.href].join());
    assert.ok(!kept.includes(viewer) && !hub.errors.includes(viewer), "the token is somewhere but in memory");
    assert.equal((await view.context.cookies()).length, 0);
    const p = await Publisher.connect(hub, "V75", publisher);
    p.metrics(training(900, 0.86), voting(7, 3));
    await frame.locator('tbody[data-space="V75"]').waitFor();
    await view.shot("framed");
    await p.close();
  } finally {
    await view.close();
    await hub.kill();
    await rm(folder, { recursive: true });
  }
});
