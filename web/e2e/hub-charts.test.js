// The large charts of the hub's page.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, phone, wide } from "./browser.js";
import { choose, withHub } from "./hub.js";
import { training, voting } from "./publisher.js";

/** Publishes for some assets four times a second until the function that is returned is called; the losses of each are its own. */
async function beats(publisher, ...spaces) {
  const publishers = [];
  for (const space of spaces) publishers.push(await publisher(space));
  let step = 0;
  const beat = () => {
    step++;
    publishers.forEach((p, i) => p.metrics(training(step, 0.5 + i / 10, 0.2 + i / 4 + Math.sin(step / 5) / 20), voting(9 - i, 1 + i)));
  };
  beat();
  const timer = setInterval(beat, 250);
  return () => clearInterval(timer);
}

const plot = (page) => page.page.locator('#large [data-series="avn_loss"] .plot');
const legend = (page, series = "avn_loss") => page.text(`#large [data-series="${series}"] .legend`);

async function openCharts(page) {
  await page.page.getByRole("button", { name: "Large charts" }).click();
  await eventually("large charts", () => page.page.locator("#large canvas").count(), 4);
}

/** How many pixels of a chart have a colour of the theme, "--ink" say. */
const pixels = (page, variable) => page.page.evaluate((name) => {
  const wanted = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = wanted;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const canvas = document.querySelector('#large [data-series="avn_loss"] canvas');
  if (canvas === null) return 0; // it is made again with the next frame
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) n++;
  return n;
}, variable);

/** The time at the cursor after a key, in seconds of the day. */
async function timeAfter(page, key) {
  await plot(page).press(key);
  const said = await plot(page).getAttribute("aria-valuetext");
  const [, h, m, s] = said.match(/^(\d\d):(\d\d):(\d\d) UTC: V75 0\.\d+/);
  return (Number(h) * 60 + Number(m)) * 60 + Number(s);
}

withHub("a large chart tells what was when, by pointer and by keyboard", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view();
    await eventually("rows", () => page.names(), ["V75"]);
    await sleep(6000);
    await openCharts(page);
    assert.match(await eventually("the legend", () => legend(page), (text) => /newest$/.test(text)), /^V75 0\.\d+ newest$/);
    const box = await plot(page).locator(".u-over").boundingBox();
    await page.page.mouse.move(box.x + box.width - 10, box.y + 50);
    await eventually("the time", () => legend(page), (text) => /^V75 0\.\d+ \d\d:\d\d:\d\d UTC$/.test(text));
    const [, at] = (await legend(page)).match(/(\d\d:\d\d:\d\d) UTC/);
    assert.ok((await legend(page, "actor_loss")).includes(at), "the other charts point at the same time");
    await page.page.mouse.move(5, 5);
    await eventually("the newest", () => legend(page), (text) => /newest$/.test(text));

    await plot(page).focus();
    const first = await timeAfter(page, "Home");
    const steps = [first];
    for (let i = 0; i < 3; i++) steps.push(await timeAfter(page, "ArrowRight"));
    assert.ok(steps[3] >= first + 2 && steps[3] <= first + 5 && steps.every((at, i) => i === 0 || at >= steps[i - 1]), `got ${steps}`);
    assert.ok(await timeAfter(page, "End") >= first + 5);
    assert.ok((await legend(page, "avn_accuracy")).startsWith("V75 0.500 "), await legend(page, "avn_accuracy"));
  } finally {
    stop();
  }
});

withHub("a large chart is zoomed by dragging and by keys, and shows all again", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view();
    await eventually("rows", () => page.names(), ["V75"]);
    await sleep(6000);
    await openCharts(page);
    const pressed = () => page.page.locator('#large .choice [aria-pressed="true"]').allInnerTexts();
    assert.deepEqual(await pressed(), ["All kept"]);
    await page.page.getByRole("button", { name: "5 min", exact: true }).click();
    await eventually("the range", pressed, ["5 min"]);
    await page.page.getByRole("button", { name: "All kept" }).click();
    await eventually("the range", pressed, ["All kept"]);
    const reset = page.page.getByRole("button", { name: "Reset zoom" });
    assert.equal(await reset.isEnabled(), false);
    const all = await timeAfter(page, "Home");

    const drag = async () => {
      const box = await plot(page).locator(".u-over").boundingBox();
      await page.page.mouse.move(box.x + box.width * 0.85, box.y + 60);
      await page.page.mouse.down();
      await page.page.mouse.move(box.x + box.width * 0.92, box.y + 60, { steps: 4 });
      await page.page.mouse.move(box.x + box.width - 1, box.y + 60, { steps: 4 });
      await page.page.mouse.up();
      await eventually("the zoom", () => reset.isEnabled(), true);
      assert.deepEqual(await pressed(), []);
      const first = await timeAfter(page, "Home");
      assert.ok(first > all, `got ${first} as the first in sight, want later than ${all}`);
    };
    const unzoomed = async () => {
      await eventually("the zoom", () => reset.isEnabled(), false);
      assert.equal(await timeAfter(page, "Home"), all);
    };
    await drag();
    await plot(page).locator(".u-over").dblclick({ position: { x: 50, y: 50 } });
    await unzoomed();
    await drag();
    await reset.click();
    await unzoomed();
    await timeAfter(page, "End");
    for (const key of ["+", "+", "+", "+"]) await plot(page).press(key);
    await eventually("the zoom", () => reset.isEnabled(), true);
    assert.ok(await timeAfter(page, "Home") > all);
    await plot(page).press("0");
    await unzoomed();
  } finally {
    stop();
  }
});

