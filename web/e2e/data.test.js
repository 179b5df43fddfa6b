// The pages' data, without a browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { source } from "./source.js";

const { connection, describe, stripped } = await source("hub/asset.ts");
const { arranged } = await source("hub/arranged.ts");
const { csv } = await source("hub/csv.ts");
const { History, kept, points, longest } = await source("hub/history.ts");
const { emptyAccuracy, instrument } = await source("hub/instruments.ts");
const { mostText, parse, shareOf, write } = await source("hub/kept.ts");
const { stretch, ticks } = await source("hub/logscale.ts");
const { orders, rank, score } = await source("hub/rank.ts");
const { fades, smooth } = await source("hub/smooth.ts");
const { Store } = await source("hub/store.ts");
const { Trends } = await source("hub/trends.ts");
const view = await source("hub/view.ts");
const { ServerClock } = await source("shared/clock.ts");
const format = await source("shared/format.ts");

const snapshot = (space, fields = {}) => ({
  space_name: space, seq: 1, updated_at: 1000, training_at: 1000, voting_at: 1000,
  training: { training_steps: 1, actor_loss: null, critic_loss: null, avn_loss: null, avn_accuracy: 0.5, ...fields.training },
  voting: { dominant_signal: "BUY", buy_count: 9, sell_count: 1, last_price: 1, signal_source: null, ...fields.voting },
  ...fields.snapshot,
});

const state = (snapshots, more = {}) => ({
  hub_timestamp: 1000, version: "v", hub_id: "h", fanout_latency: { count: 0, within: {} }, stale_after_seconds: 30, stats: { uptime_seconds: 1, updates_per_second: 1 }, publishers: {}, subscribers: [], events: [],
  snapshots: Object.fromEntries(snapshots.map((s) => [s.space_name, s])),
  rankings: snapshots.map((s) => ({ space_name: s.space_name, connected: true })), ...more,
});

test("the ranking is that of the golden file", async () => {
  const cases = JSON.parse(await readFile(new URL("../../spec/golden/ranking.json", import.meta.url), "utf8"));
  assert.ok(cases.length > 0);
  for (const { name, spaces, want } of cases) {
    const snapshots = new Map(spaces.map((s) => [s.space_name, snapshot(s.space_name, {
      training: { avn_accuracy: s.avn_accuracy ?? null },
      voting: { buy_count: s.buy_count ?? null, sell_count: s.sell_count ?? null },
    })]));
    for (const order of orders) {
      const got = rank([...snapshots.keys()], snapshots, order).map(({ name: space, rank: place }) => {
        const { value, confidence, reason } = score(snapshots.get(space));
        return { rank: place, space_name: space, score: value, signal_confidence: confidence, reason };
      });
      const wanted = want[order].map((row) => ({ rank: row.rank || null, space_name: row.space_name, score: row.score ?? null,
        signal_confidence: row.signal_confidence ?? null, reason: row.reason ?? null }));
      assert.deepEqual(got, wanted, `${name}, ${order}`);
    }
  }
});

test("what is not known is a dash and never 0", () => {
  for (const x of [null, undefined, NaN, Infinity]) {
    for (const show of [format.signed, format.share, format.count, format.loss, format.price, format.rate, format.duration, format.age, format.clockTime, format.dateTime]) {
      assert.equal(show(x), "–", `${show.name}(${x})`);
    }
  }
});

