// What every page does: theme, relative times, the token, and what the host tells while the page is open.

const THEMES = ["auto", "light", "dark"];

function themeSwitch() {
  const button = document.querySelector("[data-theme-switch]");
  const show = () => {
    const now = document.documentElement.dataset.theme || "auto";
    button.textContent = `theme: ${now}`;
  };
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme || "auto") + 1) % THEMES.length];
    if (next === "auto") {
      delete root.dataset.theme;
      localStorage.removeItem("reef-theme");
    } else {
      root.dataset.theme = next;
      localStorage.setItem("reef-theme", next);
    }
    show();
  });
  show();
}

// -- times: the host gives seconds since 1970, people read how long ago that is --

function ago(seconds) {
  for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= unit) return `${Math.round(seconds / unit)} ${name} ago`;
  }
  return `${Math.max(0, Math.round(seconds))} s ago`;
}

function showTimes(below = document) {
  const now = Date.now() / 1000;
  for (const each of below.querySelectorAll("time[data-ago]")) {
    const text = ago(now - Number(each.dataset.ago));
    if (each.textContent !== text) each.textContent = text;
    if (!each.title) each.title = new Date(Number(each.dataset.ago) * 1000).toLocaleString();
  }
}

// -- the token: it comes behind the # of a link, which a browser tells nobody --

const KEY = "reef-token";

function takeToken() {
  const found = location.hash.match(/^#token=([\w-]+)$/);
  if (!found) return;
  localStorage.setItem(KEY, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
}

export const token = () => localStorage.getItem(KEY);
export const keepToken = (text) => localStorage.setItem(KEY, text.trim());
export const dropToken = () => localStorage.removeItem(KEY);

export async function ask(path, body) {
  const headers = { Authorization: `Bearer ${token() || ""}` };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: "POST", headers, body: body ? JSON.stringify(body) : undefined });
  const found = await answer.json();
  return { status: answer.status, ...found };
}

// -- what changes while the page is open --

export function live(address, onChange) {
  const shown = document.querySelector("[data-live-state]");
  const say = (text, on) => {
    if (shown.textContent !== text) shown.textContent = text;
    shown.classList.toggle("on", on);
  };
  const open = () => {
    const source = new EventSource(address());
    source.onopen = () => say("live", true);
    source.onmessage = (event) => onChange(JSON.parse(event.data));
    source.onerror = () => {
      say("not live: the host does not answer", false);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000);
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}

export function replacePart(part, html) {
  const place = document.querySelector(`[data-part="${part}"]`);
  if (!place) return;
  const focus = place.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const log = place.querySelector("pre");
  const atEnd = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  const top = log ? log.scrollTop : 0;
  place.innerHTML = html;
  const after = place.querySelector("pre");
  if (after) after.scrollTop = atEnd ? after.scrollHeight : top;
  if (focus) place.querySelector(focus)?.focus();
  showTimes(place);
}

// How an element that has the focus is found again in what replaces it.
function keyOf(element) {
  for (const name of ["data-chip", "data-version", "href"]) {
    const value = element.getAttribute(name);
    if (value) return `[${name}="${CSS.escape(value)}"]`;
  }
  return element.tagName === "PRE" ? "pre" : null;
}

export const isTyping = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);

themeSwitch();
takeToken();
showTimes();
setInterval(showTimes, 5000);
