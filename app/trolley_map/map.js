// The map of the trolleys: signs a manager in, draws the floor plan of a branch and, every few seconds, the trolleys.

const API = "/api/v1";
const TOKEN = "aisle.dashboard.token";  // the dashboard's: who is signed in there is signed in here
const EVERY_MS = 5_000;
const MAY_ENTER = ["MANAGER", "ADMIN"];
const SVG = "http://www.w3.org/2000/svg";
const KINDS = { "#": "shelf", X: "closed", E: "entrance", C: "till", S: "stairs" };
const ARROWS = { ">": "→", v: "↓", "<": "←", "^": "↑" };

const $ = (id) => document.getElementById(id);
let timer = 0;
let round = 0;
let plan = null;
let trolleys = [];

class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = error?.code ?? "";
  }
}

// ---- asking the API

async function ask(path, { method = "GET", body, token = sessionStorage.getItem(TOKEN) } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return answer.json();
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error);
}

async function every(path) {
  const found = [];
  let cursor = "";
  do {
    const { data, meta } = await ask(`${path}?limit=200${cursor && `&cursor=${cursor}`}`);
    found.push(...data);
    cursor = meta.next_cursor;
  } while (cursor);
  return found;
}

// ---- signing in and out

async function signIn(event) {
  event.preventDefault();
  say("");
  const body = { email: $("email").value, password: $("password").value };
  if ($("code").value) body.totp_code = $("code").value.trim();
  try {
    const given = (await ask("/auth/login", { method: "POST", body, token: null })).data;
    if (!MAY_ENTER.includes(given.user.role)) {
      await ask("/auth/logout", { method: "POST", token: given.access_token });
      $("password").value = "";
      return say("The map is for managers and administrators. Your account has neither role.");
    }
    sessionStorage.setItem(TOKEN, given.access_token);
    $("sign-in").reset();
    await enter();
  } catch (error) {
    if (error.code === "SECOND_FACTOR_REQUIRED") {
      $("code-field").hidden = false;
      $("code").required = true;
      $("code").focus();
    }
    say(error.message);
  }
}

async function signOut() {
  const leaving = ask("/auth/logout", { method: "POST" }).catch(() => {});
  leave("You are signed out.");
  await leaving;
}

async function enter() {
  $("sign-in").hidden = true;
  $("code-field").hidden = true;
  $("code").required = false;
  $("bar").hidden = $("store").hidden = false;
  if (!(await nameBranches())) return;
  await openBranch();
}

function leave(message) {
  clearTimeout(timer);
  round += 1;
  plan = null;
  sessionStorage.removeItem(TOKEN);
  for (const id of ["map", "list", "branch", "floor"]) $(id).replaceChildren();
  $("bar").hidden = $("store").hidden = true;
  $("sign-in").hidden = false;
  $("email").focus();
  say(message);
}

function say(message) {
  $("message").textContent = message;
  $("message").hidden = !message;
}

async function nameBranches() {
  try {
    const branches = await every("/branches");
    $("branch").replaceChildren(...branches.map(({ id, name }) => new Option(name, id)));
    const store = branches.find(({ kind }) => kind === "STORE");
    if (store) $("branch").value = store.id;
    return branches.length > 0;
  } catch (error) {
    return failed(error);
  }
}

// ---- refreshing

async function openBranch() {
  clearTimeout(timer);
  const mine = ++round;
  plan = null;
  $("map").replaceChildren();
  $("floor").replaceChildren();
  await refresh(mine);
}

