// The ranker's page: what it hears is painted once per frame at most.

import { render } from "lit-html";
import { clockTime } from "../shared/format.js";
import { confirmation, Dialog, line, Session, type Answer } from "./admin.js";
import { decisions, type Filter } from "./decisions.js";
import { Equity } from "./equity.js";
import { Feed, type Word } from "./feed.js";
import { gate } from "./gate.js";
import { holdable } from "./halt.js";
import { limits } from "./limits.js";
import { notices } from "./notices.js";
import { performance as record } from "./performance.js";
import { positions } from "./positions.js";
import { Ranking } from "./ranking.js";
import { html, nothing, type Piece } from "./show.js";
import { lines, wanted } from "./tighten.js";
import { control, vitals } from "./vitals.js";
import { pageAt } from "../shared/where.js";
import type { State } from "./types.js";

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

const feed = new Feed(paint);
const session = new Session();
const ranking = new Ranking();
const equity = new Equity();
const login = new Dialog("login", paint, () => {
  if (haltsAfterLogin) said = "Trading was NOT halted: nobody logged in.";
  haltsAfterLogin = false;
});
const resume = new Dialog("resume-dialog", paint);
const flatten = new Dialog("flatten-dialog", paint);
const tighten = new Dialog("tighten-dialog", paint);
let filter: Filter = "all";
let said = ""; // what went wrong with a command
let haltsAfterLogin = false;

const pills: Record<Word, [tone: string, text: string]> = {
  connecting: ["", "Connecting"], live: ["good", "Live stream"], polling: ["warn", "Polling every 2 s"],
  reconnecting: ["warn", "Reconnecting"], degraded: ["warn", "No hub"], offline: ["bad", "Offline"],
  login: ["warn", "Token wanted"],
};

let asked = false;
function paint(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    show();
  });
}

function show(): void {
  const { word, since, next } = feed.status();
  const { state, report } = feed;
  document.body.dataset.connection = word;
  document.title = title(word, state);
  const [tone, text] = pills[word];
  render(html`<span class="pill ${tone}"><span class="dot" aria-hidden="true"></span><span class="num" id="connection-text">${text}${word === "offline" && since !== null ? html`<span class="wide"> since ${clockTime(since)}</span>` : nothing}</span></span>`, byId("connection"));
  render(notices(state, { word, since, next, said, retry: () => feed.retry(), resume: askToResume }), byId("notices"));
  showBar(state, word);
  if (word === "login") render(feed.viewer.form(), byId("content"));
  if (state === null) return;
  const at = { now: feed.hubClock.now(), staleAfter: state.stale_after_seconds, reachable: word !== "offline" && word !== "degraded" };
  render(html`
    <div class="control">${control(state, feed, word)}${whoCommands(state)}${whoLooks()}</div>
    ${vitals(state, report, feed)}
    <div class="columns wide-left stretch">${equity.panel(state, report, at.now)}${limits(state, () => (session.admin ? tighten : login).open())}</div>
    <div class="columns wide-left">${ranking.show(state, at)}<div class="stack">${positions(state, { now: feed.venueNow(), reachable: word !== "offline" }, () => (session.admin ? flatten : login).open())}${gate(state)}</div></div>
    ${decisions(state, filter, (chosen) => { filter = chosen; paint(); })}
    ${record(state, report)}`, byId("content"));
  render(dialogs(state), byId("dialogs"));
  login.settle();
  resume.settle();
  flatten.settle();
  tighten.settle();
  equity.draw(report);
}

function title(word: Word, state: State | null): string {
  const marks = [word === "offline" ? "Offline" : "", word === "degraded" ? "No hub" : "", state?.trade?.account.halted ? "Halted" : "", state?.trade?.account.mode === "live" ? "REAL MONEY" : ""];
  return [...marks.filter((mark) => mark !== ""), "Quasar ranker"].join(": ");
}

function showBar(state: State | null, word: Word): void {
  const halt = byId<HTMLButtonElement>("halt");
  const trade = state?.trade ?? null;
  const halted = trade?.account.halted ?? null;
  halt.hidden = trade === null;
  halt.disabled = halted !== null;
  halt.classList.toggle("halted", halted !== null);
  byId("halt-text").textContent = halted !== null ? "Trading halted" : "Hold to halt trading";
  byId("clock").textContent = state === null ? "" : `${clockTime(feed.ownClock.now())} UTC`;
  document.body.classList.toggle("stands", trade !== null);
  const link = byId<HTMLAnchorElement>("hub-link");
  const page = state === null ? null : pageAt(state.hub.url, location);
  link.hidden = page === null;
  if (page !== null && word !== "offline" && link.getAttribute("href") !== page) link.href = page;
}

