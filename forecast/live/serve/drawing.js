"use strict";
// What page.js has heard, as three panels over the same rows.

const LOW90 = 0, LOW50 = 1, MEDIAN = 2, HIGH50 = 3, HIGH90 = 4;  // of the quantiles of a row
const RIGHT = 14, TITLE = 30, BELOW = 36;  // pixels
const DECADES = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5];
const svg = document.getElementById("plot");

function put(name, attributes, words = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = words;
  svg.append(made);
}

// ---- axes -----------------------------------------------------------------------------------

function ticks(low, high, most) {
  const rough = (high - low) / most, ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * [1, 2, 5, 10].find((times) => ten * times >= rough * 0.999), found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found;
}

/** Values of an axis, with as many digits as tell them apart. */
function marked(marks) {
  const gaps = marks.slice(1).map((value, k) => Math.abs(value - marks[k]));
  const step = gaps.length ? Math.min(...gaps) : 1, most = Math.max(...marks.map(Math.abs));
  if (most >= 1e9 || (most && most < 1e-4)) {
    const figures = Math.min(8, Math.max(0, Math.ceil(Math.log10(most / step))));
    return marks.map((value) => value.toExponential(figures));
  }
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const format = new Intl.NumberFormat("en", {maximumFractionDigits: decimals});
  return marks.map((value) => format.format(Math.abs(value) < step / 1e6 ? 0 : value));
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

/** Grid, axis and title of a panel; gives back where a value stands in it. */
function panel(view, [top, height], [low, high], marks, title, at = (value) => value) {
  const place = (value) => top + height * (1 - (at(value) - at(low)) / (at(high) - at(low)));
  const y = (value) => Math.min(top + height, Math.max(top, place(value))).toFixed(1);
  const across = {x1: view.left, x2: view.width - RIGHT};
  for (const [k, words] of marked(marks).entries()) {
    put("line", {class: "grid", ...across, y1: y(marks[k]), y2: y(marks[k])});
    put("text", {x: view.left - 8, y: Number(y(marks[k])) + 4, "text-anchor": "end"}, words);
  }
  put("line", {class: "axis", ...across, y1: top + height, y2: top + height});
  put("text", {class: "title", x: 0, y: top - 11}, title);
  return y;
}

/** Lines at some rows, and below them their times. */
function timeAxis(view) {
  const {width, height, left, start, end, x} = view;
  const times = new Map([...picture.rows, ...picture.coming].map((one) => [one.row, one]));
  let day = "", taken = -Infinity;
  for (const row of ticks(start, end, Math.max(2, (width - left) / 150))) {
    if (!times.has(row)) continue;  // skipped, or none yet
    upright(view, "grid", row);
    const [date, clock] = when(times.get(row)).split(/[ T](?=\d\d:)/);
    const words = clock && date === day ? clock : when(times.get(row)), half = 3.3 * words.length;
    const near = Math.min(width - RIGHT - half, Math.max(half, Number(x(row))));
    if (near - half < taken) continue;
    [taken, day] = [near + half + 10, date];
    put("text", {x: near, y: height - 21, "text-anchor": "middle"}, words);
  }
  put("text", {x: width - RIGHT, y: height - 4, "text-anchor": "end"}, names[1] || "row number");
}

function upright({height, x}, look, row) {
  put("line", {class: look, x1: x(row), x2: x(row), y1: TITLE, y2: height - BELOW});
}

// ---- what stands between them ---------------------------------------------------------------

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

function curve(parts, x, y, look) {
  const d = parts.map((part) => "M" + part.map(([row, value]) => `${x(row)} ${y(value)}`).join("L"));
  put("path", {class: look, d: d.join("")});
}

function band(parts, x, y, look) {
  const d = parts.map((part) => "M" + [
    ...part.map(([row, , high]) => `${x(row)} ${y(high)}`),
    ...part.toReversed().map(([row, low]) => `${x(row)} ${y(low)}`)].join("L") + "Z");
  put("path", {class: look, d: d.join("")});
}

function forecasts(view, place, range, marks) {
  const {x, seen, bands, fan} = view;
  const room = Math.floor(view.width / 8) - 24, name = names[0];
  const title = name.length > room ? `${name.slice(0, room - 1)}…` : name;
  const y = panel(view, place, range, marks, `${title}, observed and forecast`);
  const strip = (list, ...ends) => list.map(({row, q}) => [row, ...ends.map((end) => q[end])]);
  for (const [look, ...ends] of [["most", LOW90, HIGH90], ["half", LOW50, HIGH50]]) {
    band(stretches(strip(bands, ...ends)), x, y, look);
    if (fan.length > 1) band([strip(fan, ...ends)], x, y, look);
  }
  curve(stretches(strip(bands, MEDIAN)), x, y, "median");
  if (fan.length > 1) curve([strip(fan, MEDIAN)], x, y, "median coming");
  curve(stretches(seen.map((one) => [one.row, one.y])), x, y, "observed");
  const known = seen.filter((one) => one.y !== null);
  const dots = known.map((one) => `M${x(one.row)} ${y(one.y)}h0`);
  put("path", {class: span > 300 ? "dots small" : "dots", d: dots.join("")});
  for (const one of known.filter((one) => one.alarm)) {
    const tip = Math.max(place[0] + 9, y(one.y) - 6);
    put("path", {class: "mark", d: `M${x(one.row)} ${tip}l-6 -10h12z`});
  }
}

function surprises(view, place) {
  const known = view.seen.filter((one) => one.surprise !== null);
  const most = Math.max(3, ...known.map((one) => one.surprise)) * 1.05;
  const least = Math.min(0, ...known.map((one) => one.surprise)) * 1.05;
  const y = panel(view, place, [least, most], ticks(least, most, 3), "surprise, nats");
  const stems = (list) => list.map((one) => `M${view.x(one.row)} ${y(0)}V${y(one.surprise)}`).join("");
  put("path", {class: "stems", d: stems(known)});
  put("path", {class: "alarm", d: stems(known.filter((one) => one.alarm))});
  const [how, limit] = about.alert ?? [];
  if (how !== "nats" || limit > most) return;
  put("line", {class: "limit", x1: view.left, x2: view.width - RIGHT, y1: y(limit), y2: y(limit)});
}

function rates(view, place) {
  const known = view.seen.map((one) => [one.row, one.rate > 0 ? one.rate : null]);
  const slowest = Math.min(0.1, ...known.map(([, rate]) => rate ?? 1));
  const marks = DECADES.filter((rate) => rate > slowest / 10);
  const title = "learning rate, weight of the newest row";
  const y = panel(view, place, [marks.at(-1), 1], marks, title, Math.log);
  curve(stretches(known), view.x, y, "rate");
}

/** The numbers of the row that is pointed at. */
function point(view) {
  const share = (pointer - view.left) / (view.width - view.left - RIGHT);
  const row = Math.round(view.start + (view.end - view.start) * share);
  const one = view.seen.find((each) => each.row === row);
  const told = view.bands.find((each) => each.row === row) ?? view.fan.find((each) => each.row === row);
  if (pointer === null || !(one || told)) return;
  upright(view, "hair", row);
  const median = told && number(told.q[MEDIAN]);
  const forecast = told ? `forecast ${median} (90 %: ${range(told.q)})` : "no forecast";
  say("pointed", one ? `${when(one)}: observed ${number(one.y)}, ${forecast}, surprise `
    + `${number(one.surprise, short)} nats, rate ${number(one.rate, short)}` : `to come: ${forecast}`);
}

function draw() {
  asked = false;
  tell();
  if (!paused) picture = {rows, coming};
  if (!picture.rows.length) return;
  const {width, height} = svg.getBoundingClientRect(), nearest = about.horizons[0];
  const last = picture.rows.at(-1).row;
  const start = Math.max(last - span + 1, picture.rows[0].row);
  const further = Math.min(about.horizons.at(-1), Math.floor(span / 2));
  const end = Math.max(last + further, start + 29);  // few rows leave room for those to come
  const seen = picture.rows.filter((one) => one.row >= start);
  // each forecast stands at the row that it is of
  const bands = picture.rows.map(({row, q}) => ({row: row + nearest, q}))
    .filter(({row}) => row >= start && row <= end);
  const fan = picture.coming.filter((one) => one.row <= end && one.q[MEDIAN] !== null);
  const tall = heights(seen, [...bands, ...fan]), marks = ticks(...tall, 8);
  const left = 14 + 7 * Math.max(4, ...marked(marks).map((words) => words.length));
  const x = (row) => (left + (width - left - RIGHT) * (row - start) / (end - start)).toFixed(1);
  const view = {width, height, left, start, end, x, seen, bands, fan};

  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const room = height - 3 * TITLE - BELOW;
  timeAxis(view);
  forecasts(view, [TITLE, 0.56 * room], tall, marks);
  surprises(view, [2 * TITLE + 0.56 * room, 0.24 * room]);
  rates(view, [3 * TITLE + 0.8 * room, 0.2 * room]);
  upright(view, "now", last);
  point(view);
  const now = `${when(seen.at(-1))}, observed ${number(seen.at(-1).y)}`;
  svg.setAttribute("aria-label", `${names[0]}: ${now}; then ${range(picture.coming[0].q)} with 90 %`);
}
