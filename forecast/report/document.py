"""A whole page: its contents list, how it looks in light, dark and print, and what it may do.

It may do one thing: put the rows of a table into another order. The policy allows that script by
its hash and forbids everything else; without it the page lacks nothing but the buttons.
"""

import base64
import hashlib
from collections.abc import Sequence

from forecast.report.drawing import PALETTE
from forecast.report.html import Section, text

LIGHT = "".join(f"--{name}:{light};" for name, (light, _) in PALETTE.items())
DARK = "".join(f"--{name}:{dark};" for name, (_, dark) in PALETTE.items())
# vermillion, dark enough to be read as text on white
LIGHT += "--warn:#b04a00;--paper:#fff;--raised:#f6f6f4;"
DARK += "--warn:#f58a3c;--paper:#16171a;--raised:#1f2125;"
# grounds for what surprised little to much: of one hue, and ink can be read on each
LIGHT += "--took1:#fbeee3;--took2:#f6d6bb;--took3:#efb788;--took4:#e59253;"
DARK += "--took1:#2d251f;--took2:#493423;--took3:#694426;--took4:#8c5629;"
STYLE = f"""
:root{{color-scheme:light dark;{LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}
@media print{{:root{{color-scheme:light;{LIGHT}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}}
main{{max-width:60rem;margin:0 auto;padding:3.5rem 1.5rem 5rem}}
h1{{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .35rem;overflow-wrap:anywhere}}
h2{{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:4rem 0 .75rem}}
h3{{font-size:1.05rem;line-height:1.4;margin:2.25rem 0 .5rem}}
p{{margin:.5rem 0;max-width:46rem;overflow-wrap:anywhere}}
section{{scroll-margin-top:-2rem}}
.under{{color:var(--muted);margin:0}}
.verdict{{font-size:1.2rem;line-height:1.55;margin:2rem 0 1.75rem;padding-left:1.1rem;
border-left:4px solid var(--blue);max-width:52rem}}
nav{{font-size:.9rem;margin:1.75rem 0 0;border-top:1px solid var(--line);padding-top:.9rem}}
nav ul{{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem 1.4rem}}
a{{color:var(--blue);text-decoration:none;display:inline-block;padding:.12rem 0}}
a:hover,a:focus-visible{{text-decoration:underline}}
.wide{{overflow-x:auto;margin:1rem 0;position:relative}}
table{{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}}
th,td{{padding:.42rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;
vertical-align:baseline}}
th{{font-weight:400}}
thead th{{color:var(--muted);font-weight:500;white-space:normal;line-height:1.35;
border-bottom:1.5px solid var(--muted);vertical-align:bottom}}
th:first-child,td:first-child,.left{{text-align:left}}
th:first-child,td:first-child{{padding-left:0}}
thead button{{all:unset;cursor:pointer;white-space:inherit}}
thead button:hover{{color:var(--ink)}}
thead button:focus-visible{{outline:2px solid var(--blue);outline-offset:2px}}
thead button::after{{content:"↕";display:inline-block;width:.7em;margin-left:.15em;opacity:.6}}
[aria-sort=ascending] button::after{{content:"↑";opacity:1;color:var(--blue)}}
[aria-sort=descending] button::after{{content:"↓";opacity:1;color:var(--blue)}}
td.words{{white-space:normal;text-align:left;color:var(--muted);min-width:16rem;font-size:.85rem}}
td.any{{white-space:normal;text-align:left;overflow-wrap:anywhere;min-width:14rem}}
.better{{color:var(--blue);font-weight:600}}
.worse{{color:var(--warn);font-weight:600}}
td span{{display:block}}
td.bar{{width:65%}}
td.bar span{{height:.6rem;background:var(--blue)}}
small{{color:var(--muted);font-weight:400}}
figure{{margin:1rem 0 2rem}}
figure svg{{display:block;width:100%;min-width:38rem;height:auto}}
figure svg text{{font-family:inherit!important;font-variant-numeric:tabular-nums}}
.passage{{white-space:pre-wrap;font-size:1.02rem;line-height:1.95;margin:.5rem 0 1.25rem;
padding:.1rem 0 .1rem 1rem;border-left:3px solid var(--line);max-width:52rem;
-webkit-print-color-adjust:exact;print-color-adjust:exact}}
.passage span,.key span{{text-underline-offset:.28em;text-decoration-color:var(--warn);
text-decoration-skip-ink:none;border-radius:2px;padding:.1em 0}}
.passage .before,.drawn{{color:var(--muted)}}
.took1{{background:var(--took1);text-decoration:underline dotted 1.5px}}
.took2{{background:var(--took2);text-decoration:underline 1px}}
.took3{{background:var(--took3);text-decoration:underline 2.5px}}
.took4{{background:var(--took4);text-decoration:underline 4px;font-weight:600}}
.key span{{display:inline-block;margin-right:.8em;padding:0 .35em;line-height:1.6}}
.key{{border:0;padding:0;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
.reading{{color:var(--muted);font-size:.92rem;max-width:46rem}}
.reading b{{color:var(--ink);font-weight:600}}
details{{margin:.75rem 0}}
summary{{cursor:pointer;color:var(--blue);font-size:.95rem}}
dl{{font-size:.9rem;columns:2 24rem;column-gap:3rem;color:var(--muted)}}
dt{{color:var(--ink);font-weight:600;break-after:avoid}}
dd{{margin:0 0 .5rem}}
@media screen and (min-width:88rem){{
nav{{position:fixed;top:3.5rem;right:calc(50% + 31rem);width:11.5rem;margin:0;border:0;padding:0;
max-height:calc(100vh - 5rem);overflow-y:auto}}
nav ul{{display:block}}
}}
@media print{{body{{font-size:10pt}}main{{max-width:none;padding:0}}h2{{margin-top:1.6rem;
break-after:avoid}}section,tr{{break-inside:avoid}}.wide,figure{{overflow:visible}}
nav,thead button::after{{display:none}}}}
"""
SCRIPT = """
const next = {none: "ascending", ascending: "descending", descending: "none"};

function key(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function order(a, b, sign) {
  if (a === b) return 0;
  const empty = (one) => one === "" || one === "–";
  if (empty(a) || empty(b)) return empty(a) - empty(b);  // last, whichever way
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), undefined, {numeric: true});
}

for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0], asWritten = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement("button");
    button.type = "button";
    button.title = "sort by this column";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const way = next[head.getAttribute("aria-sort") ?? "none"];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (way !== "none") head.setAttribute("aria-sort", way);
      const sign = {none: 0, ascending: 1, descending: -1}[way];
      const rows = [...asWritten];
      if (sign) rows.sort((a, b) => order(key(a, column), key(b, column), sign));
      body.append(...rows);
    });
  });
}
"""
HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    f"script-src 'sha256-{HASH}'; base-uri 'none'; form-action 'none'"
)


def document(
    title: str, head: Sequence[str], sections: Sequence[Section], what: str = "Forecast of"
) -> str:
    """A whole page under the title of what was forecast.

    Parameters
    ----------
    title : str
    head : sequence of str
        What stands above all, as HTML.
    sections : sequence of Section
        Those that hold nothing are left out.
    what : str
        What the page is of its title.
    """
    held = [section for section in sections if section.content]
    body = [f"<h1>{text(title)}</h1>", *head, contents(held), *(shown(one) for one in held)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{what} {text(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(body)}\n</main><script>{SCRIPT}</script></body></html>\n"
    )


def contents(sections: Sequence[Section]) -> str:
    """Links to the sections."""
    links = (f'<li><a href="#{one.name}">{text(one.title)}</a></li>' for one in sections)
    return f'<nav aria-label="Contents"><ul>{"".join(links)}</ul></nav>'


def shown(section: Section) -> str:
    """A section under its heading."""
    name, title, content = section
    return f'<section id="{name}"><h2>{text(title)}</h2>\n{content}</section>'
