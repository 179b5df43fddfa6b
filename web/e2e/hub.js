// What tests of the hub's page begin with.

import { after, before, test } from "node:test";
import { View, eventually, launch } from "./browser.js";
import { Proxy } from "./proxy.js";
import { Publisher } from "./publisher.js";
import { Server } from "./server.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Runs body with a hub and what it needs to open views, and closes all of it. */
export function withHub(name, flags, body) {
  test(name, async () => {
    const hub = await new Server("hub", ...flags).start();
    const open = [];
    const use = {
      view: async (url = hub.url, options) => keep(await View.open(browser, url, options)),
      publisher: async (space) => keep(await Publisher.connect(hub, space)),
      proxy: async () => keep(await Proxy.before(hub)),
    };
    const keep = (thing) => {
      open.unshift(thing);
      return thing;
    };
    try {
      await body(hub, use);
      for (const thing of open.splice(0)) await thing.close();
    } finally {
      for (const thing of open) await thing.close().catch(() => {});
      await hub.kill();
    }
  });
}

export const live = (view) => eventually("connection", () => view.connection(), "Live stream");

/** What the inspector shows under a name. */
export const fact = (view, name) => view.page.evaluate((wanted) => {
  const term = [...document.querySelectorAll("#inspector dt")].find((dt) => dt.textContent === wanted);
  return term?.nextElementSibling.textContent ?? null;
}, name);

export const choose = (view, space) => view.page.click(`tbody[data-space="${space}"] button`);
