--- A page in one file: style and script are inside, and nothing is loaded from elsewhere.
local html = require "neap.report.html"

local page = {}

-- Colours of figures are those of neap/plot/color.lua, lighter on a dark page; see neap/plot/svg.lua.
local STYLE = [[
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1d21; --soft: #5f6570; --line: #d8dbe0; --card: #f5f6f8;
  --blue: #1f5fb4; --red: #c8342c; --green: #2e8b57; --orange: #e08a1e; --purple: #7b4fa3; --gray: #808080; }
@media (prefers-color-scheme: dark) { :root { --paper: #15171b; --ink: #e6e8eb; --soft: #9aa1ac; --line: #363b44; --card: #1e2127;
  --blue: #6ea8ef; --red: #f0827a; --green: #6cc495; --orange: #f0b262; --purple: #b893dd; --gray: #a0a0a0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0.5rem 0 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
.soft, figcaption, output { color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts li { background: var(--card); border-radius: 6px; padding: 0.35rem 0.75rem; }
.facts b { display: block; font-size: 0.8rem; font-weight: normal; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
td { min-width: 4rem; }
pre { background: var(--card); border-radius: 6px; padding: 0.75rem; overflow-x: auto; font-size: 0.85rem; line-height: 1.4; }
details { margin: 0.75rem 0; }
summary { cursor: pointer; }
figure { margin: 0; }
img, svg { max-width: 100%; height: auto; }
.charts, .grids { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.charts svg { width: 100%; }
.history img { display: block; image-rendering: pixelated; }
.live figcaption { display: none; }
.controls { display: flex; gap: 0.75rem; align-items: center; max-width: 36rem; }
.controls[hidden] { display: none; }
.controls input { flex: 1; min-width: 6rem; accent-color: var(--blue); }
.controls button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 0.15rem 0.75rem; }
]]

-- The slider shows one picture of a history; without scripts all are shown, one below another.
local SCRIPT = [[
for (const history of document.querySelectorAll(".history")) {
  const pictures = [...history.querySelectorAll("figure")], controls = history.querySelector(".controls");
  if (!controls || pictures.length < 2) continue;
  const [slider, output, button] = ["input", "output", "button"].map(name => controls.querySelector(name));
  let timer = null;
  const show = () => {
    pictures.forEach((picture, i) => { picture.hidden = i !== +slider.value; });
    output.textContent = pictures[+slider.value].querySelector("figcaption").textContent;
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  const next = () => {
    if (+slider.value + 1 === pictures.length) { stop(); return; }
    slider.value = +slider.value + 1; show();
  };
  slider.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => {
    if (timer !== null) { stop(); return; }
    if (+slider.value === pictures.length - 1) { slider.value = 0; show(); }
    button.textContent = "Stop"; timer = setInterval(next, 400);
  });
  history.classList.add("live"); controls.hidden = false; show();
}
]]

local POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

--- The text of a page. `sections` are { title = text, body = HTML }; those without a body are left out. `head` is HTML above
-- them.
function page.render(title, head, sections)
  local parts = {
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    ('<meta http-equiv="Content-Security-Policy" content="%s">'):format(POLICY),
    ("<title>%s</title>"):format(html.escape(title)), "<style>\n" .. STYLE .. "</style>\n</head>\n<body>",
    ("<h1>%s</h1>"):format(html.escape(title)), head,
  }
  for _, section in ipairs(sections) do
    if section.body then
      parts[#parts + 1] = ("<section>\n<h2>%s</h2>\n%s\n</section>"):format(html.escape(section.title), section.body)
    end
  end
  parts[#parts + 1] = "<script>\n" .. SCRIPT .. "</script>\n</body>\n</html>\n"
  return table.concat(parts, "\n")
end

--- Facts in short, { { name, text }, ... }.
function page.facts(list)
  local parts = {}
  for i, fact in ipairs(list) do
    parts[i] = ("<li><b>%s</b>%s</li>"):format(html.escape(fact[1]), html.escape(fact[2]))
  end
  return '<ul class="facts">\n' .. table.concat(parts, "\n") .. "\n</ul>"
end

return page
