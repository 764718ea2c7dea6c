// The dashboard: signs a manager in, fetches the reports with their token, and does it again every half minute.

const API = "/api/v1";
const TOKEN = "aisle.dashboard.token";
const EVERY_MS = 30_000;
const MAY_ENTER = ["MANAGER", "ADMIN"];
const ENDED = ["DELIVERED", "CANCELED"];
const REPORTS = [
  "revenue", "orders", "basket-size", "fulfilment-rate", "substitutions", "picker-speed", "top-products", "slot-use",
  "low-stock",
];
const DAYS_AHEAD = 6;
const LOW_STOCK_SHOWN = 100;

const $ = (id) => document.getElementById(id);
let timer = 0;
let round = 0;
let currency = "";

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
  const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error);
}

const data = async (path, options) => (await (await ask(path, options)).json()).data;

function query(name, today) {
  const asked = new URLSearchParams();
  if ($("branch").value) asked.set("branch_id", $("branch").value);
  if (name === "low-stock") {
    asked.set("limit", LOW_STOCK_SHOWN);
  } else if (name === "slot-use") {  // the week to come, whatever period is looked back on
    const last = new Date(`${today}T00:00:00Z`);
    last.setUTCDate(last.getUTCDate() + DAYS_AHEAD);
    asked.set("date_from", today);
    asked.set("date_to", last.toISOString().slice(0, 10));
  } else {
    asked.set("range", $("range").value);
  }
  return asked;
}

const reportPath = (name, ending, asked) => `/admin/analytics/reports/${name}${ending}?${asked}`;

// ---- signing in and out