test("numbers are written as people read them", () => {
  for (const [got, want] of [
    [format.signed(0.537), "+0.537"], [format.signed(-0.16000000000000003), "−0.160"], [format.signed(-0.0001), "0.000"], [format.signed(0), "0.000"],
    [format.count(1284300), "1,284,300"], [format.count(9007199254740991), "9,007,199,254,740,991"],
    [format.loss(0.28456), "0.2846"], [format.loss(0), "0"], [format.loss(-12.5), "−12.50"], [format.loss(0.69, 3), "0.690"], [format.tick(-12.5), "−12.5"], [format.tick(0.7), "0.7"], [format.loss(1.23456e-7), "1.23e-7"], [format.loss(4.2e300), "4.20e+300"],
    [format.typeset("-4.5 % of the stake, 95 % interval -40.5 % to +85.2 % (-1), in 2026-11"), "−4.5 % of the stake, 95 % interval −40.5 % to +85.2 % (−1), in 2026-11"],
    [format.price(451234.12), "451,234.12"], [format.price(0.00001234), "0.00001234"],
    [format.rate(24.62), "24.6"], [format.rate(0), "0.0"],
    [format.duration(0.9), "0 s"], [format.duration(48), "48 s"], [format.duration(250), "4 min 10 s"], [format.duration(300), "5 min"],
    [format.duration(1000), "16 min"], [format.duration(8040), "2 h 14 min"], [format.duration(533000), "6 d 4 h"], [format.duration(-5), "0 s"],
    [format.age(0.9), "now"], [format.age(1), "1 s"], [format.age(-3), "now"],
    [format.clockTime(1760000000), "08:53:20"], [format.dateTime(1760000000), "2025-10-09 08:53:20"],
    [format.plural(1, "asset"), "1 asset"], [format.plural(0, "asset"), "0 assets"],
  ]) assert.equal(got, want);
});

/** A reader's machine whose clocks a test moves. */
function machine() {
  const at = { monotonic: 5000, wall: 9e8 };
  return {
    clock: new ServerClock({ monotonic: () => at.monotonic, wall: () => at.wall }),
    pass: (seconds) => { at.monotonic += seconds; at.wall += seconds; },
    jump: (seconds) => { at.wall += seconds; },
    sleep: (seconds) => { at.wall += seconds; },
  };
}

test("the server's clock goes on between its messages", () => {
  const { clock, pass } = machine();
  assert.equal(clock.known, false);
  clock.observe(1000);
  pass(7);
  assert.equal(clock.now(), 1007);
});

test("a message that was held up makes nothing look fresh", () => {
  const { clock, pass } = machine();
  clock.observe(1000);
  pass(20);
  clock.observe(1005); // 15 s on its way
  assert.equal(clock.now(), 1020);
});

test("a server whose clock was set back is believed within two minutes", () => {
  const { clock, pass } = machine();
  clock.observe(1000);
  for (let i = 1; i <= 130; i++) {
    pass(1);
    clock.observe(1000 + i - 50);
  }
  assert.equal(clock.now(), 1080);
});

test("a reader's clock that is set back makes nothing look fresh", () => {
  const { clock, pass, jump } = machine();
  clock.observe(1000);
  pass(10);
  jump(-3600);
  assert.equal(clock.now(), 1010);
});

test("a machine that slept knows that time has passed", () => {
  const { clock, pass, sleep } = machine();
  clock.observe(1000);
  pass(1);
  sleep(600);
  assert.equal(clock.now(), 1601);
});

test("only a rising seq is taken, and a new initial state starts over", () => {
  const store = new Store();
  const at = (seq) => snapshot("V75", { snapshot: { seq } });
  store.replace({ V75: at(10) });
  assert.equal(store.update(at(9)), false);
  assert.equal(store.update(at(10)), false);
  assert.equal(store.update(at(11)), true);
  store.replace({ V75: at(3) });
  assert.equal(store.snapshots.get("V75").seq, 3);
  assert.equal(store.update(at(4)), true);
  store.replace({});
  assert.deepEqual(store.names(), []);
});

test("names of spaces that objects have by nature are names like others", () => {
  const store = new Store();
  store.replace(JSON.parse('{"constructor": {"space_name": "constructor", "seq": 1, "training": {}, "training_at": 1}}'));
  assert.deepEqual(store.names(), ["constructor"]);
  assert.equal(store.snapshots.get("toString"), undefined);
});

test("an update that is newer than the books says that its publisher is connected", () => {
  const store = new Store();
  store.replace({ V75: snapshot("V75") });
  assert.equal(store.connected("V75"), null);
  store.keep(state([snapshot("V75")], { rankings: [{ space_name: "V75", connected: false }] }));
  assert.equal(store.connected("V75"), false);
  store.update(snapshot("V75", { snapshot: { seq: 2, updated_at: 1001 } }));
  assert.equal(store.connected("V75"), true);
});