async function refresh(mine = ++round) {
  clearTimeout(timer);
  const branch = $("branch").value;
  try {
    const [drawn, found] = await Promise.all([planOf(branch), every(`/admin/branches/${branch}/trolleys`)]);
    if (mine !== round) return;
    trolleys = found;
    show(drawn);
    say(drawn ? "" : "This branch has not published a floor plan yet.");
    $("updated").textContent = `Updated at ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (mine !== round || failed(error)) return;
  }
  if (!document.hidden && sessionStorage.getItem(TOKEN)) timer = setTimeout(() => refresh(), EVERY_MS);
}

async function planOf(branch) {
  try {
    return (await ask(`/branches/${branch}/layout`)).data;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

function failed(error) {
  if (error.status === 401) leave("Your session is over. Sign in again.");
  else say(error instanceof Refused ? error.message : "The shop cannot be reached; the map is that of before.");
  return false;
}

// ---- showing

function show(drawn) {
  if (drawn?.checksum !== plan?.checksum || drawn?.branch_id !== plan?.branch_id) {
    plan = drawn;
    nameFloors();
    drawPlan();
  }
  drawTrolleys();
  showList();
}

function nameFloors() {
  const floors = plan ? Object.keys(plan.floors).sort((one, other) => one - other) : [];
  $("floor").replaceChildren(...floors.map((name) => new Option(name, name)));
  if (floors.includes("0")) $("floor").value = "0";
}

function drawPlan() {
  const rows = plan?.floors[$("floor").value];
  if (!rows) return $("map").replaceChildren();
  const width = rows[0].length;
  const title = svg("title");
  title.textContent = `Floor ${$("floor").value} with its trolleys; the list beside it has the same ones`;
  const drawing = svg("svg", { viewBox: `-1 -1 ${width + 2} ${rows.length + 2}`, role: "img" }, title,
    svg("rect", { width, height: rows.length, class: "floor" }), ...rectangles(rows), svg("g", { id: "trolleys" }));
  $("map").replaceChildren(drawing);
}

function rectangles(rows) {
  const made = [];
  let open = new Map();  // a run of the row above grows downwards while the next row has the very same one
  for (const [y, row] of rows.entries()) {
    const grown = new Map();
    for (const run of row.matchAll(/([^.])\1*/g)) {
      const [x, length, sign] = [run.index, run[0].length, run[1]];
      const key = `${x} ${length} ${sign}`;
      const box = open.get(key) ?? { x, y, length, sign, height: 0 };
      if (!box.height) made.push(box);
      box.height += 1;
      grown.set(key, box);
    }
    open = grown;
  }
  return made.flatMap(shape);
}

function shape({ x, y, length, sign, height }) {
  const box = svg("rect", { x, y, width: length, height, class: KINDS[sign] ?? "oneway" });
  if (!ARROWS[sign]) return [box];
  const arrow = svg("text", {
    x: x + length / 2, y: y + height / 2, class: "arrow", "font-size": 1, "text-anchor": "middle",
    "dominant-baseline": "central",
  });
  arrow.textContent = ARROWS[sign];
  return [box, arrow];
}

function drawTrolleys() {
  const layer = document.getElementById("trolleys");
  if (!layer) return;
  const rows = plan.floors[$("floor").value];
  const size = Math.max(0.6, Math.min(rows.length, rows[0].length) / 30);
  const here = trolleys.filter((trolley) => trolley.x_cm !== null && String(trolley.floor) === $("floor").value);
  layer.replaceChildren(...here.map((trolley) => mark(trolley, size)));
}

function mark(trolley, size) {
  const [x, y] = [trolley.x_cm / plan.cell_cm, trolley.y_cm / plan.cell_cm];
  const title = svg("title");
  title.textContent = `${trolley.label}: ${inWords(trolley)}`;
  const number = svg("text", {
    x, y, "font-size": size * 0.9, "text-anchor": "middle", "dominant-baseline": "central",
  });
  number.textContent = trolley.trolley;
  const circle = svg("circle", { cx: x, cy: y, r: size, "stroke-width": size * 0.15 });
  return svg("g", { class: `trolley ${look(trolley)}` }, title, circle, number);
}

const look = (trolley) =>
  [needsHelp(trolley) ? "help" : trolley.state === "idle" ? "idle" : "", trolley.is_online ? "" : "away"].join(" ");

const needsHelp = (trolley) => trolley.waits_for_help || trolley.state === "assist";

function inWords(trolley) {
  const battery = trolley.battery_percent === null ? "" : `, battery ${trolley.battery_percent} %`;
  return `${needsHelp(trolley) ? "needs help" : trolley.state}${trolley.is_online ? "" : ", not heard of lately"}${battery}`;
}

function showList() {
  if (!trolleys.length) return $("list").replaceChildren(element("p", { text: "This branch has no trolleys." }));
  const head = element("tr", {}, ...["Trolley", "Label", "State", "Battery", "Last heard of"].map(
    (text) => element("th", { text, scope: "col" })));
  const rows = trolleys.map((trolley) => element("tr", { className: needsHelp(trolley) ? "help-line" : "" },
    ...[
      trolley.trolley,
      trolley.label,
      needsHelp(trolley) ? "needs help" : trolley.state,
      trolley.battery_percent === null ? "–" : `${trolley.battery_percent} %`,
      trolley.last_seen_at ? new Date(trolley.last_seen_at).toLocaleTimeString() : "never",
    ].map((text) => element("td", { text }))));
  const { scrollTop } = $("list");
  $("list").replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  $("list").scrollTop = scrollTop;
}

function element(tag, { text, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// ---- beginning

$("sign-in").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", signOut);
$("refresh").addEventListener("click", () => refresh());
$("branch").addEventListener("change", openBranch);
$("floor").addEventListener("change", () => {
  drawPlan();
  drawTrolleys();
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden && sessionStorage.getItem(TOKEN)) refresh();
});

if (sessionStorage.getItem(TOKEN)) {
  enter();
} else {
  $("sign-in").hidden = false;
  $("email").focus();
}
