const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root) => all(selector, root)[0];
const on = (name, listener) => document.addEventListener(name, listener);

const look = document.documentElement.dataset;
const live = one("#live");
const words = live.dataset;
const say = (sentence) => live.replaceChildren(sentence);
const setIcon = (icon, name) => icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, `#i-${name}`));

function reveal(page) {
  // No clipboard outside of https and localhost.
  for (const control of all("[data-js]", page)) control.hidden = control.matches("[data-copy]") && !navigator.clipboard;
  for (const button of all("#pause", page)) button.textContent = paused ? words.resume : words.pause;
  for (const button of all("[data-theme-choice]", page)) button.ariaPressed = button.dataset.themeChoice === look.theme;
}

async function copy(button) {
  const { copy, copyFrom } = button.dataset;
  try {
    const answer = copyFrom && (await fetch(copyFrom));
    if (answer?.redirected || answer?.ok === false) throw answer;
    await navigator.clipboard.writeText((await answer?.text()) ?? (copy || idOf(button.closest("[data-job-id]"))));
  } catch {
    return say(words.uncopied);
  }
  say(words.copied);
  const icon = one("use", button);
  setIcon(icon, "success");
  setTimeout(setIcon, 1500, icon, "copy");
}

function flip(time) {
  [time.textContent, time.title] = [time.title, time.textContent];
  time.toggleAttribute("data-exact");
}

let paused, asked;
let failures = 0;
let notBefore = 0;
let lastGood = Date.now();

const REGION = "[data-refresh], [data-follows]";
const tell = (event) => all(REGION).forEach((region) => htmx.trigger(region, event));

function refresh() {
  tell("htmx:abort");
  asked = true;
  tell("refresh");
  asked = false;
}

const keyOf = (node) => node.id || node.dataset?.jobId || node.nodeName + node.classList?.[0];