test("a stream has stalled if the books hold what it has not brought for a while", () => {
  const store = new Store();
  store.replace({ V75: snapshot("V75") });
  const newer = (updated) => state([snapshot("V75", { snapshot: { seq: 2, updated_at: updated } })]);
  assert.equal(store.missed(state([snapshot("V75")]), 5), false);
  assert.equal(store.missed(newer(999), 5), false); // it may be on its way
  assert.equal(store.missed(newer(990), 5), true);
  assert.equal(store.missed(state([snapshot("V75"), snapshot("V100", { snapshot: { updated_at: 990 } })]), 5), true);
});

const book = {
  connected: true, live_connections: 1, connects: 1, connected_at: 900, disconnected_at: null, last_frame_at: 1000, accepted: 5, rejected: 0,
  field_errors: 0, non_finite: 0, superseded: 0, stripped: 0, stripped_fields: {}, implausible: 0, suspect: null, last_rejection: null, note: null,
};
const described = (more) => describe({ name: "V75", snapshot: snapshot("V75", more.fields), book, connected: true, now: 1002, staleAfter: 30, reachable: true, ...more });

test("freshness says what is known of it", () => {
  for (const [name, more, want] of [
    ["an update just now", { now: 1000.4 }, { state: "live", text: "now" }],
    ["one a while ago", { now: 1029 }, { state: "live", text: "29 s" }],
    ["one too long ago", { now: 1048 }, { state: "stale", text: "stale 48 s" }],
    ["no limit known yet", { now: 1048, staleAfter: null }, { state: "live", text: "48 s" }],
    ["the time is yet to come", { now: 900 }, { state: "stale", text: "age unknown" }],
    ["the time is yet to come, and the hub is gone", { now: 900, reachable: false }, { state: "lost", text: "age unknown" }],
    ["the clocks differ by a little", { now: 999 }, { state: "live", text: "now" }],
    ["the publisher is gone", { connected: false, book: { ...book, connected: false, disconnected_at: 990 } }, { state: "offline", text: "offline 12 s" }],
    ["it has not been here since the hub started", { connected: false, book: undefined }, { state: "offline", text: "offline 2 s" }],
    ["the hub is gone", { reachable: false }, { state: "lost", text: "2 s old" }],
    ["the hub is gone for long", { reachable: false, now: 1048 }, { state: "lost", text: "stale 48 s" }],
    ["nothing was accepted", { snapshot: undefined }, { state: "waiting", text: "connected" }],
    ["nothing is known of the publisher", { snapshot: undefined, connected: null }, { state: "waiting", text: "–" }],
  ]) assert.deepEqual(described(more).fresh, want, name);
});

test("a group that stands still shows behind the one that flows", () => {
  for (const [name, snapshotFields, want] of [
    ["both flow", {}, ""],
    ["votes are a little behind", { training_at: 1000, voting_at: 998 }, ""],
    ["votes stand", { training_at: 1000, voting_at: 954 }, "votes 48 s old"],
    ["training stands", { training_at: 954, voting_at: 1000 }, "training 48 s old"],
    ["there were never votes", { voting_at: null }, ""],
  ]) assert.equal(described({ fields: { snapshot: snapshotFields } }).lag.text, want, name);
});

test("what was not taken is named, the worst of it", () => {
  assert.deepEqual(described({}).problems, { text: "", kind: "" });
  assert.deepEqual(described({ book: { ...book, stripped: 12 } }).problems, { text: "12 stripped", kind: "" });
  assert.deepEqual(described({ book: { ...book, stripped: 12, rejected: 2, field_errors: 1, non_finite: 3 } }).problems, { text: "2 rejected, 1 bad field, 3 not finite", kind: "warn" });
  assert.equal(stripped({ stripped_fields: { q_buy: 2, rewards: 12 } }), "rewards (12), q_buy (2)");
  assert.equal(stripped(book), "none");
  assert.equal(stripped(undefined), "–");
});

test("a refusal leaves the row after ten minutes, a note stays while it holds", () => {
  const refused = { ...book, last_rejection: { at: 1000, reason: "not JSON" } };
  assert.equal(described({ book: refused }).notice, "Not taken at 00:16:40: not JSON");
  assert.equal(described({ book: refused, now: 1601 }).notice, "");
  assert.equal(described({ book: { ...refused, note: "superseded" }, now: 1601 }).notice, "Superseded");
});

