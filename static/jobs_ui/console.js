/* What a page gains with JavaScript: copy buttons, the theme, and a refresh that respects its reader. */

const live = document.getElementById("live");

/** Says a sentence once to screen readers; the same one said twice is two changes, so that both are heard. */
function say(words) {
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = words));
}

const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/* Controls that do nothing without JavaScript are `hidden` in the markup. */
function reveal(root) {
  for (const control of root.querySelectorAll("[data-js]")) {
    // No clipboard outside of https and localhost.
    control.hidden = control.matches("[data-copy]") && !navigator.clipboard;
  }
  showPaused();
}

/* Copy */

/** What a button copies: a text, what an address holds (thousands of values), or the id of the job around it. */
async function textOf(button) {
  const { copy, copyFrom } = button.dataset;
  if (!copyFrom) return copy || button.closest("[data-job-id]").dataset.jobId;
  const answer = await fetch(copyFrom);
  if (!answer.ok || answer.redirected) throw new Error(answer.status);
  return answer.text();
}

async function copy(button) {
  const icon = button.querySelector("use");
  const before = icon.getAttribute("href");
  try {
    await navigator.clipboard.writeText(await textOf(button));
  } catch {
    return say("Could not be copied");
  }
  say("Copied");
  icon.setAttribute("href", before.replace(/#.*/, "#i-success"));
  setTimeout(() => icon.setAttribute("href", before), 1500);
}

/* Theme */

function showTheme() {
  const theme = document.documentElement.dataset.theme ?? "auto";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", button.dataset.themeChoice === theme);
  }
}

function chooseTheme(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Not remembered then.
  }
  showTheme();
}

/* Refresh: htmx polls; here it is held back, watched, and put into words. */

const REGION = "[data-refresh]";
/* Asks now and then as well, but of its own accord: what fails there is no news. */
const FOLLOWER = "[data-follows]";
const SLOWEST = 60_000;
let paused = false;
let failures = 0;
let notBefore = 0;
let lastGood = Date.now();
let before = null;

/** The region that polls, if this htmx event is about it. */
const polled = (event) => (event.detail.elt?.matches?.(REGION) ? event.detail.elt : null);

/** Whether a swap would take something out of the reader's hands: a pressed button, or selected text. */
function isBusy(region) {
  const selection = getSelection();
  return region.matches(":active") || (!selection.isCollapsed && region.contains(selection.anchorNode));
}

function refreshNow() {
  notBefore = 0;
  for (const element of document.querySelectorAll(`${REGION}, ${FOLLOWER}`)) element.dispatchEvent(new Event("refresh"));
}

function showPaused() {
  const button = document.getElementById("pause");
  if (button) button.textContent = paused ? "Resume" : "Pause";
}

function togglePause() {
  paused = !paused;
  showPaused();
  say(paused ? "The page stands still." : "The page refreshes itself again.");
  if (!paused) refreshNow();
}

/** The jobs that a region shows, by id: their names and statuses. The detail page's region is itself a job. */
function jobsIn(region) {
  const elements = region.matches("[data-job-id]") ? [region] : region.querySelectorAll("[data-job-id]");
  return new Map([...elements].map((element) => [element.dataset.jobId, element]));
}

const statusOf = (element) => element.querySelector(".st").textContent.trim().toLowerCase();
const nameOf = (element) => element.querySelector(".job").textContent.trim();

function remember(region) {
  const jobs = jobsIn(region);
  const rows = [...jobs.values()];
  const first = rows.findIndex((row) => row.getBoundingClientRect().bottom > 0);
  before = {
    statuses: new Map(rows.map((row) => [row.dataset.jobId, row.dataset.status])),
    // Who reads further down keeps the row that is read where it is.
    anchor: first > 0 ? { id: rows[first].dataset.jobId, top: rows[first].getBoundingClientRect().top } : null,
    focused: document.activeElement.id,
    open: [...region.querySelectorAll("details[open]")].map((details) => details.id),
    picked: [...region.querySelectorAll("input:checked")].map((box) => box.id),
    freshness: document.querySelector("[data-freshness]")?.dataset.freshness,
  };
}

