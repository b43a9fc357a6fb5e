"""The page to try it: one file, nothing from elsewhere, and the key stays in the form."""

import base64
import hashlib

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
textarea{width:100%;height:22rem;font:13px/1.4 ui-monospace,monospace;box-sizing:border-box}
input{width:24rem;max-width:100%}
button{font:inherit;padding:.3rem 1rem;margin:.5rem .5rem .5rem 0}
pre{background:#f3f4f6;padding:1rem;overflow:auto}
.bar{display:flex;gap:.5rem;align-items:center;font-size:13px}
.bar span{flex:0 0 14rem;overflow:hidden;text-overflow:ellipsis}
.bar meter{flex:1}
"""
SCRIPT = """
const find = (id) => document.getElementById(id);
const headers = () => {
  const found = {"Content-Type": "application/json"};
  if (find("key").value) found.Authorization = "Bearer " + find("key").value;
  return found;
};
const show = (text) => { find("answer").textContent = text; };
async function load() {
  const answer = await fetch("schema", {headers: headers()});
  const body = await answer.json();
  if (!answer.ok) { show(JSON.stringify(body, null, 2)); return; }
  find("version").textContent = body.model.version;
  find("rows").value = JSON.stringify(body.example, null, 2);
  const asked = {keys: [{[body.key]: "…"}]};
  find("hint").textContent = body.key ? "Or by key, from the feature table: " + JSON.stringify(asked) : "";
}
async function ask(route) {
  find("bars").replaceChildren();
  try {
    const answer = await fetch(route, {method: "POST", headers: headers(), body: find("rows").value});
    const body = await answer.json();
    show(answer.status + "\\n" + JSON.stringify(body, null, 2));
    if (answer.ok && route === "explain") draw(body.predictions[0]);
  } catch (error) { show(String(error)); }
}
function draw(one) {
  const parts = Object.entries(one.contributions || {}).filter((pair) => typeof pair[1] === "number").slice(0, 12);
  const largest = Math.max(...parts.map((pair) => Math.abs(pair[1])), 1e-12);
  for (const [name, value] of parts) {
    const [line, word, bar] = ["div", "span", "meter"].map((kind) => document.createElement(kind));
    line.className = "bar";
    word.textContent = name + " " + (value > 0 ? "+" : "") + value.toFixed(3);
    bar.min = 0; bar.max = largest; bar.value = Math.abs(value);
    line.append(word, bar);
    find("bars").append(line);
  }
}
find("load").addEventListener("click", load);
find("predict").addEventListener("click", () => ask("predict"));
find("explain").addEventListener("click", () => ask("explain"));
load();
"""
PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Try the model</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body>
<h1>Try the model <code id="version"></code></h1>
<p><label>API key, where one is asked for: <input id="key" type="password" autocomplete="off"></label>
<button id="load">Load the example</button></p>
<p><label for="rows">The request:</label></p>
<textarea id="rows" spellcheck="false"></textarea>
<p id="hint"></p>
<p><button id="predict">Predict</button><button id="explain">Explain</button>
<a href="openapi.json">OpenAPI</a> <a href="schema">schema</a> <a href="model">model</a></p>
<pre id="answer" aria-live="polite"></pre><div id="bars"></div>
<script>{SCRIPT}</script></body></html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing but this very script and style runs, and it talks to nobody else."""