test("a suspicion is told with its reasons until it ends, and what caused it is counted on", () => {
  const suspect = { since: 990, until: 1600, reasons: { training_steps: "training_steps went back", last_price: "last_price leapt" } };
  const doubted = { ...book, implausible: 2, suspect };
  assert.equal(described({ book: doubted }).notice, "Suspect: last_price leapt; training_steps went back");
  assert.equal(described({ book: doubted, now: 1600 }).notice, "");
  assert.deepEqual(described({ book: doubted, now: 1600 }).problems, { text: "2 implausible", kind: "warn" });
  assert.equal(described({ book: { ...doubted, note: "an older one" } }).notice, "An older one · Suspect: last_price leapt; training_steps went back");
});

test("a connection is told with its history", () => {
  assert.equal(connection(book, true, 1000), "connected 1 min 40 s, 1 connection");
  assert.equal(connection({ ...book, connects: 3, disconnected_at: 990 }, false, 1000), "offline 10 s, 3 connections");
  assert.equal(connection({ ...book, live_connections: 2, connects: 3 }, true, 1000), "2 at once, of 3 connections");
  assert.equal(connection(undefined, false, 1000), "not since this hub started");
  assert.equal(connection(undefined, true, 1000), "at another hub");
});

const trained = (at, more = {}) => ({ training_at: at, training: { training_steps: at * 10, actor_loss: 1, critic_loss: 2, avn_loss: at, avn_accuracy: 0.5, ...more } });

test("a history spans a quarter of an hour and never grows beyond its points", () => {
  const history = new History();
  for (let at = 0; at <= 5000; at += 0.5) {
    history.take(trained(at));
    assert.ok(history.times.length <= points);
    assert.equal(history.values("avn_loss").length, history.times.length);
  }
  const span = history.times.at(-1) - history.times[0];
  assert.ok(span > 0.9 * longest && span <= 1.1 * longest, `got a span of ${span} s`);
  assert.equal(history.values("avn_loss").at(-1), 5000); // the newest is there
  assert.deepEqual(history.times.map(Math.round), history.values("avn_loss").map(Math.round));
});

test("a history begins with fine points, and a number that is none is a gap", () => {
  const history = new History();
  for (let at = 0; at < 20; at++) history.take(trained(at, at === 5 ? { avn_loss: null } : {}));
  assert.equal(history.times.length, 20);
  assert.ok(Number.isNaN(history.values("avn_loss")[5]));
  history.take(trained(3)); // older than the newest: another hub's, perhaps
  assert.equal(history.times.length, 20);
});

test("of what is older than a quarter of an hour one point a minute is kept, for two hours", () => {
  const history = new History();
  for (let at = 0; at <= 20_000; at += 2) history.take(trained(at));
  const { times, values } = history.whole("avn_loss");
  assert.ok(times.length <= points + 105, `got ${times.length} points`);
  assert.ok(times.at(-1) - times[0] > 0.95 * kept && times.at(-1) - times[0] <= 1.1 * kept, `got a span of ${times.at(-1) - times[0]} s`);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  assert.deepEqual(times, values);
});

/** What a page that was loaded again shows of one asset: [times, breaks]. */
function shown(store, space = "a") {
  const { times, breaks } = store.histories.get(space).whole("avn_loss");
  return [[...times], [...breaks]];
}

/** What a page keeps that saw an asset at some seconds, at the hub's run that began at 900. */
function watched(...seconds) {
  const store = new Store();
  for (const at of seconds) {
    const all = state([{ ...trained(at), space_name: "a" }], { hub_timestamp: at, stats: { uptime_seconds: at - 900, updates_per_second: 1 } });
    store.keep(all);
    store.replace(all.snapshots, at);
  }
  return parse(write(store.remembered()));
}

/** A page that begins with what was kept, and hears the hub at a time. */
function again(seen, at, snapshots, more = {}) {
  const store = new Store();
  store.recall(seen);
  const all = state(snapshots, { hub_timestamp: at, stats: { uptime_seconds: at - 900, updates_per_second: 1 }, ...more });
  store.replace(all.snapshots, at);
  store.keep(all);
  return store;
}

