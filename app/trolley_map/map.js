// The map of the trolleys: signs a manager in, draws the floor plan of a branch and, every few seconds, the trolleys.

const API = "/api/v1";
const TOKEN = "aisle.dashboard.token";  // the dashboard's: who is signed in there is signed in here
const EVERY_MS = 5_000;
const MAY_ENTER = ["MANAGER", "ADMIN"];
const SVG = "http://www.w3.org/2000/svg";
const KINDS = { "#": "shelf", X: "closed", E: "entrance", C: "till", S: "stairs" };
const STATES = {
  idle: "Free", shopping: "Shopping", review: "Reviewing", paying: "Paying", paid: "Paid",
  assist: "Needs help", lost: "Lost", maintenance: "In repair",
};
const COLOURS = { idle: "idle", paying: "paying", paid: "paying", assist: "help", lost: "lost", maintenance: "lost" };
const ARROWS = { ">": "→", v: "↓", "<": "←", "^": "↑" };

const $ = (id) => document.getElementById(id);
let timer = 0;
let round = 0;
let plan = null;
let sections = [];
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

async function every(path, query = "") {
  const found = [];
  let cursor = "";
  do {
    const { data, meta } = await ask(`${path}?limit=200${query}${cursor && `&cursor=${cursor}`}`);
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
    if (drawn && drawn.checksum !== plan?.checksum) sections = await every("/misc/store-sections", `&branch_id=${branch}`);
    if (mine !== round) return;
    trolleys = found.sort((one, other) => needsHelp(other) - needsHelp(one) || one.trolley - other.trolley);
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
  countByFloor();
  drawTrolleys();
  showList();
}

function countByFloor() {
  for (const option of $("floor").options) {
    const count = trolleys.filter((trolley) => whereIs(trolley) === option.value).length;
    option.textContent = `${option.value} (${count} ${count === 1 ? "trolley" : "trolleys"})`;
  }
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
    svg("rect", { width, height: rows.length, class: "floor" }), ...rectangles(rows), ...nameSections(),
    svg("g", { id: "trolleys" }));
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

function nameSections() {
  const here = sections.filter(({ floor_level }) => String(floor_level) === $("floor").value);
  return here.map(({ section_name, x1, y1, x2, y2 }) => {
    const [width, height] = [x2 - x1 + 1, y2 - y1 + 1];
    const size = Math.min(0.6 * Math.min(width, height), Math.max(width, height) / (0.56 * section_name.length), 1.5);
    const place = width >= height ? `translate(${x1 + 0.1} ${y1 + height / 2})`
      : `translate(${x1 + width / 2} ${y1 + 0.1}) rotate(90)`;
    const name = svg("text", {
      transform: place, class: "section", "font-size": size.toFixed(2), "dominant-baseline": "central",
    });
    name.textContent = section_name;
    return name;
  });
}

function drawTrolleys() {
  const layer = document.getElementById("trolleys");
  if (!layer) return;
  const rows = plan.floors[$("floor").value];
  const size = Math.max(0.6, Math.min(rows.length, rows[0].length) / 30);
  const here = trolleys.filter((trolley) => trolley.x_cm !== null && whereIs(trolley) === $("floor").value);
  const taken = [];
  const marks = here.map((trolley) => mark(trolley, size, taken));
  layer.replaceChildren(...marks.map(({ lead }) => lead), ...marks.map(({ badge }) => badge));
}

function freeSpot(x, y, size, taken) {  // trolleys beside the same beacon stand on the same spot: side by side instead
  const [height, width] = [plan.floors[$("floor").value].length, plan.floors[$("floor").value][0].length];
  for (let ring = 0; ring < 12; ring += 1) {
    for (let part = 0; part < Math.max(1, 6 * ring); part += 1) {
      const angle = part / (6 * ring || 1) * 2 * Math.PI;
      const spot = [x + ring * 2.2 * size * Math.cos(angle), y + ring * 2.2 * size * Math.sin(angle)];
      const isInside = spot[0] >= 0 && spot[0] <= width && spot[1] >= 0 && spot[1] <= height;
      if (isInside && taken.every(([other, beside]) => Math.hypot(spot[0] - other, spot[1] - beside) >= 2.1 * size)) return spot;
    }
  }
  return [x, y];
}

function mark(trolley, size, taken) {
  const [fromX, fromY] = [trolley.x_cm / plan.cell_cm, trolley.y_cm / plan.cell_cm];
  const [x, y] = freeSpot(fromX, fromY, size, taken);
  taken.push([x, y]);
  const title = svg("title");
  title.textContent = `${trolley.label}: ${inWords(trolley)}`;
  const number = svg("text", {
    x, y, "font-size": size * 0.9, "text-anchor": "middle", "dominant-baseline": "central",
  });
  number.textContent = trolley.trolley;
  const circle = svg("circle", { cx: x, cy: y, r: size, "stroke-width": size * 0.15 });
  const lead = svg("line", { x1: fromX, y1: fromY, x2: x, y2: y, class: "lead", "stroke-width": size * 0.12 });
  return { lead, badge: svg("g", { class: `trolley ${look(trolley)}` }, title, circle, number) };
}

const look = (trolley) =>
  [needsHelp(trolley) ? "help" : COLOURS[trolley.state] ?? "", trolley.is_online ? "" : "away"].join(" ");

const needsHelp = (trolley) => trolley.waits_for_help || trolley.state === "assist";

const stateOf = (trolley) => needsHelp(trolley) ? STATES.assist : STATES[trolley.state] ?? trolley.state;

const whereIs = (trolley) => trolley.x_cm === null ? "–" : String(trolley.floor ?? 0);

function inWords(trolley) {
  const battery = trolley.battery_percent === null ? "" : `, battery ${trolley.battery_percent} %`;
  return `${stateOf(trolley)}${trolley.is_online ? "" : ", not heard of lately"}${battery}`;
}

function showList() {
  if (!trolleys.length) return $("list").replaceChildren(element("p", { text: "This branch has no trolleys." }));
  const head = element("tr", {}, ...["Trolley", "State", "Floor", "Battery", "Heard at"].map(
    (text) => element("th", { text, scope: "col" })));
  const rows = trolleys.map((trolley) => element("tr", { className: needsHelp(trolley) ? "help-line" : "" },
    ...[
      `${trolley.trolley} · ${trolley.label}`,
      stateOf(trolley),
      whereIs(trolley),
      trolley.battery_percent === null ? "–" : `${trolley.battery_percent} %`,
      trolley.last_seen_at ? new Date(trolley.last_seen_at).toLocaleTimeString([], { timeStyle: "short" }) : "never",
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
