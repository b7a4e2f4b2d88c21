"use strict";
// What page.js has heard, as three panels over the same rows.

const LOW90 = 0, LOW50 = 1, MEDIAN = 2, HIGH50 = 3, HIGH90 = 4;  // of the quantiles of a row
const LEFT = 62, RIGHT = 14, TITLE = 26;  // pixels
const svg = document.getElementById("plot");

function put(name, attributes, words = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = words;
  svg.append(made);
}

function niceStep(rough) {
  const ten = 10 ** Math.floor(Math.log10(rough));
  return ten * [1, 2, 5, 10].find((times) => ten * times >= rough * 0.999);
}

function ticks(low, high, most) {
  const step = niceStep((high - low) / most), found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found.map((value) => Math.abs(value) < step / 1e6 ? 0 : value);
}

/** The stretches of consecutive rows on which something is known. */
function stretches(points) {
  const found = [];
  let before = null;
  for (const point of points) {
    if (point.slice(1).some((value) => value === null)) { before = null; continue; }
    if (before === null || point[0] !== before + 1) found.push([]);
    found.at(-1).push(point);
    before = point[0];
  }
  return found;
}

function curve(points, x, y, look) {
  const d = stretches(points).map((part) =>
    "M" + part.map(([row, value]) => `${x(row)} ${y(value)}`).join("L")).join("");
  put("path", {class: look, d});
}

function band(parts, x, y, look) {
  const d = parts.map((part) => "M" + [
    ...part.map(([row, , high]) => `${x(row)} ${y(high)}`),
    ...part.toReversed().map(([row, low]) => `${x(row)} ${y(low)}`)].join("L") + "Z").join("");
  put("path", {class: look, d});
}

/** Grid, axis and title of a panel; gives back where a value stands in it. */
function panel(top, height, [low, high], marks, title, width, log = false) {
  const at = log ? Math.log : (value) => value;
  const place = (value) => top + height * (1 - (at(value) - at(low)) / (at(high) - at(low)));
  const y = (value) => Math.min(top + height, Math.max(top, place(value))).toFixed(1);
  for (const value of marks) {
    put("line", {class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value)});
    put("text", {x: LEFT - 8, y: Number(y(value)) + 4, "text-anchor": "end"}, number(value));
  }
  put("line", {class: "axis", x1: LEFT, x2: width - RIGHT, y1: top + height, y2: top + height});
  put("text", {class: "title", x: 0, y: top - 9}, title);
  return y;
}

/** Observations and medians whole, intervals as far as they do not dwarf them. */
function heights(seen, bands) {
  const middle = [...seen.map((one) => one.y), ...bands.map((one) => one.q[MEDIAN])];
  const known = middle.filter((value) => value !== null);
  if (!known.length) return [0, 1];
  const low = Math.min(...known), high = Math.max(...known);
  const room = high - low || Math.abs(high) / 10 || 1;
  const ends = bands.flatMap(({q}) => q[LOW90] === null ? [] : [q[LOW90], q[HIGH90]]);
  const least = Math.max(low - room, Math.min(low, ...ends));
  const most = Math.min(high + room, Math.max(high, ...ends));
  const margin = (most - least) / 25 || room / 2;
  return [least - margin, most + margin];
}