/** Fingers on the screen, each a list of points that they pass; all begin and end together. */
async function fingers(page, ...paths) {
  const browser = await page.context.newCDPSession(page.page);
  const touch = (type, points) => browser.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch("touchStart", paths.map((path) => path[0]));
  for (let i = 1; i < paths[0].length; i++) await touch("touchMove", paths.map((path) => path[i]));
  await touch("touchEnd", []);
  await browser.detach();
}

/** Points on the way from one to another. */
const way = ([x, y], [toX, toY]) => Array.from({ length: 9 }, (_, i) => [x + ((toX - x) * i) / 8, y + ((toY - y) * i) / 8]);

withHub("a finger reads a large chart and scrolls past it, two zoom it, and a double tap shows all again", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view(`${hub.url}/#asset=V75`, { viewport: phone, hasTouch: true, isMobile: true });
    await openCharts(page);
    await eventually("the legend", () => legend(page), (text) => /newest$/.test(text));
    const over = await plot(page).locator(".u-over").elementHandle();
    const { x, y, width, height } = await over.boundingBox();
    const middle = [x + width / 2, y + 60];
    const reset = page.page.getByRole("button", { name: "Reset zoom" });

    await fingers(page, way(middle, [x + width - 4, y + 70]));
    await eventually("the time under the finger", () => legend(page), (text) => /^V75 0\.\d+ \d\d:\d\d:\d\d UTC$/.test(text));
    assert.match(await legend(page, "actor_loss"), / UTC$/, "the other charts point at the same time");
    assert.equal(await reset.isVisible(), false, "a finger that reads does not zoom");

    await fingers(page, way([middle[0] - 30, middle[1]], [middle[0] - 90, middle[1]]), way([middle[0] + 30, middle[1]], [middle[0] + 90, middle[1]]));
    await eventually("the zoom", () => reset.isVisible(), true);
    assert.deepEqual(await over.boundingBox(), { x, y, width, height }, "the chart stays under the fingers");
    await eventually("the zoom", async () => {
      await page.page.touchscreen.tap(...middle); // two of them make one, if the machine is not too busy
      return reset.isVisible();
    }, false);

    const shown = () => page.page.evaluate(() => document.querySelector("#large").scrollTop);
    const before = await shown();
    await fingers(page, way([x + width / 2, y + 120], [x + width / 2 + 3, y - 80]));
    await eventually("the page scrolls", shown, (top) => top > before + 50);
  } finally {
    stop();
  }
});

withHub("assets are compared by strokes and not by colours alone, and the address says which", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75", "V100", "V25", "V10");
  try {
    const page = await view(`${hub.url}/#asset=V75`);
    await eventually("the asset", () => page.text("#inspector h2"), "V75");
    const compare = (name) => page.page.getByRole("combobox", { name: "Compare with another asset" }).selectOption(name);
    await compare("V100");
    await eventually("large charts", () => page.page.locator("#large canvas").count(), 4);
    await eventually("the legend", () => legend(page), (text) => /^V75 0\.\d+ V100 0\.\d+ newest$/.test(text));
    await compare("V25");
    await eventually("the legend", () => legend(page), (text) => /^V75 0\.\d+ V100 0\.\d+ V25 0\.\d+ newest$/.test(text));
    assert.match(page.page.url(), /#asset=V75&compare=V100%2CV25&/);
    const strokes = await page.page.$$eval('#large [data-series="avn_loss"] .legend line', (lines) => lines.map((line) => getComputedStyle(line).strokeDasharray));
    assert.equal(new Set(strokes).size, 3, `got strokes ${strokes}`);
    for (const colour of ["--line-0", "--line-1", "--line-2"]) await eventually(colour, () => pixels(page, colour), (n) => n > 5);
    await compare("V10"); // the first of the others makes room
    await eventually("the legend", () => legend(page), (text) => /^V75 \S+ V25 \S+ V10 \S+ newest$/.test(text));
    await page.page.reload();
    await eventually("the legend", () => legend(page), (text) => /^V75 \S+ V25 \S+ V10 \S+ newest$/.test(text));
    await page.page.getByRole("button", { name: "Compare no longer with V25" }).click();
    await eventually("the legend", () => legend(page), (text) => /^V75 \S+ V10 \S+ newest$/.test(text));
    await choose(page, "V10");
    await eventually("the legend", () => legend(page), (text) => /^V10 \S+ newest$/.test(text));
    await page.page.goBack();
    await eventually("the legend", () => legend(page), (text) => /^V75 \S+ V10 \S+ newest$/.test(text));
  } finally {
    stop();
  }
});