const of = (at) => ({ ...trained(at), space_name: "a" });

test("a page that is loaded again goes on where it was", () => {
  assert.deepEqual(shown(again(watched(1000, 1001, 1002), 1004, [of(1003)])), [[1000, 1001, 1002, 1003], []]);
});

test("what a page missed while it was away is a gap", () => {
  assert.deepEqual(shown(again(watched(1000, 1001, 1002), 1030, [of(1029)])), [[1000, 1001, 1002, 1029], [1002]]);
});

test("where nothing was new while a page was away there is no gap", () => {
  const store = again(watched(1000, 1001, 1002), 1030, [of(1002)]);
  store.update({ ...of(1031), seq: 2 });
  assert.deepEqual(shown(store), [[1000, 1001, 1002, 1031], []]);
});

test("another run of the hub, or another hub, begins behind a gap", () => {
  const seen = () => watched(1000, 1001, 1002);
  assert.deepEqual(shown(again(seen(), 1005, [of(1004)], { hub_id: "other" })), [[1000, 1001, 1002, 1004], [1002]]);
  assert.deepEqual(shown(again(seen(), 1005, [of(1004)], { stats: { uptime_seconds: 1.5, updates_per_second: 1 } })), [[1000, 1001, 1002, 1004], [1003.5]]);
  const polled = new Store(); // where the books come first
  polled.recall(seen());
  const all = state([of(1004)], { hub_id: "other", hub_timestamp: 1005 });
  polled.keep(all);
  polled.replace(all.snapshots, 1005);
  assert.deepEqual(shown(polled), [[1000, 1001, 1002, 1004], [1002]]);
});

test("what an open page saw outlives a hub that begins with nothing, for a quarter of an hour", () => {
  const begun = { stats: { uptime_seconds: 1, updates_per_second: 1 } };
  const lost = () => {
    const store = again(watched(1000, 1001, 1002), 1003, [of(1003)]);
    store.replace({}, 1005); // faster than the publisher
    store.keep(state([], { hub_timestamp: 1005, ...begun }));
    return store;
  };
  const store = lost();
  store.update(of(1006));
  assert.deepEqual(shown(store), [[1000, 1001, 1002, 1003, 1006], [1004, 1003]]); // either is the gap before the last
  const later = lost();
  later.replace({}, 1003 + longest);
  assert.deepEqual([...later.histories.keys()], []);
});

test("what is older than two hours, or of an asset that is gone, is not shown again", () => {
  assert.deepEqual(shown(again(watched(1000, 1001, 1002), 1002 + kept + 1, [of(1002 + kept)])), [[1002 + kept], []]);
  const store = again(watched(1000), 1004, [{ ...of(1003), space_name: "b" }]);
  assert.deepEqual([...store.histories.keys()], ["b"]);
  assert.deepEqual([...store.remembered().assets.keys()], ["b"]);
});

test("an open page that lost the hub for a while shows the gap", () => {
  const store = again(null, 1000, [of(1000)]);
  store.replace({ a: of(1005) }, 1005);
  store.replace({ a: of(1030) }, 1030);
  assert.deepEqual(shown(store), [[1000, 1005, 1030], [1005]]);
});

test("the trends go on too, behind a gap", () => {
  const store = again(watched(1000, 1002, 1004), 1030, [of(1029)]);
  assert.deepEqual(store.trends.ingest, [1, 1, 1, NaN, 1]);
  assert.deepEqual(again(watched(1000, 1002, 1004), 1400, [of(1399)]).trends.ingest, [1]);
});

test("what is kept is bounded, however many assets there are", () => {
  for (const assets of [1, 500, 5000]) {
    const store = new Store();
    const names = Array.from({ length: assets }, (_, i) => `V${i}`.padEnd(20, "x"));
    for (let at = 1000; at < 1000 + 3 * points; at += 1 + (assets > 500) * 60) {
      const all = names.map((space_name) => ({ ...trained(at + 0.123), space_name }));
      store.replace(Object.fromEntries(all.map((s) => [s.space_name, s])), at);
    }
    store.keep(state([]));
    const text = write(store.remembered());
    assert.ok(text.length <= mostText, `got ${text.length} characters for ${assets} assets`);
    assert.equal(parse(text).assets.size, assets);
  }
  assert.equal(shareOf(1e9), 0);
});