function whoLooks(): Piece {
  if (!feed.viewer.known) return nothing;
  return html`<button type="button" class="button" id="view-logout" @click=${() => void feed.logout()}>Log out${session.admin ? " of looking" : ""}</button>`;
}

function whoCommands(state: State): Piece {
  if (state.trade === null) return nothing;
  if (!state.trade.commands) return html`<span class="sub" id="who">Nobody can command it from here: set QUASAR_ADMIN_TOKEN, or use quasar trade halt.</span>`;
  return session.admin ? html`<button type="button" class="button" id="logout" @click=${() => void session.logout().then(paint)}>Log out</button>`
    : html`<button type="button" class="button" id="log-in" @click=${() => login.open()}>Log in to command</button>`;
}

async function halt(): Promise<void> {
  said = "";
  if (feed.state?.trade?.commands === false) {
    said = "Trading was NOT halted: nobody can command this ranker from here. Use quasar trade halt beside its data directory, or send the process SIGUSR1.";
  } else if (!session.admin) {
    haltsAfterLogin = true;
    login.open();
  } else {
    tell(await session.command("halt", "held on the page"), "Trading was NOT halted");
    if (!session.admin) { // the session has ended
      said = "";
      haltsAfterLogin = true;
      login.open();
    }
  }
  paint();
}

function tell(failed: Answer, what: string): void {
  said = failed === null ? "" : `${what}: ${failed}. quasar trade halt beside its data directory does not need this page.`;
  feed.refresh();
  paint();
}

function askToResume(): void {
  if (session.admin) resume.open();
  else login.open();
}

function dialogs({ trade }: State): Piece {
  if (trade === null) return nothing;
  const { account, limits } = trade;
  return html`${login.show({
    title: haltsAfterLogin ? "Log in to halt" : "Log in to command",
    text: haltsAfterLogin ? "Trading goes on until this ranker has seen the admin token. It is halted as soon as you are in." : "Halting, resuming and tighter limits take the admin token, of QUASAR_ADMIN_TOKEN or --admin-token-file.",
    ask: line("login", "Admin token", "password"), button: haltsAfterLogin ? "Log in and halt" : "Log in",
    act: async (typed) => {
      const failed = await session.login(typed("line"));
      if (failed === null && haltsAfterLogin) await halt();
      if (failed === null) haltsAfterLogin = false;
      return failed;
    },
  })}${resume.show({
    title: "Resume trading",
    text: `It was halted${account.halted === null ? "" : ` by ${account.halted.by}: ${account.halted.reason}${account.halted.detail === "" ? "" : `, ${account.halted.detail}`}`}. Who resumes after a limit of losses accepts them.`,
    ask: line("resume-dialog", `Type ${confirmation(account, "RESUME")} to buy again${account.mode === "live" ? ", with REAL MONEY" : ""}`), button: "Resume",
    act: async (typed) => {
      const text = typed("line").trim();
      if (text !== confirmation(account, "RESUME")) return `Got “${text}”, want ${confirmation(account, "RESUME")}.`;
      const failed = await session.command("resume", "typed on the page");
      feed.refresh();
      return failed;
    },
  })}${flatten.show({
    title: "Halt and sell everything",
    text: "Nothing is bought any more, and every open contract that the venue takes back is sold at what it offers now. Others run to their end. It cannot be undone.",
    ask: line("flatten-dialog", `Type ${confirmation(account, "FLATTEN")} to sell${account.mode === "live" ? ", with REAL MONEY" : ""}`), button: "Halt and sell",
    act: async (typed) => {
      const text = typed("line").trim();
      if (text !== confirmation(account, "FLATTEN")) return `Got “${text}”, want ${confirmation(account, "FLATTEN")}.`;
      const failed = await session.command("flatten", "");
      feed.refresh();
      return failed;
    },
  })}${tighten.show({
    title: "Tighten risk limits",
    text: "Only tighter ones are taken, and they hold at once. They are looser again only after a restart of the ranker. What is left empty stays.",
    ask: lines(limits), button: "Tighten",
    act: async (typed) => {
      const { limits: tighter, wrong } = wanted(limits, typed);
      if (wrong !== "") return wrong;
      const failed = await session.tighten(tighter);
      feed.refresh();
      return failed;
    },
  })}`;
}

holdable(byId<HTMLButtonElement>("halt"), () => void halt(), () => {
  byId("halt-hint").textContent = "Not halted: hold it for a second.";
  byId("halt-text").textContent = "Keep holding";
  setTimeout(paint, 1500);
});
byId("theme").addEventListener("click", () => {
  equity.repaint();
  paint();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  equity.repaint();
  paint();
});
for (const id of ["connection", "content"]) byId(id).replaceChildren(); // what stood there until this ran
setInterval(paint, 1000); // the ages
feed.start();
void session.look().then(paint);
paint();
