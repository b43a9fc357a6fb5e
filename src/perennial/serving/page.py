"""The page to try it: one file, nothing from elsewhere, and the key stays in the form."""

import base64
import hashlib

STYLE = """
:root{--paper:#fbfaf6;--card:#fff;--ink:#20261f;--soft:#5d665c;--rule:#e2e0d6;--accent:#1d6b4f;--bar:#6f9c85;
--second:#a4591b;--bad:#a3321f;--serif:"Iowan Old Style","Palatino Linotype",Palatino,P052,Georgia,serif}
@media (prefers-color-scheme:dark){:root{--paper:#151917;--card:#1c211e;--ink:#e6e8e1;--soft:#a0a99f;--rule:#323a35;
--accent:#7cc7a3;--bar:#5d8a74;--second:#e3a063;--bad:#f0937c;color-scheme:dark}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;max-width:74rem;margin:0 auto;padding:2rem 1.25rem 4rem;color:var(--ink);
background:var(--paper);overflow-wrap:anywhere}
h1{font:500 clamp(1.8rem,1.3rem + 2vw,2.6rem)/1.2 var(--serif);margin:0}
h2{font-size:.9375rem;margin:0 0 .6rem}
p{margin:.6rem 0}
.soft,label{color:var(--soft);font-size:.875rem}
a{color:inherit;text-underline-offset:.2em}
main{display:grid;gap:2rem;margin-top:1.6rem}
main>*{min-width:0}
@media (min-width:60rem){main{grid-template-columns:1fr 1fr}}
input,textarea,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--rule);border-radius:6px}
input{display:block;width:100%;padding:.4rem .6rem}
textarea{width:100%;height:26rem;padding:.6rem;font:13px/1.45 ui-monospace,monospace;resize:vertical}
button{padding:.45rem 1.1rem;margin:0 .5rem .5rem 0;cursor:pointer}
button.first{background:var(--accent);border-color:var(--accent);color:var(--paper)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:1rem 1.15rem;margin:0 0 1rem}
.value{font-size:1.75rem;line-height:1.3;font-variant-numeric:tabular-nums}
.bad{color:var(--bad)}
.part{display:grid;grid-template-columns:minmax(0,4fr) minmax(3rem,4fr) 4.2rem;
gap:.6rem;align-items:center;font-size:.8125rem}
.part b{font-weight:400;text-align:right;font-variant-numeric:tabular-nums}
.part svg{width:100%;height:.7rem;display:block}
#drawn{display:none}
.up{fill:var(--second)}
.down{fill:var(--bar)}
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.8rem;overflow:auto;font-size:13px}
summary{cursor:pointer}
"""
SCRIPT = """
const find = (id) => document.getElementById(id);
const make = (kind, text, look) => {
  const found = document.createElement(kind);
  found.textContent = text || "";
  if (look) found.className = look;
  return found;
};
const short = (value) => typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
const headers = () => {
  const found = {"Content-Type": "application/json"};
  if (find("key").value) found.Authorization = "Bearer " + find("key").value;
  return found;
};
async function load() {
  const answer = await fetch("schema", {headers: headers()});
  const body = await answer.json();
  if (!answer.ok) { tell(answer.status, body); return; }
  find("version").textContent = body.model.version;
  find("rows").value = JSON.stringify(body.example, null, 2);
  const asked = {keys: [{[body.key]: "…"}]};
  find("hint").textContent = body.key ? "Or by key, from the feature table: " + JSON.stringify(asked) : "";
}
async function ask(route) {
  find("state").textContent = "asking …";
  const began = performance.now();
  try {
    const answer = await fetch(route, {method: "POST", headers: headers(), body: find("rows").value});
    tell(answer.status, await answer.json(), Math.round(performance.now() - began));
  } catch (error) { tell(0, {title: "no answer", detail: String(error)}); }
}
function tell(status, body, took) {
  const told = (body.predictions || []).slice(0, 20).map((one, place) => draw(one, place + 1));
  find("shown").replaceChildren(...(body.predictions ? told : [complain(body)]));
  find("state").textContent = (status ? "HTTP " + status : "") + (took === undefined ? "" : ", " + took + " ms");
  find("answer").textContent = JSON.stringify(body, null, 2);
}
function complain(body) {
  const tile = make("div", "", "tile");
  tile.append(make("div", "✗ " + (body.title || "refused"), "value bad"), make("p", body.detail || ""));
  for (const one of body.problems || []) tile.append(make("p", one, "soft"));
  return tile;
}
function draw(one, row) {
  if (one.error) return complain({...one.error, title: "row " + row});
  const tile = make("div", "", "tile");
  const pick = (value) => most ? value[most] : value;
  const several = typeof one.raw === "object";
  const most = several ? Object.keys(one.raw).reduce((a, b) => one.raw[b] > one.raw[a] ? b : a) : "";
  if (one.score !== undefined) {
    const span = one.lower === undefined ? "" : ", " + short(one.lower) + " to " + short(one.upper);
    tile.append(make("div", "row " + row + ": score" + span, "soft"), make("div", short(one.score), "value"));
    tile.append(make("div", "decision: " + String(one.decision)));
  }
  if (one.raw !== undefined) {
    tile.append(make("p", "What adds to the raw score" + (most ? " of " + most : "") + ", strongest first:", "soft"));
  }
  for (const warning of one.warnings || []) tile.append(make("div", "! " + warning, "soft"));
  const shares = Object.entries(one.scores || {});
  const parts = Object.entries(one.contributions || {}).map((pair) => [pair[0], pick(pair[1])]);
  const pairs = shares.length ? shares : parts.slice(0, 12);
  const largest = Math.max(...pairs.map((pair) => Math.abs(pair[1])), 1e-12);
  for (const [name, value] of pairs) tile.append(line(name, value, value / largest, !shares.length));
  if (one.raw !== undefined) tile.append(make("p", "All inputs and the base, " + short(pick(one.base)) + ", make "
    + short(pick(one.raw)) + ".", "soft"));
  return tile;
}
function line(name, value, share, signed) {
  const [svg, bar] = ["svg", "rect"].map((kind) => document.createElementNS(find("drawn").namespaceURI, kind));
  const width = Math.abs(share) * (signed ? 50 : 100);
  const left = signed ? (share < 0 ? 50 - width : 50) : 0;
  Object.entries({x: left + "%", width: width + "%", height: "100%"}).forEach((pair) => bar.setAttribute(...pair));
  bar.setAttribute("class", share < 0 ? "down" : "up");
  svg.setAttribute("aria-hidden", "true");
  svg.append(bar);
  const found = make("div", "", "part");
  found.append(make("span", name), svg, make("b", (signed && value > 0 ? "+" : "") + short(value)));
  return found;
}
find("load").addEventListener("click", load);
find("predict").addEventListener("click", () => ask("predict"));
find("explain").addEventListener("click", () => ask("explain"));
load();
"""
PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Try the model</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body>
<h1>Try the model</h1><p class="soft">version <code id="version"></code> ·
<a href="model">model</a> · <a href="schema">schema</a> · <a href="openapi.json">OpenAPI</a></p>
<svg id="drawn"></svg><main><section>
<p><label>API key, where one is asked for <input id="key" type="password" autocomplete="off"></label></p>
<p><label for="rows">The request</label><textarea id="rows" spellcheck="false"></textarea></p>
<p id="hint" class="soft"></p>
<p><button id="predict" class="first">Predict</button><button id="explain">Explain</button>
<button id="load">Load the example</button></p>
</section><section>
<h2>The answer <span id="state" class="soft" aria-live="polite"></span></h2>
<div id="shown"></div>
<details><summary class="soft">as it was sent</summary><pre id="answer"></pre></details>
</section></main>
<script>{SCRIPT}</script></body></html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing but this very script and style runs, and it talks to nobody else."""