async function signIn(event) {
  event.preventDefault();
  say("");
  const body = { email: $("email").value, password: $("password").value };
  if ($("code").value) body.totp_code = $("code").value.trim();
  try {
    const given = await data("/auth/login", { method: "POST", body, token: null });
    if (!MAY_ENTER.includes(given.user.role)) {
      await ask("/auth/logout", { method: "POST", token: given.access_token });
      $("password").value = "";
      return say("The dashboard is for managers and administrators. Your account has neither role.");
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
  $("bar").hidden = $("figures").hidden = false;
  await nameBranches();
  await refresh();
}

function leave(message) {
  clearTimeout(timer);
  round += 1;
  sessionStorage.removeItem(TOKEN);
  for (const id of ["tiles", "alerts", "queue", "reports"]) $(id).replaceChildren();
  $("bar").hidden = $("figures").hidden = true;
  $("sign-in").hidden = false;
  $("email").focus();
  say(message);
}

function say(message) {
  $("message").textContent = message;
  $("message").hidden = !message;
}

async function nameBranches() {
  if ($("branch").options.length > 1) return;
  try {
    const branches = await data("/branches?limit=200");
    for (const { id, name } of branches) $("branch").append(new Option(name, id));
  } catch (error) {
    say(error.message);
  }
}

// ---- refreshing

async function refresh() {
  clearTimeout(timer);
  const mine = ++round;
  try {
    await load(() => mine === round);
    if (mine !== round) return;
    say("");
    $("updated").textContent = `Updated at ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (mine !== round) return;
    if (error.status === 401) return leave("Your session is over. Sign in again.");
    say(error instanceof Refused ? error.message : "The shop cannot be reached; the figures are those of before.");
  }
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

async function load(isCurrent) {
  const revenue = await data(reportPath("revenue", "", query("revenue")));
  const today = revenue.period.to;
  const branch = $("branch").value ? `&branch_id=${$("branch").value}` : "";
  const [queue, alerts, ...others] = await Promise.all([
    data(`/ops/orders?limit=50${branch}`),
    data("/ops/alerts"),
    ...REPORTS.slice(1).map((name) => data(reportPath(name, "", query(name, today)))),
  ]);
  if (!isCurrent()) return;
  currency = revenue.currency;
  const reports = Object.fromEntries([revenue, ...others].map((report) => [report.name, report]));
  const open = queue.filter((order) => !ENDED.includes(order.status));
  showTiles(reports, open.length, queue.length === open.length && open.length === 50);
  showAlerts(alerts);
  showQueue(open);
  for (const name of REPORTS) cardOf(reports[name]);  // all of them first: a chart is as wide as its card in the end
  await Promise.all(REPORTS.map((name) => showReport(reports[name], today, isCurrent)));
}

// ---- showing

function element(tag, { text, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

const sum = (report, key) => report.rows.reduce((total, row) => total + (row[key] ?? 0), 0);
const money = (amount) => new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
const whole = (number) => new Intl.NumberFormat().format(number);
const share = (part, all) => (all ? `${(100 * part / all).toFixed(1)} %` : "–");

function showTiles(reports, open, isMore) {
  const { revenue, orders, "basket-size": baskets, "fulfilment-rate": fulfilment } = reports;
  const placed = sum(baskets, "orders");
  const spent = baskets.rows.reduce((total, row) => total + row.orders * (row.average_total ?? 0), 0);
  const scarce = reports["low-stock"].rows.length;
  const tiles = [
    ["Revenue", money(sum(revenue, "revenue"))],
    ["Orders placed", whole(sum(orders, "placed"))],
    ["Orders delivered", whole(sum(orders, "delivered"))],
    ["Average basket", placed ? money(spent / placed) : "–"],
    ["Pieces found", share(sum(fulfilment, "picked_pieces"), sum(fulfilment, "ordered_pieces"))],
    ["Delivered on time", share(sum(fulfilment, "on_time_orders"), sum(fulfilment, "delivered_orders"))],
    ["Open orders", isMore ? `${open}+` : whole(open)],
    ["Products low in stock", scarce === LOW_STOCK_SHOWN ? `${scarce}+` : whole(scarce)],
  ];
  $("tiles").replaceChildren(
    ...tiles.map(([label, value]) =>
      element("div", { className: "card" }, element("dt", { text: label }), element("dd", { text: value }))),
  );
}

function showAlerts(alerts) {
  const lines = alerts.map((alert) =>
    element("li", { className: String(alert.severity).toLowerCase() },
      element("bdi", { text: alert.text ?? "" }),
      element("small", { text: timeOf(alert.createdAt ?? alert.created_at) })));
  $("alerts").replaceChildren(...(lines.length ? lines : [element("li", { text: "Nothing needs attention." })]));
}

function showQueue(orders) {
  if (!orders.length) return $("queue").replaceChildren(element("p", { text: "No order is open." }));
  const columns = [["Order"], ["Status"], ["Due"], ["Customer"], ["Lines left", true]];
  const rows = orders.map((order) => [
    order.order_number,
    words(order.status),
    due(order),
    order.customer_name ?? "",
    `${order.items_pending} of ${order.items_count}`,
  ]);
  const shown = table("The most urgent first", columns, rows);
  orders.forEach((order, place) => {
    if (order.urgency === "critical") shown.tBodies[0].rows[place].cells[2].className = "urgent";
  });
  keepingPlace($("queue"), shown);
}

async function showReport(report, today, isCurrent) {
  const card = cardOf(report);
  const asked = query(report.name, today);
  const room = Math.round(card.querySelector("img").parentElement.clientWidth);
  const width = Math.max(300, Math.min(1600, room || 600));
  const drawn = new URLSearchParams(asked);
  drawn.set("width", width);
  const picture = URL.createObjectURL(await (await ask(reportPath(report.name, ".svg", drawn))).blob());
  if (!isCurrent()) return URL.revokeObjectURL(picture);
  const image = card.querySelector("img");
  const before = image.src;
  image.src = picture;
  image.alt = `Chart of ${report.title.toLowerCase()}; the numbers are in the table below`;
  if (before) URL.revokeObjectURL(before);
  card.querySelector("button").onclick = () => download(report.name, asked);
  const columns = report.columns.map((column) => [heading(column), column.unit !== "text"]);
  const rows = report.rows.map((row) => report.columns.map((column) => cell(row[column.key], column.unit)));
  keepingPlace(card.querySelector(".scroll"), table(stretch(report), columns, rows));
}

const cardOf = (report) => document.querySelector(`[data-report="${report.name}"]`) ?? newCard(report);

function newCard(report) {
  const titleId = `title-${report.name}`;
  const region = element("div", { className: "scroll", tabIndex: 0, role: "region" });
  region.setAttribute("aria-labelledby", titleId);
  const button = element("button", { type: "button", text: "CSV" });
  button.setAttribute("aria-label", `Download ${report.title.toLowerCase()} as CSV`);
  const card = element("section", { className: "card" },
    element("div", { className: "heading" }, element("h3", { id: titleId, text: report.title }), button),
    element("div", {}, element("img", { alt: "" })),
    element("details", {}, element("summary", { text: "Table" }), region));
  card.dataset.report = report.name;
  $("reports").append(card);
  return card;
}

function table(caption, columns, rows) {
  const className = (place) => (columns[place][1] ? "number" : "");
  return element("table", {},
    element("caption", { text: caption }),
    element("thead", {}, element("tr", {},
      ...columns.map(([label], place) => element("th", { text: label, scope: "col", className: className(place) })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {},
      ...row.map((value, place) => element("td", { text: value, className: className(place) }))))));
}

function keepingPlace(box, content) {
  const { scrollTop, scrollLeft } = box;
  box.replaceChildren(content);
  box.scrollTo(scrollLeft, scrollTop);
}

async function download(name, asked) {
  try {
    const answer = await ask(reportPath(name, ".csv", asked));
    const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: `${name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) {
    say(error.message);
  }
}

const UNITS = { percent: " (%)" };
const heading = (column) =>
  column.label + (column.unit === "money" ? ` (${currency})` : UNITS[column.unit] ?? "");

function cell(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "money") return value.toFixed(2);
  return unit === "text" ? String(value) : whole(value);
}

const stretch = (report) => (report.period ? `${report.period.from} to ${report.period.to}` : "Right now");
const words = (status) => status.charAt(0) + status.slice(1).toLowerCase().replaceAll("_", " ");
const timeOf = (moment) =>
  moment ? new Date(moment).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" }) : "";

function due(order) {
  const slot = order.delivery_slot;
  if (slot) return `${slot.date.slice(5)} ${slot.start_time.slice(0, 5)}-${slot.end_time.slice(0, 5)}`;
  return order.pickup_end ? `pickup by ${timeOf(order.pickup_end)}` : "";
}

// ---- beginning

$("sign-in").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", signOut);
$("refresh").addEventListener("click", refresh);
$("branch").addEventListener("change", refresh);
$("range").addEventListener("change", refresh);
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