function draw() {
  asked = false;
  tell();
  if (!paused) picture = {rows, coming};
  const {rows: all, coming: next} = picture;
  if (!all.length) return;
  const {width, height} = svg.getBoundingClientRect();
  const last = all.at(-1).row, nearest = about.horizons[0];
  const end = last + Math.min(about.horizons.at(-1), Math.floor(span / 2));
  const start = Math.max(last - span + 1, Math.min(all[0].row, last - 29));
  const seen = all.filter((one) => one.row >= start);
  const x = (row) => (LEFT + (width - LEFT - RIGHT) * (row - start) / (end - start)).toFixed(1);
  // each forecast stands at the row that it is of
  const bands = all.map(({row, q}) => ({row: row + nearest, q}))
    .filter(({row}) => row >= start && row <= end);
  const fan = next.filter((one) => one.row <= end && one.q[MEDIAN] !== null);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const room = height - 3 * TITLE - 36, tops = [TITLE, 2 * TITLE + 0.56 * room, 3 * TITLE + 0.8 * room];

  // rows and times below all
  const lines = ticks(start, end, Math.max(2, (width - LEFT) / 150)).filter(Number.isInteger);
  const times = new Map([...all, ...next].map((one) => [one.row, one]));
  let day = "";
  for (const row of lines) {
    put("line", {class: "grid", x1: x(row), x2: x(row), y1: TITLE, y2: height - 36});
    const one = times.get(row);
    if (!one) continue;
    const [date, clock] = when(one).split(/[ T](?=\d\d:)/);
    const words = clock && date === day ? clock : when(one);
    day = date;
    const near = Math.min(width - RIGHT - words.length * 3.3, Math.max(words.length * 3.3, Number(x(row))));
    put("text", {x: near, y: height - 21, "text-anchor": "middle"}, words);
  }
  put("text", {x: width - RIGHT, y: height - 4, "text-anchor": "end"}, names[1] || "row number");

  const [low, high] = heights(seen, [...bands, ...fan]);
  let y = panel(tops[0], 0.56 * room, [low, high], ticks(low, high, 6), `${names[0]}, observed and forecast`.slice(0, width / 7), width);
  const strip = (list, a, b) => list.map(({row, q}) => [row, q[a], q[b]]);
  for (const [look, a, b] of [["most", LOW90, HIGH90], ["half", LOW50, HIGH50]]) {
    band([...stretches(strip(bands, a, b)), strip(fan, a, b)].filter((part) => part.length), x, y, look);
  }
  curve(bands.map(({row, q}) => [row, q[MEDIAN]]), x, y, "median");
  if (fan.length) put("path", {class: "median coming", d: "M" + fan.map(({row, q}) => `${x(row)} ${y(q[MEDIAN])}`).join("L")});
  const observed = seen.filter((one) => one.y !== null);
  curve(seen.map((one) => [one.row, one.y]), x, y, "observed");
  if (span <= 300) put("path", {class: "dots", d: observed.map((one) => `M${x(one.row)} ${y(one.y)}h0`).join("")});
  const raised = seen.filter((one) => one.alarm);
  for (const one of raised) {
    put("path", {class: "mark", d: `M${x(one.row)} ${Math.max(tops[0] + 9, y(one.y) - 6)}l-6 -10h12z`});
  }
  put("line", {class: "now", x1: x(last), x2: x(last), y1: TITLE, y2: height - 36});

  const surprises = observed.filter((one) => one.surprise !== null);
  const most = Math.max(3, ...surprises.map((one) => one.surprise)) * 1.05;
  const least = Math.min(0, ...surprises.map((one) => one.surprise)) * 1.05;
  y = panel(tops[1], 0.24 * room, [least, most], ticks(least, most, 3), "surprise, nats", width);
  const stem = (one) => `M${x(one.row)} ${y(0)}V${y(one.surprise)}`;
  put("path", {class: "stems", d: surprises.map(stem).join("")});
  put("path", {class: "alarm", d: raised.map(stem).join("")});
  if (about.alert?.[0] === "nats" && about.alert[1] < most) {
    const at = y(about.alert[1]);
    put("line", {class: "limit", x1: LEFT, x2: width - RIGHT, y1: at, y2: at});
  }

  const rates = seen.map((one) => [one.row, one.rate > 0 ? one.rate : null]);
  const slowest = Math.min(0.1, ...rates.map(([, rate]) => rate ?? 1));
  const decades = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5].filter((rate) => rate > slowest / 10);
  y = panel(tops[2], 0.2 * room, [Math.min(...decades), 1], decades, "learning rate, weight of the newest row", width, true);
  curve(rates, x, y, "rate");
  point(start, end, width, x, height);
  const latest = seen.at(-1);
  svg.setAttribute("aria-label", `${names[0]}: ${when(latest)}, observed ${number(latest.y)}; then ${range(next[0].q)} with 90 %`);
}

/** The numbers of the row that is pointed at. */
function point(start, end, width, x, height) {
  if (pointer === null) return;
  const row = Math.round(start + (end - start) * (pointer - LEFT) / (width - LEFT - RIGHT));
  const one = picture.rows.find((each) => each.row === row);
  const before = picture.rows.find((each) => each.row === row - about.horizons[0]) ?? picture.coming.find((each) => each.row === row);
  if (!one && !before) return;
  put("line", {class: "hair", x1: x(row), x2: x(row), y1: TITLE, y2: height - 36});
  const forecast = before ? `forecast ${number(before.q[MEDIAN])} (90 %: ${range(before.q)})` : "no forecast";
  say("pointed", !one ? `To come: ${forecast}` : `${when(one)}: observed ${number(one.y)}, ${forecast}, surprise ${number(one.surprise)} nats, rate ${number(one.rate)}`);
}
