import { isTyping, live, replacePart } from "./common.js";

const table = document.querySelector("table.fleet");
const filter = document.getElementById("filter");
const grouped = document.querySelector("[data-grouped]");
const shown = document.querySelector("[data-shown]");
const nothing = document.querySelector("[data-nothing]");
const SORTS = ["name", "state", "memory", "wake", "cold", "calls"];

const rows = new Map(); // name -> its row
const heads = new Map(); // owner -> the row above its locations
let order = { by: table.dataset.sort, down: "down" in table.dataset };
let generation = Number(table.dataset.generation);

const lower = (text) => text.toLowerCase();
const compareNames = new Intl.Collator(undefined, { numeric: false }).compare;

function readRow(row) {
  row.figures = row.dataset.order.split(" ").map(Number);
  row.words = lower([...row.cells].map((cell) => cell.textContent).join(" ") + ` state:${row.dataset.state} owner:${row.dataset.owner}`);
  return row;
}

function read() {
  for (const row of table.querySelectorAll("tr[data-name]")) rows.set(row.dataset.name, readRow(row));
  for (const row of table.querySelectorAll("tr.head")) heads.set(row.dataset.head, row);
}

// -- which rows are shown, and in which order --

function fits(row, words) {
  return words.every((word) => row.words.includes(word));
}

function compare(a, b) {
  const column = SORTS.indexOf(order.by) - 1;
  if (column >= 0) {
    const difference = a.figures[column] - b.figures[column];
    if (difference) return order.down ? -difference : difference;
    return compareNames(a.dataset.name, b.dataset.name);
  }
  const by = compareNames(a.dataset.name, b.dataset.name);
  return order.down ? -by : by;
}

function ownersInOrder() {
  const owners = [...new Set([...rows.values()].map((row) => row.dataset.owner))];
  const last = "no owner";
  return owners.sort((a, b) => (a === last) - (b === last) || compareNames(a, b));
}

function arrange() {
  const focused = document.activeElement;
  const sorted = [...rows.values()].sort(compare);
  const bodies = [];
  if (grouped.checked) {
    for (const owner of ownersInOrder()) {
      const body = document.createElement("tbody");
      body.dataset.owner = owner;
      if (heads.has(owner)) body.append(heads.get(owner));
      body.append(...sorted.filter((row) => row.dataset.owner === owner));
      bodies.push(body);
    }
  } else {
    const body = document.createElement("tbody");
    body.append(...sorted);
    bodies.push(body);
  }
  table.toggleAttribute("data-by-owner", grouped.checked);
  for (const old of [...table.tBodies]) old.remove();
  table.append(...bodies);
  show();
  if (focused && focused !== document.activeElement && table.contains(focused)) focused.focus({ preventScroll: true });
}

function show() {
  const words = lower(filter.value).split(/\s+/).filter(Boolean);
  let number = 0;
  for (const row of rows.values()) {
    row.hidden = !fits(row, words);
    number += row.hidden ? 0 : 1;
  }
  for (const body of table.tBodies) body.hidden = !body.querySelector("tr[data-name]:not([hidden])");
  const told = number === rows.size ? `${number} shown` : `${number} of ${rows.size} shown`;
  if (shown.textContent !== told) shown.textContent = told;
  nothing.hidden = number > 0 || rows.size === 0;
  for (const chip of document.querySelectorAll("[data-chip]")) {
    chip.setAttribute("aria-pressed", String(words.includes(`state:${chip.dataset.chip}`)));
  }
}

// The address says what is shown, so that it can be sent to somebody.
function keepAddress() {
  const query = new URLSearchParams();
  if (filter.value) query.set("q", filter.value);
  if (order.by !== "name" || order.down) query.set("sort", order.by);
  if (order.down) query.set("down", "");
  if (!grouped.checked) query.set("group", "no");
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

function sortBy(by) {
  const down = order.by === by ? !order.down : by !== "name" && by !== "state";
  order = { by, down };
  for (const link of table.querySelectorAll("thead a[data-sort]")) {
    const mine = link.dataset.sort === by;
    link.closest("th").setAttribute("aria-sort", !mine ? "none" : down ? "descending" : "ascending");
  }
  arrange();
  keepAddress();
}

function changed() {
  show();
  keepAddress();
}

function filterBy(text) {
  filter.value = text;
  changed();
}

function chip(word) {
  const wanted = `state:${word}`;
  const words = filter.value.split(/\s+/).filter((each) => each && !lower(each).startsWith("state:"));
  filterBy((lower(filter.value).includes(wanted) ? words : [...words, wanted]).join(" "));
}

// -- what the host tells --

function made(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function take(change) {
  if (change.stale) return location.reload(); // another life of the host: what this page knows is over
  let moved = false;
  for (const [owner, html] of Object.entries(change.heads || {})) {
    if (html === null) moved = heads.delete(owner) || moved;
    else {
      const row = made(html);
      if (heads.has(owner)) heads.get(owner).replaceWith(row);
      else moved = true;
      heads.set(owner, row);
    }
  }
  for (const [name, html] of Object.entries(change.rows || {})) moved = takeRow(name, html) || moved;
  for (const [part, html] of Object.entries(change.parts || {})) replacePart(part, html);
  if (moved && !table.matches(":hover, :focus-within")) arrange();
  else show();
}

// Whether rows may have to change places.
function takeRow(name, html) {
  const before = rows.get(name);
  if (html === null) {
    before?.remove();
    return rows.delete(name);
  }
  const row = readRow(made(html));
  const focused = before?.contains(document.activeElement);
  rows.set(name, row);
  if (before) before.replaceWith(row);
  if (before && before.dataset.state !== row.dataset.state) row.classList.add("new");
  if (focused) row.querySelector("a").focus({ preventScroll: true });
  if (!before || before.dataset.owner !== row.dataset.owner) {
    arrange();
    return false;
  }
  const column = SORTS.indexOf(order.by) - 1;
  return column >= 0 && before.figures[column] !== row.figures[column];
}

// -- keys --

function step(by) {
  const links = [...table.querySelectorAll("tr[data-name]:not([hidden]) .c-name a")].filter((link) => link.offsetParent);
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
}

const help = document.querySelector("[data-keys]");

document.addEventListener("keydown", (event) => {
  if (event.target === filter) {
    if (event.key === "Escape") filterBy("");
    else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      step(1);
    }
    return;
  }
  if (isTyping(event) || help.open) return;
  const number = Number(event.key);
  if (event.key === "/") filter.focus();
  else if (event.key === "ArrowDown" || event.key === "j") step(1);
  else if (event.key === "ArrowUp" || event.key === "k") step(-1);
  else if (event.key === "o") grouped.click();
  else if (event.key === "?") help.showModal();
  else if (event.key === "Escape" && filter.value) filterBy("");
  else if (number >= 1 && number <= SORTS.length) sortBy(SORTS[number - 1]);
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const sort = event.target.closest("thead a[data-sort]");
  const pressed = event.target.closest("[data-chip]");
  if (sort) {
    event.preventDefault();
    sortBy(sort.dataset.sort);
  } else if (pressed) chip(pressed.dataset.chip);
  else if (event.target.closest("[data-clear]")) filterBy("");
  else if (event.target.closest("[data-help]")) help.showModal();
});

filter.form.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", changed);
grouped.addEventListener("change", () => {
  arrange();
  keepAddress();
});

read();
show();
live(
  () => `/api/live/fleet?epoch=${table.dataset.epoch}&since=${generation}`,
  (change) => take(change),
);