function afterSwap(region) {
  const jobs = jobsIn(region);
  for (const id of before.open) document.getElementById(id)?.setAttribute("open", "");
  // htmx gave it back while its part was closed.
  document.getElementById(before.focused)?.focus({ preventScroll: true });
  for (const id of before.picked) document.getElementById(id)?.click();
  reveal(region);
  const row = before.anchor && jobs.get(before.anchor.id);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - before.anchor.top, behavior: "instant" });
  announce(jobs);
  if (region.matches("main")) {
    document.title = document.title.replace(/.*(?= · )/, () => `${nameOf(region)}, ${statusOf(region)}`);
  }
  before = null;
}

function announce(jobs) {
  const words = [];
  const fresh = [...jobs.keys()].filter((id) => !before.statuses.has(id)).length;
  if (fresh && before.statuses.size) words.push(counted(fresh, "new job"));
  const changed = [...jobs].filter(
    ([id, element]) => before.statuses.has(id) && before.statuses.get(id) !== element.dataset.status,
  );
  if (changed.length > 3) words.push(`${changed.length} jobs changed`);
  else words.push(...changed.map(([, element]) => `${nameOf(element)} ${statusOf(element)}`));
  const notice = document.querySelector("[data-freshness]");
  if (notice && notice.dataset.freshness !== before.freshness) {
    words.unshift(notice.querySelector("[data-words]").textContent);
  }
  if (words.length) say(words.join(", "));
}

/** A refresh that failed is said where the page says how fresh it is; the tries get rarer. */
function failed(event) {
  if (!polled(event)) return;
  failures += 1;
  // A second less than a poll's interval, so that the first try after a failure is the next poll.
  notBefore = Date.now() + Math.min(5000 * 2 ** (failures - 1), SLOWEST) - 1000;
  const seconds = Math.round((Date.now() - lastGood) / 1000);
  const since = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  const status = event.detail.xhr?.status;
  const reason = status ? `the console answered with error ${status}` : "the console does not answer";
  const notice = document.querySelector("[data-freshness]");
  if (!notice) return;
  if (notice.dataset.freshness === "fresh") {
    notice.dataset.freshness = "stale";
    const icon = notice.querySelector("use");
    icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, "#i-failed"));
  }
  const words = notice.querySelector("[data-words]");
  words.textContent = `Not refreshed for ${since}: ${reason}. It tries again by itself.`;
  if (failures === 1) say(words.textContent);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const region = polled(event);
  if (event.detail.elt.matches(FOLLOWER) && (paused || document.hidden)) event.preventDefault();
  if (region && (paused || document.hidden || Date.now() < notBefore || isBusy(region))) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const region = polled(event);
  if (!region || !event.detail.shouldSwap) return;
  if (paused || isBusy(region)) event.detail.shouldSwap = false;
  else remember(region);
});
document.addEventListener("htmx:afterSwap", () => {
  if (!before) return;
  failures = 0;
  lastGood = Date.now();
  // A final job's region is swapped in without its polling.
  afterSwap(document.querySelector(`${REGION}, main[data-job-id]`));
});
for (const kind of ["sendError", "responseError", "timeout"]) document.addEventListener(`htmx:${kind}`, failed);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) refreshNow();
});
/* A filter that was left empty has no place in the address. */
document.addEventListener("formdata", ({ target, formData }) => {
  if (!target.matches(".filter")) return;
  for (const [name, value] of [...formData]) {
    if (value === "") formData.delete(name);
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button);
  else if (button.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
  else if (button.id === "pause") togglePause();
});

/* Told by the browser itself, once, whichever tab hears of it first. */

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "ended" || globalThis.Notification?.permission !== "granted") return;
  try {
    const told = localStorage.told?.split(" ") ?? [];
    for (const ended of target.querySelectorAll("[data-told]")) {
      const key = ended.dataset.told;
      if (told.includes(key)) continue;
      told.push(key);
      localStorage.told = told.slice(-200).join(" ");
      const link = ended.querySelector("a");
      new Notification(link.textContent, { tag: key }).onclick = () => (focus(), link.click());
    }
  } catch {
    // No storage, or a phone: the page says it alone.
  }
});
let asked = false;
document.addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  if (!target.matches("[data-watch]") || submitter.name || asked || globalThis.Notification?.permission !== "default")
    return;
  // Browsers ask only while somebody acts, so the page must stay meanwhile.
  event.preventDefault();
  asked = true;
  await Promise.race([Notification.requestPermission(), new Promise((end) => setTimeout(end, 15_000))]);
  // The form may have been refreshed since; and while this event lasts, it cannot be sent.
  setTimeout(() => document.querySelector("#watch:not([name])")?.click());
});

showTheme();
reveal(document);
