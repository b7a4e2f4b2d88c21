const KEPT = 1500, AGAIN = 5000;  // rows; milliseconds until a broken connection is tried anew
const byId = (name) => document.getElementById(name);
const say = (name, words) => { byId(name).textContent = words; };

let about = {source: "", horizons: [1], alert: null}, names = ["", ""];
let rows = [], alarms = [], coming = [], counts = null, skipped = 0;
let state = "connecting", heard = 0, arrivals = [];  // [when, rows by then]
let span = 300, paused = false, pointer = null, asked = false;
let picture = {rows: [], coming: []};  // what is drawn: the latest, or what was when it was paused

// ---- what is heard --------------------------------------------------------------------------

const ofRow = ([row, time, y, surprise, rate, tail, alarm, ...q]) =>
  ({row, time, y, surprise, rate, tail, alarm, q});
const ofComing = ([row, time, ...q]) => ({row, time, q});

function listen() {
  const source = new EventSource("events");
  const over = (how) => { source.close(); turn(how); setTimeout(listen, AGAIN); };
  source.addEventListener("hello", (event) => {
    about = JSON.parse(event.data);
    if (about.anew) forget();
    alarms = about.alarms.map(ofRow);
    turn("live");
  });
  source.addEventListener("message", (event) => {
    const said = JSON.parse(event.data), fresh = said.rows.map(ofRow);
    rows = rows.concat(fresh).slice(-KEPT);
    alarms = alarms.concat(fresh.filter((one) => one.alarm && one.row > (alarms.at(-1)?.row ?? -1)));
    alarms = alarms.slice(-20);
    coming = said.coming.map(ofComing);
    [counts, names] = [said.counts, said.names];
    skipped += said.skipped;
    heard = Date.now();
    arrivals = [...arrivals, [heard, counts[0]]].slice(-60);
    turn("live");
  });
  source.addEventListener("end", () => over("ended"));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) over("gone"); else turn("gone");
  });
}

/** Another run, or this one after so long that nothing is left of what was heard. */
function forget() {
  [rows, coming, arrivals, counts, skipped, names] = [[], [], [], null, 0, ["", ""]];
  for (const name of ["observed", "next", "rows", "alarms", "held50", "held90"]) say(name, "–");
  for (const name of ["observed-at", "next-range", "pace", "alarm-share"]) say(name, "");
  say("pointed", "Point at a row to read its numbers.");
  for (const name of ["bar50", "bar90"]) byId(name).style.width = 0;
  byId("alarm-list").hidden = true;
  svg.replaceChildren();
}

function turn(how) {
  if (!(state === "ended" && how === "gone")) state = how;  // nobody answers: it is still over
  if (!asked) requestAnimationFrame(draw);
  asked = true;
}

// ---- numbers in words -----------------------------------------------------------------------

const whole = new Intl.NumberFormat("en");
const digits = new Intl.NumberFormat("en", {maximumSignificantDigits: 5});
const short = new Intl.NumberFormat("en", {maximumSignificantDigits: 4});
function number(value, format = digits) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return size && (size < 1e-4 || size >= 1e9) ? value.toExponential(2) : format.format(value);
}
const likely = ({tail}) => tail === null ? "–" : `1 in ${whole.format((1 / tail).toPrecision(2))}`;
const percent = (part, all) => all ? `${(100 * part / all).toFixed(1)} %` : "–";
const range = (q) => `${number(q[LOW90], short)} to ${number(q[HIGH90], short)}`;
const moment = (time) => time.replace(/(\d\d:\d\d):00(\.0+)?$/, "$1");
const when = (one) => names[1] ? moment(one.time ?? `row ${one.row}`) : `row ${whole.format(one.row)}`;
const ahead = (h) => h === 1 ? "1 row ahead" : `${whole.format(h)} rows ahead`;

function pace() {
  const recent = arrivals.filter(([at]) => at > heard - 5000);
  const [first, last] = [recent[0], recent.at(-1)];
  if (!first || last[0] - first[0] < 500) return "";
  return `${number(Number((1000 * (last[1] - first[1]) / (last[0] - first[0])).toPrecision(2)))} a second`;
}

function tell() {
  const quiet = Math.round((Date.now() - heard) / 1000), nearest = about.horizons[0];
  const words = {live: rows.length ? "live" : "waiting for the first row", ended: "the run has ended",
    gone: "no connection; tried again", connecting: "connecting"}[state];
  byId("state").dataset.state = state;
  if (byId("state").textContent !== words) say("state", words);  // it is read aloud
  say("quiet", state === "live" && rows.length && quiet > 4 ? `· no row for ${whole.format(quiet)} s` : "");
  say("source", about.source);
  say("skipped", skipped ? `· ${whole.format(skipped)} rows skipped, which this page was not told in time` : "");
  const target = names[0] || "a live run";
  say("target", target);
  const raised = counts?.[4] ? `▲ ${counts[4]} · ` : "";
  document.title = `${raised}${target} · ${state === "gone" ? "no connection" : words} · forecast`;
  byId("key-coming").hidden = about.horizons.length < 2;
  say("key-median", `median, forecast ${ahead(nearest)}`);
  const [how, limit] = about.alert ?? [];
  say("alert", !how ? "No alarms were asked for (--alert)." : how === "nats"
    ? `An alarm is raised at surprises above ${number(limit)} nats.`
    : `An alarm is raised at surprises so rare that a share ${number(limit)} of all rows is.`);
  if (!counts || !rows.length) return;
  const last = rows.at(-1), next = coming[0], [n, answered, in50, in90, raisedNow] = counts;
  say("observed", last.y === null ? "missing" : number(last.y));
  say("observed-at", when(last));
  say("next-name", `forecast ${ahead(nearest)}`);
  say("next", number(next.q[MEDIAN]));
  say("next-range", next.q[MEDIAN] === null ? "" : `90 %: ${range(next.q)}`);
  say("rows", whole.format(n));
  say("pace", state === "live" ? pace() : "");
  say("alarms", how ? whole.format(raisedNow) : "–");
  say("alarm-share", how ? `${percent(raisedNow, answered)} of rows` : "none were asked for");
  say("held", `intervals that held, of ${whole.format(answered)} forecasts`);
  for (const [name, held] of [["50", in50], ["90", in90]]) {
    say(`held${name}`, percent(held, answered));
    byId(`bar${name}`).style.width = answered ? `${100 * held / answered}%` : 0;
  }
  byId("alarm-list").hidden = !alarms.length;
  byId("alarm-rows").replaceChildren(...alarms.toReversed().map((one) => {
    const line = document.createElement("tr");
    for (const words of [when(one), number(one.y), number(one.surprise, short), likely(one)]) {
      line.append(Object.assign(document.createElement("td"), {textContent: words}));
    }
    return line;
  }));
}

// ---- what the viewer does -------------------------------------------------------------------

byId("pause").addEventListener("click", (event) => {
  paused = !paused;
  event.target.textContent = paused ? "Go on" : "Pause";
  event.target.setAttribute("aria-pressed", paused);
  draw();
});
for (const button of document.querySelectorAll(".span")) {
  button.addEventListener("click", () => {
    span = Number(button.dataset.rows);
    for (const other of document.querySelectorAll(".span")) {
      other.setAttribute("aria-pressed", other === button);
    }
    draw();
  });
}
svg.addEventListener("pointermove", (event) => {
  pointer = event.clientX - svg.getBoundingClientRect().left;
  draw();
});
svg.addEventListener("pointerleave", () => { pointer = null; draw(); });
new ResizeObserver(draw).observe(svg);
setInterval(tell, 1000);
listen();