withHub("charts that cannot be loaded say so, and come with the next try", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view();
    await eventually("rows", () => page.names(), ["V75"]);
    await page.page.route("**/shared/chart.js", (route) => route.abort());
    await page.page.getByRole("button", { name: "Large charts" }).click();
    await eventually("the answer", () => page.text("#large [role=alert]"), (text) => text?.startsWith("What draws the charts could not be loaded."));
    await page.page.unroute("**/shared/chart.js");
    await page.page.getByRole("button", { name: "Close charts" }).click();
    await openCharts(page);
    assert.equal(await page.visible("#large [role=alert]"), false);
  } finally {
    stop();
  }
});

withHub("losses can be drawn over powers of ten, and evenly again", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view();
    await eventually("rows", () => page.names(), ["V75"]);
    await sleep(2000);
    await openCharts(page);
    const image = (series) => page.page.evaluate((name) => document.querySelector(`#large [data-series="${name}"] canvas`).toDataURL(), series);
    const button = page.page.getByRole("button", { name: "Log scale" });
    stop();
    await page.page.getByRole("button", { name: "5 min", exact: true }).click();
    const even = await image("avn_loss");
    for (const pressed of ["true", "false"]) {
      await button.click();
      await eventually("the button", () => button.getAttribute("aria-pressed"), pressed);
      await eventually("the line", () => pixels(page, "--line-0"), (n) => n > 0);
      if (pressed === "true") assert.notEqual(await image("avn_loss"), even);
    }
  } finally {
    stop();
  }
});

withHub("noisy lines can be smoothed: what was published stays, faint, and so do its numbers", [], async (hub, { view, publisher }) => {
  const p = await publisher("V75");
  const page = await view();
  await eventually("rows", () => page.names(), ["V75"]);
  await openCharts(page);
  for (let step = 1; step <= 6; step++) {
    const loss = step % 2 === 0 ? 0.9 : 0.1;
    p.metrics(training(step, 0.5, loss), voting(9, 1));
    await eventually("the number", () => legend(page), `V75 ${loss.toFixed(4)} newest`);
  }
  const drawn = () => pixels(page, "--line-0");
  const sharp = await eventually("the line", drawn, (n) => n > 50);
  const button = page.page.getByRole("button", { name: "Smooth" });
  await button.click();
  await eventually("the button", () => button.getAttribute("aria-pressed"), "true");
  await eventually("the line", drawn, (n) => n > 5 && n < sharp / 2); // nearly level, where the other went up and down
  await eventually("the number", () => legend(page), "V75 0.9000 newest");
  await eventually("what it is", () => page.text("#large > .none"), (text) => text.includes("moving averages that forget in 15 s"));
  await page.accessible();
  await page.shot("hub-charts-smooth", { fullPage: false });
  await button.click();
  await eventually("the line", drawn, (n) => n > sharp / 2);
});

withHub("large charts follow the theme without a reload", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75");
  try {
    const page = await view();
    await eventually("rows", () => page.names(), ["V75"]);
    await openCharts(page);
    await eventually("the line", () => pixels(page, "--line-0"), (n) => n > 5);
    await page.page.getByRole("button", { name: "Switch between light and dark" }).click();
    await eventually("the line", () => pixels(page, "--line-0"), (n) => n > 5);
    await page.page.evaluate(() => delete document.documentElement.dataset.theme);
    await page.page.emulateMedia({ colorScheme: "dark" });
    await eventually("the line", () => pixels(page, "--line-0"), (n) => n > 5);
  } finally {
    stop();
  }
});

withHub("large charts fit and are accessible at every width, and stand over all else where there is no room", [], async (hub, { view, publisher }) => {
  const stop = await beats(publisher, "V75", "V100_1s", "BOOM500");
  try {
    for (const colorScheme of ["light", "dark"]) {
      const page = await view(hub.url, { colorScheme });
      for (const viewport of [wide, { width: 1024, height: 800 }, phone]) {
        await page.page.setViewportSize(viewport);
        await page.page.goto("about:blank");
        await page.page.goto(`${hub.url}/#asset=V75&compare=V100_1s,BOOM500`);
        await eventually("the legend", () => legend(page), (text) => /BOOM500 0/.test(text ?? ""));
        await sleep(1500);
        await page.fits();
        await page.accessible();
        await page.shot(`hub-charts-${colorScheme}-${viewport.width}`, { fullPage: viewport === wide });
        if (viewport === wide) continue;
        await page.page.keyboard.press("Escape");
        await eventually("the charts", () => page.visible("#large"), false);
        assert.equal(await page.visible("#inspector"), true);
        await eventually("the focus", () => page.page.evaluate(() => document.activeElement.id), "enlarge");
        await page.page.keyboard.press("Escape");
        await eventually("the inspector", () => page.visible("#inspector"), false);
      }
    }
  } finally {
    stop();
  }
});