test("what cannot be read is passed over", () => {
  const good = JSON.parse(write(watched(1000, 1001)));
  assert.notEqual(parse(JSON.stringify(good)), null);
  const bad = [
    ["no JSON", "{"], ["nothing", "null"], ["a number", "1"], ["an older form", { ...good, form: 0 }], ["no run", { ...good, run: null }],
    ["a run without a start", { ...good, run: { hub: "h", started: "x" } }], ["no time", { ...good, seen: null }], ["no trends", { ...good, trends: {} }],
    ["assets that are no list", { ...good, assets: {} }], ["an asset that is none", { ...good, assets: [1] }], ["too few values", { ...good, assets: [["a", [1, 2], [[1], [1], [1], [1]], []]] }],
    ["a value that is text", { ...good, assets: [["a", [1], [["x"], [1], [1], [1]], []]] }], ["a series too few", { ...good, assets: [["a", [1], [[1], [1], [1]], []]] }],
    ["a time that is none", { ...good, assets: [["a", [null], [[1], [1], [1], [1]], []]] }],
  ];
  for (const [name, what] of bad) assert.equal(parse(typeof what === "string" ? what : JSON.stringify(what)), null, name);
});

test("steps a second are those of the last ten seconds, and none after a restart or a pause", () => {
  const history = new History();
  assert.equal(history.rate(0), null);
  for (let at = 0; at <= 30; at++) history.take(trained(at));
  assert.equal(history.rate(30), 10);
  assert.equal(history.rate(60), null);
  history.take(trained(31, { training_steps: 1 }));
  assert.equal(history.rate(31), null);
});

test("an accuracy of Crash or Boom near 1 says nothing, elsewhere it may", () => {
  assert.match(emptyAccuracy("CRASH500", 0.99), /^Crash 500 rises on all but about one tick in 500, so whoever always says up is right 99\.8 % of the time\./);
  assert.match(emptyAccuracy("Boom1000", 0.95), /falls on all but about one tick in 1000/);
  for (const [name, accuracy] of [["CRASH500", 0.6], ["CRASH500", null], ["V75", 0.99], ["CRASHED", 0.99]]) assert.equal(emptyAccuracy(name, accuracy), "", name);
});

test("names that follow the venue's are said in words", () => {
  for (const [name, want] of [["V75", "Volatility 75"], ["V100_1s", "Volatility 100 (1s)"], ["1HZ10V", "Volatility 10 (1s)"], ["R_25", "Volatility 25"], ["CRASH500", "Crash 500"],
    ["Boom1000", "Boom 1000"], ["JD50", "Jump 50"], ["stpRNG", "Step Index"], ["mine", ""]]) assert.equal(instrument(name), want, name);
});

const listed = (name, more, rank = 1) => ({ name, rank, described: () => ({ ...described({ fields: more }), name }) });

test("a sort puts what is not known last, either way", () => {
  const all = [listed("A", { training: { training_steps: 5 } }), listed("B", { training: { training_steps: null } }), listed("C", { training: { training_steps: 9 } })];
  const by = (more) => arranged([...all], { sort: "rank", reverse: false, filter: "", state: "", ...more }).map(({ name }) => name);
  assert.deepEqual(by({}), ["A", "B", "C"]);
  assert.deepEqual(by({ reverse: true }), ["C", "B", "A"]);
  assert.deepEqual(by({ sort: "steps" }), ["A", "C", "B"]);
  assert.deepEqual(by({ sort: "steps", reverse: true }), ["C", "A", "B"]);
  assert.deepEqual(by({ filter: " c " }), ["C"]);
  assert.deepEqual(by({ state: "stale" }), []);
});