/** Makes an element what another is; what is the same, focused, open, ticked, typed or selected stays. */
function morph(from, to) {
  if ("exact" in from.dataset) flip(to);
  for (const { name } of [...from.attributes]) {
    if (name !== "open" && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);

  const selection = getSelection();
  const olds = [...from.childNodes];
  const nodes = [...to.childNodes].map((node) => {
    const index = olds.findIndex((old) => keyOf(old) === keyOf(node));
    if (index < 0) return node;
    const old = olds[index];
    // Replaced: text that grows to the left would shift the layout.
    if (node.data && node.data !== old.data && (selection.isCollapsed || !selection.containsNode(old, true))) return node;
    olds.splice(index, 1);
    if (!node.data) morph(old, node);
    return old;
  });
  for (const old of olds) old.remove();
  let at = from.firstChild;
  for (const node of nodes) {
    // What is moved loses the focus.
    while (at?.data && at !== node) [at] = [at.nextSibling, at.remove()];
    if (at === node) at = at.nextSibling;
    else from.insertBefore(node, at);
  }
}

const idOf = (job) => job.dataset.jobId;
const jobsIn = (region) => all("[data-job-id]", region.parentNode);
const nameOf = (job, comma = "") =>
  `${one(".job", job).textContent.trim()}${comma} ${one(".st", job).textContent.trim().toLowerCase()}`;
const state = () => [one("[data-freshness]")?.dataset.freshness, one("#new")?.textContent];

function update(region, to, isWanted) {
  const before = new Map(jobsIn(region).map((job) => [idOf(job), job.dataset.status]));
  const [freshness, waiting] = state();
  const focused = document.activeElement;
  morph(region, to);

  const jobs = jobsIn(region);
  const fresh = jobs.filter((job) => !before.has(idOf(job)));
  const changed = jobs.filter((job) => (before.get(idOf(job)) ?? job.dataset.status) !== job.dataset.status);
  const [freshnessNow, waitingNow] = state();
  const news = changed.map((job) => nameOf(job));
  if (news[3]) news.splice(0, Infinity, words.changed.replace("{count}", news.length));
  if (waitingNow && waitingNow !== waiting) news.unshift(waitingNow);
  if (freshnessNow !== freshness) news.unshift(one("[data-words]").textContent);
  if (isWanted) one("a", fresh[0] ?? region).focus();
  else {
    if (fresh[0] && before.size) news.push(words.fresh.replace("{count}", fresh.length));
    if (focused !== document.activeElement) (focused.isConnected ? focused : one("main")).focus({ preventScroll: true });
  }
  if (news[0]) say(news.join(", "));
  if (region.matches("main")) document.title = document.title.replace(/.*(?= · )/, () => nameOf(region, ","));

  failures = notBefore = 0;
  lastGood = Date.now();
  one("#trouble").hidden = true;
}

function failed({ detail: { target, xhr } }) {
  if (!target.matches("[data-refresh]")) return;
  notBefore = Date.now() + Math.min(4000 * 2 ** failures, 60_000);
  const seconds = Math.round((Date.now() - lastGood) / 1000);
  const since = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  const line = one("[data-words], #trouble");
  const notice = line.closest("[data-freshness=fresh]");
  if (notice) {
    notice.dataset.freshness = "stale";
    setIcon(one("use", notice), "failed");
  }
  line.hidden = false;
  line.textContent = (xhr.status ? words.error : words.silent).replace("{since}", since).replace("{status}", xhr.status);
  if (!failures++) say(line.textContent);
}
for (const kind of ["sendError", "responseError", "timeout"]) on(`htmx:${kind}`, failed);

on("htmx:beforeRequest", (event) => {
  const isHeld = paused || document.hidden || Date.now() < notBefore;
  if (isHeld && !asked && event.target.matches(REGION)) event.preventDefault();
});
on("htmx:configRequest", ({ target, detail: { parameters } }) => {
  const jobs = jobsIn(target);
  if (target.id !== "jobs" || !jobs[0]) return;
  // New jobs wait, see list_waiting.py.
  parameters.top = one("time", jobs[0]).dateTime;
  parameters.shown = jobs.map((job) => idOf(job).slice(-12));
});
on("htmx:beforeSwap", (event) => {
  const { target, detail } = event;
  if (!target.matches(REGION) || !detail.shouldSwap) return;
  detail.shouldSwap = false;
  const page = new DOMParser().parseFromString(detail.serverResponse, "text/html").body;
  const to = one(`#${target.id}`, page);
  if (!to) return failed(event);
  reveal(page);
  if ("refresh" in target.dataset) update(target, to, detail.requestConfig.elt !== target);
  else morph(target, to);
  htmx.process(target);
});
on("visibilitychange", () => document.hidden || paused || refresh());

on("formdata", ({ target, formData }) => {
  for (const [name, value] of [...formData]) if (!value && target.method === "get") formData.delete(name);
});

const ROW = "main [data-job-id], main [data-error-group]";
let prefix = "";

function step(by) {
  const links = all(ROW).map((row) => one("a", row)).filter((link) => link?.checkVisibility());
  const at = links.findIndex((link) => link.closest(ROW).contains(document.activeElement));
  links[Math.max(0, at + by)]?.focus();
}

const KEYS = {
  "/": () => one("[type=search]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  // A reload might send a form again.
  r: () => (one("[data-refresh]") ? refresh() : (location = location.pathname + location.search)),
};

on("keydown", (event) => {
  const { key, target, ctrlKey, altKey, metaKey } = event;
  if (ctrlKey || altKey || metaKey || target.closest("input, select, textarea, dialog")) return;
  if (document.cookie.includes("keys=off")) return;
  const keys = prefix + key;
  prefix = keys === "g" ? keys : "";
  const link = one(`[data-keys="${CSS.escape(keys)}"]`);
  if (!link && !KEYS[keys]) return;
  event.preventDefault();
  if (link) link.click();
  else KEYS[keys]();
});

on("click", ({ target }) => {
  const time = target.closest("time[title]");
  if (time && !time.closest("a, button, summary, label") && getSelection().isCollapsed) flip(time);
  const button = target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button);
  else if (button.dataset.keys) one("#keys").showModal();
  else if (button.dataset.themeChoice) {
    look.theme = button.dataset.themeChoice;
    reveal(document);
    localStorage.theme = look.theme;
  } else if (button.id === "pause") {
    paused = !paused;
    reveal(document);
    say(paused ? words.paused : words.resumed);
    if (paused) tell("htmx:abort");
    else refresh();
  }
});

/* Being told of watched jobs: once, whichever tab hears of it first. */

const permission = () => globalThis.Notification?.permission;
on("htmx:afterSwap", ({ target }) => {
  for (const ended of permission() === "granted" ? all("[data-told]", target) : []) {
    const tag = ended.dataset.told;
    if (localStorage[tag]) continue;
    localStorage[tag] = 1;
    const link = one("a", ended);
    try {
      new Notification(link.textContent, { tag }).onclick = () => (focus(), link.click());
    } catch {
      // A phone: the page says it.
    }
  }
});
let isAsked;
on("submit", async (event) => {
  if (!event.target.matches("[data-watch]") || event.submitter.name || isAsked || permission() !== "default") return;
  // Browsers ask only while somebody acts, so the page stays.
  event.preventDefault();
  isAsked = true;
  await Promise.race([Notification.requestPermission(), new Promise((end) => setTimeout(end, 15_000))]);
  // The form may be another one by now.
  setTimeout(() => one("#watch:not([name])")?.click());
});

reveal(document);