test("powers of ten stand on either side of 0", () => {
  assert.deepEqual(ticks(-2, 30), [-1, -0.01, 0, 0.01, 1]);
  assert.deepEqual(ticks(0.05, 20_000), [0.1, 1, 10, 100, 1000, 10_000]);
  assert.deepEqual(ticks(0.02, 0.8), [0.02, 0.05, 0.1, 0.2, 0.5]);
  assert.deepEqual(ticks(0.68, 0.71).length, 4);
  for (const [low, high] of [[-2, 30], [0.05, 20_000], [0.5, 0.5], [0, 0], [-1e9, 1e9], [1e-9, 1e-9]]) {
    const [from, to] = stretch(low, high);
    assert.ok(from < low && high < to, `${low} to ${high}: got ${from} to ${to}`);
    const found = ticks(from, to);
    assert.ok(found.length >= 2 && found.length <= 8 && found.every((v) => v >= from && v <= to), `got ${found} for ${from} to ${to}`);
    assert.deepEqual(found, [...new Set(found)].sort((a, b) => a - b));
  }
  assert.deepEqual(stretch(null, null), [0, 1]);
});

test("an average forgets with time, begins with what there is, and knows nothing across a gap", () => {
  const near = (got, want) => got.forEach((v, i) => assert.ok(v === want[i] || Math.abs(v - want[i]) < 1e-12, `got ${got}, want ${want}`));
  const e = Math.E;
  near(smooth([0, fades, 2 * fades], [1, 2, 2]), [1, (1 / e + 2) / (1 / e + 1), (1 / e / e + 2 / e + 2) / (1 / e / e + 1 / e + 1)]);
  near(smooth([7, 7, 7], [1, 3, 5]), [1, 2, 3]);
  near(smooth([0, 1, 2, 3], [null, 5, null, 9]), [null, 5, null, 9]);
  near(smooth([0, 1e9], [1, 3]), [1, 3]);
  assert.deepEqual(smooth([], []), []);
});

test("a view goes into an address and comes back", () => {
  const was = { order: "balanced", sort: "steps", reverse: true, filter: "crash & boom", state: "stale", asset: "V100_1s", compare: ["V75", "BOOM500"] };
  assert.deepEqual(view.read(view.write(was)), was);
  assert.deepEqual(view.read("#order=up&sort=-colour&state=gone"), { order: "desc", sort: "rank", reverse: false, filter: "", state: "", asset: "", compare: [] });
  assert.deepEqual(view.read("#asset=A&compare=B,B,,C,D").compare, ["B", "C"]);
});

test("a spreadsheet gets what is shown, quoted, and no formula", () => {
  const name = "V75";
  const s = snapshot(name, { voting: { signal_source: '=HYPERLINK("x","y")' } });
  const text = csv([{ name, rank: 1, described: () => described({ fields: { voting: s.voting } }) }], new Map([[name, s]]));
  const [header, line, rest] = text.split("\r\n");
  assert.equal(header.split(",").length, 19);
  assert.match(line, /^1,V75,0\.4,0\.9,0\.5,BUY,9,1,1,"'=HYPERLINK\(""x"",""y""\)",1,,,,live,1000,1000,1000,1$/);
  assert.equal(rest, "");
});

test("latency is that of the last minute, and nothing is made up where nothing was sent", () => {
  const trends = new Trends();
  const take = (count, within) => trends.take({ stats: { updates_per_second: 1 }, latency: { count, within } });
  take(0, { 0.001: 0, 0.01: 0 });
  assert.deepEqual(trends.latencyNow, { value: "–", unit: "" });
  take(1000, { 0.001: 0, 0.01: 1000 });
  assert.deepEqual(trends.latencyNow, { value: "≤ 10", unit: "ms" });
  for (let i = 1; i <= 13; i++) take(1000 + 100 * i, { 0.001: 100 * i, 0.01: 1000 + 100 * i });
  assert.deepEqual(trends.latencyNow, { value: "≤ 1", unit: "ms" });
  take(2400, { 0.001: 1300, 0.01: 2300 });
  assert.deepEqual(trends.latencyNow, { value: "over 10", unit: "s" });
  take(1, { 0.001: 1, 0.01: 1 }); // a new hub
  assert.deepEqual(trends.latencyNow, { value: "≤ 1", unit: "ms" });
  assert.ok(trends.latency.length <= 60);
});
