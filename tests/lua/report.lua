-- Run folders, their reports, lists and comparisons, on folders that are written here: what is kept, what a page says, and that
-- no name of a file or a recipe becomes markup.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local base64 = require "neap.base64"
local check = require "check"
local columns = require "neap.cli.columns"
local compare = require "neap.report.compare"
local core = require "neap.core"
local folder = require "neap.folder"
local hash = require "neap.hash"
local html = require "neap.report.html"
local neap = require "neap"
local progress = require "neap.progress"
local repeat_line = require "neap.report.repeat_line"
local report = require "neap.report"
local run_of = require "neap.report.run"
local values = require "neap.report.values"
local test, equal, truth, raises = check.test, check.equal, check.truth, check.raises

local place = os.tmpname()
os.remove(place)
core.folder_make(place)

local NAME = "a <b> & \"c\" 'd' \xff" -- of a folder

local function write(path, text)
  core.file_save(path, text)
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- What neap.train leaves of a run of `steps` steps.
local function settings_of(more)
  local settings = {
    version = "9.9", recipe = "my <recipe> & 'co'.lua", overrides = { width = "16" }, parameters = 1234567,
    settings = {
      batch = 4, steps = 12, seed = 7, precision = "fp32", decay = "none", ema = 0, guard = {}, out = "runs/x",
      optimizer = { kind = "adamw", lr = 0.01 },
    },
    components = {
      model = { name = "mlp", version = "1", config = { hidden = 16, depth = 3, classes = 0 } },
      guidance = { name = "interval", version = "1", config = {
        low = 0.25, of = { kind = "guidance", name = "cfg", config = { w = 3.0 } },
      } },
      objective = { name = "</td><script>alert(1)</script>", version = "1", config = { key = "<i>" } },
    },
    machine = { cpu = "CPU & co", isa = "avx2", threads = 2, products = "neap" },
    plugins = {
      { name = "mlp", version = "1", origin = "built in" }, { name = "x", version = "2", origin = "/p/x.so", hash = "ab" },
    },
    sessions = { { began = "2026-01-02T03:04:05Z", step = 0, overrides = { width = "16", out = "runs/x" } } },
  }
  for key, value in pairs(more or {}) do
    settings[key] = value
  end
  return settings
end

local function make(name, more)
  local path = place .. "/" .. name
  core.folder_make(path)
  write(path .. "/settings.json", core.json_encode(settings_of(more)))
  local rows = {}
  for step = 1, 12 do
    rows[step] = core.json_encode { step = step, seconds = 1.5 * step, loss = 1 / step, ["odd <metric>"] = step, loss_t1 = 1 }
  end
  write(path .. "/metrics.jsonl", table.concat(rows, "\n") .. "\n{\"step\": 13, \"lo")
  for _, step in ipairs { 4, 8 } do
    neap.image.save(path .. "/" .. folder.preview(step), neap.full({ 2, 3, 3 }, step / 8 - 1))
  end
  neap.image.save(path .. "/samples.png", neap.full({ 2, 3, 3 }, 1))
  write(path .. "/recipe.lua", "-- </code></pre><script>x</script> & 'caf\u{e9}'\0\n")
  return path
end

-- --- Parts -----------------------------------------------------------------------------------------------------------

test("base64 (RFC 4648, section 10)", function()
  for text, code in pairs {
    [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
    ["\255\254\253"] = "//79",
  } do
    equal(base64.encode(text), code)
  end
  local bytes = {}
  for i = 0, 2047 do
    bytes[i + 1] = string.char(i * 7 % 256)
  end
  local code = base64.encode(table.concat(bytes))
  equal({ #code, code:sub(1, 8), code:find "[^%w+/=]" or "none" }, { 2732, "AAcOFRwj", "none" })
end)

test("hashes are those of FNV-1a", function()
  equal({ core.hash "", core.hash "a", core.hash "foobar" }, { "cbf29ce484222325", "af63dc4c8601ec8c", "85944171f73967e8" })
  write(place .. "/hashed", ("x"):rep(70000) .. "\0y")
  equal(hash.file(place .. "/hashed"), core.hash(("x"):rep(70000) .. "\0y"))
  equal(hash.file(place .. "/nowhere") == nil, true)
end)

test("text becomes text: markup, bytes that are no UTF-8, control characters", function()
  equal(html.escape "<a href=\"x\">'&amp;'", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;")
  equal(html.escape "caf\u{e9} \u{1f600}", "caf\u{e9} \u{1f600}")
  equal(html.escape "a\xffb\xc3", "a\u{fffd}b\u{fffd}")
  equal(html.escape "a\0b\27[0m\n", "a\u{fffd}b\u{fffd}[0m\n")
end)

test("a line of progress is shorter than the terminal", function()
  local text = "step 1234/20000  loss 0.1234  5.67 steps/s  1:23:45 left"
  for width = 1, 200 do
    local line = progress.line(0.5, text, width)
    truth(#line < width, ("%d characters in %d columns"):format(#line, width))
    truth(width < #text + 12 and line:sub(1, #line) == text:sub(1, #line) or line:find(text, 1, true), line)
  end
  equal(progress.line(0.25, "x", 80), "[######------------------] x")
  equal(progress.line(0.5, "x", 13), "[####----] x")
  equal(progress.line(0.5, "x", 12), "x")
end)

test("progress on a terminal: cut to its width, and never more often than it should be", function()
  local lines, own = {}, progress.new(100, 0, { unit = "sample" })
  local stderr = io.stderr
  io.stderr = { -- luacheck: ignore 122
    write = function(_, ...) lines[#lines + 1] = table.concat { ... } end, flush = function() end,
  }
  own.terminal, own.period = true, 0
  own:update(50, 60, 63, ("loss 1.2345 "):rep(20))
  own.period = 1e9
  own:update(51, 60, 63, "loss")
  own:say(0.5, "scoring", true)
  own:say(0.5, "scoring", false)
  own:clear()
  io.stderr = stderr -- luacheck: ignore 122
  equal(#lines, 3)
  local width = core.terminal_size(2) or 80
  truth(lines[1]:find "^\r" and #lines[1] <= width + 3, lines[1])
  truth(lines[2]:find "scoring", lines[2])
  local silent = progress.new(1, 0, { quiet = true })
  equal(silent.silent, not silent.terminal)
end)

test("tables fit their width: the widest of the columns that may be cut is", function()
  local rows = { { "name", "n" }, { "a long name of a run", "12" }, { "b\n", "3" } }
  equal(columns.lines(rows, { width = 80, right = { [2] = true } }),
    { "name                   n", "a long name of a run  12", "b?                     3" })
  equal(columns.lines { { "a", "b" } }, { "a  b" })
  equal(columns.lines(rows, { width = 16, soft = { 1 } }), { "name          n", "a long nam..  12", "b?            3" })
  equal(columns.lines({ { "caf\u{e9} caf\u{e9} caf\u{e9}" } }, { width = 8, soft = { 1 } }), { "caf\u{e9} c.." })
  equal(#columns.lines({ { ("x"):rep(50), ("y"):rep(40) } }, { width = 30, soft = { 1, 2 } })[1], 30)
end)

-- --- The folder ------------------------------------------------------------------------------------------------------

local function steps_in(own)
  local steps = {}
  for i, preview in ipairs(own:previews()) do
    steps[i] = preview.step
  end
  return steps
end

test("previews: their number is bounded, and they are spread over the run", function()
  local own = folder.at(place .. "/previews")
  core.folder_make(own.path)
  for step = 10, 3000, 10 do
    write(own:file(folder.preview(step)), "")
    own:thin(step, 10)
    truth(#own:previews() <= folder.MOST_PREVIEWS + 1, ("%d at step %d"):format(#own:previews(), step))
  end
  local expected = {}
  for step = 80, 2960, 80 do
    expected[#expected + 1] = step
  end
  expected[#expected + 1] = 3000
  equal(steps_in(own), expected)
  write(own:file "samples-x.png", "")
  write(own:file "samples-1000000.png", "")
  equal(own:previews()[#own:previews()].step, 1000000)
end)

test("few previews stay, however they were made", function()
  local own = folder.at(place .. "/few")
  core.folder_make(own.path)
  for _, step in ipairs { 100, 250, 1000 } do
    write(own:file(folder.preview(step)), "")
  end
  own:thin(1000, 300)
  equal(steps_in(own), { 100, 250, 1000 })
end)

test("the last row of the metrics, whatever is behind and before it", function()
  local own = folder.at(place .. "/tail")
  core.folder_make(own.path)
  equal(own:tail() == nil, true)
  write(own:file "metrics.jsonl", "")
  equal(own:tail() == nil, true)
  local row = core.json_encode { step = 5, seconds = 1, loss = 2 }
  write(own:file "metrics.jsonl", row .. "\n{}\n[1]\nnoise\n{\"step\": 6")
  equal(own:tail().step, 5)
  write(own:file "metrics.jsonl", row .. "\n" .. ("x"):rep(100000) .. "\n")
  equal(own:tail().step, 5)
end)

-- --- Pages -----------------------------------------------------------------------------------------------------------

local VOID = { meta = true, img = true, input = true, br = true, rect = true, path = true, circle = true }

-- Fails unless each element is closed in order, each attribute is quoted, and each & begins a reference. Returns how often each
-- element occurs, and the ids.
local function parse(text)
  local open, counts, ids, position = {}, {}, {}, text:find "<html"
  text = text:gsub("<style>.-</style>", "<style></style>"):gsub("<script>.-</script>", "<script></script>")
  while true do
    local first, last, closing, name, attributes = text:find("<(/?)([%a][%w]*)([^<>]*)>", position)
    local between = text:sub(position, (first or #text + 1) - 1)
    truth(not between:find "[<>]", "a bracket in text: " .. between:sub(1, 80))
    truth(not between:gsub("&#?%w+;", ""):find "&", "an ampersand in text: " .. between:sub(1, 80))
    if not first then
      break
    end
    local rest = attributes:gsub('%s+[%w:-]+="[^"<>]*"', ""):gsub("%s+hidden", ""):gsub("%s*/?$", "")
    equal(rest, "")
    if closing == "/" then
      equal(table.remove(open), name)
    else
      counts[name] = (counts[name] or 0) + 1
      open[#open + 1] = not VOID[name] and not attributes:find "/$" and name or nil
    end
    local id = attributes:match ' id="([^"]*)"'
    truth(not (id and ids[id]), "an id twice: " .. tostring(id))
    ids[id or 0] = true
    position = last + 1
  end
  equal(open, {})
  return counts
end

local function holds(text, part)
  truth(text:find(part, 1, true), "expected " .. part)
end

test("a report: whole, in one file, with nothing of the run as markup", function()
  local path = make(NAME)
  local text = read(report.write(path))
  equal(report.write(path), path .. "/report.html")
  local counts = parse(text)
  equal({ counts.script, counts.style, counts.svg, counts.img, counts.h1 }, { 1, 1, 2, 3, 1 })
  equal(select(2, text:gsub('src="data:image/png;base64,iVBORw0KGgo', "")), 3)
  local outside = text:gsub('xmlns="http://www.w3.org/2000/svg"', "")
  for _, loads in ipairs { "https?:", "@import", "url%([^#]", "<link", "src=\"[^d]" } do
    truth(not outside:find(loads), "nothing is loaded from elsewhere: " .. loads)
  end
  holds(text, "default-src 'none'")
  holds(text, 'content="width=device-width, initial-scale=1"')
  holds(text, "prefers-color-scheme: dark")
  truth(utf8.len(text), "the page is UTF-8")
  holds(text, "<h1>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; \u{fffd}</h1>")
  holds(text, "&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;x&lt;/script&gt; &amp; &#39;caf\u{e9}&#39;")
  holds(text, "<td>&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;</td>")
end)

test("a report: facts, history, changes, machine", function()
  local path = make "facts"
  write(path .. "/curves.png", "no picture of the report")
  local text = report.page(path)
  local facts = { state = "stopped", steps = "12 of 12", time = "0:18", loss = "0.08333", parameters = "1.23 M" }
  for name, fact in pairs(facts) do
    holds(text, ("<b>%s</b>%s"):format(name, fact))
  end
  for _, step in ipairs { 4, 8, 12 } do
    holds(text, ("<figcaption>step %d</figcaption>"):format(step))
  end
  holds(text, 'type="range" min="0" max="2" value="2"')
  holds(text, "<tr><td>model.hidden</td><td>16</td><td>128</td></tr>")
  truth(not text:find("<tr><td>model.depth</td><td>3</td><td>3</td></tr>", 1, true), "a default is no change")
  holds(text, "<tr><td>guidance.of.w</td><td>3</td><td>1.5</td></tr>")
  holds(text, "<tr><td>optimizer.lr</td><td>0.01</td><td></td></tr>")
  holds(text, "<tr><td>processor</td><td>CPU &amp; co</td></tr>")
  holds(text, "<td>2, /p/x.so, FNV-1a ab</td>")
  local recipe = "&#39;my &lt;recipe&gt; &amp; &#39;\\&#39;&#39;co&#39;\\&#39;&#39;.lua&#39;"
  holds(text, ("neap run %s width=16 precision=fp32 seed=7"):format(recipe))
  holds(text, ">odd &lt;metric&gt;</text>") -- a figure of its own
end)

test("a report of what there is: no settings, no metrics, one picture", function()
  local path = place .. "/bare"
  core.folder_make(path)
  raises(("report: there is no run in '%s'"):format(path), function() report.page(path) end)
  write(path .. "/metrics.jsonl", "")
  local counts = parse(report.page(path))
  equal({ counts.svg or 0, counts.img or 0, counts.input or 0 }, { 0, 0, 0 })
  write(path .. "/settings.json", [[{"settings": 3, "components": [1], "machine": "x", "sessions": {"a": 1}, "plugins": 7}]])
  neap.image.save(path .. "/samples.png", neap.zeros(2, 2, 1))
  counts = parse(report.page(path))
  equal({ counts.img, counts.input or 0 }, { 1, 0 })
end)

test("a long history: at most 32 pictures, from the first to the last", function()
  local path = make "long"
  for step = 1, 60 do
    neap.image.save(path .. "/" .. folder.preview(step), neap.zeros(2, 2, 1))
  end
  local text = report.page(path)
  equal(parse(text).img, 32)
  holds(text, "<figcaption>step 1</figcaption>")
  holds(text, "<figcaption>step 12</figcaption>")
  holds(text, "32 of 61 pictures; the others are in the folder.")
end)

test("the command that repeats a run: keys of all its sessions, its seed and precision", function()
  local settings = settings_of { sessions = {
    { overrides = { width = "16", steps = "5", resume = "true" } },
    { overrides = { steps = "9", minutes = "3", ["a b"] = "c d" } },
  } }
  settings.recipe = "r.lua"
  equal(repeat_line.of(settings, 9), "neap run r.lua 'a b=c d' width=16 precision=fp32 seed=7 steps=9")
  settings.settings.minutes, settings.settings.decay = 3, "cosine"
  local line, remark = repeat_line.of(settings, 8)
  equal(line, "neap run r.lua 'a b=c d' width=16 precision=fp32 seed=7 steps=8")
  truth(remark:find "clock", remark)
  settings.recipe = nil
  equal(repeat_line.of(settings, 9) == nil, true)
end)

-- --- Several runs ----------------------------------------------------------------------------------------------------

test("a comparison: the settings that differ, and only these", function()
  local other = settings_of { version = "9.10" }
  other.settings.batch, other.settings.clip, other.components.model.config.hidden = 8, 0.5, 32
  local runs = compare.read { make "one", make("two", other) }
  equal(compare.settings(runs), {
    { "model.hidden", "16", "32" }, { "batch", "4", "8" }, { "neap", "9.9", "9.10" }, { "clip", "-", "0.5" },
  })
  equal(compare.results(runs)[4], { "loss", "0.08333", "0.08333" })
  equal(compare.settings(compare.read { make "one", make "one" }), {})
  local text = compare.page(runs)
  local counts = parse(text)
  equal({ counts.svg, counts.img }, { 2, 2 })
  holds(text, "<tr><td>model.hidden</td><td>16</td><td>32</td></tr>")
  holds(text, ">one</text>") -- in the legend
end)

test("a comparison as a picture and as SVG; runs of one name are told apart", function()
  core.folder_make(place .. "/deep")
  local runs = compare.read { make "one", make "deep/one", make(NAME) }
  equal({ runs[1].name, runs[2].name }, { place .. "/one", place .. "/deep/one" })
  compare.write(place .. "/all.png", runs)
  truth(neap.image.load(place .. "/all.png"):size(0) > 720, "curves, and samples below")
  compare.write(place .. "/all.svg", runs)
  equal(select(2, read(place .. "/all.svg"):gsub("<clipPath", "")), 2)
  local bare = compare.read { place .. "/bare" }
  raises("compare: the runs have no curves", function() compare.write(place .. "/none.svg", bare) end)
  raises(("compare: there is no run in '%s'"):format(place), function() compare.read { place } end)
end)

test("runs are found up to three levels down", function()
  local found = run_of.find(place .. "/")
  local names = {}
  for i, path in ipairs(found) do
    names[i] = path:sub(#place + 2)
  end
  equal(names, { NAME, "bare", "deep/one", "facts", "long", "one", "tail", "two" })
  equal(run_of.read("runs", found[1]).state, "stopped")
end)

test("settings as names and texts", function()
  local list = values.list(settings_of())
  local found = {}
  for _, entry in ipairs(list) do
    found[entry.name] = entry.value
  end
  equal({ found["guidance.of"], found["guidance.of.w"], found.optimizer, found.seed, found.guard, found.out },
    { "cfg", "3", "adamw", "7" })
  equal(values.list {}, {})
end)

os.execute(("rm -rf '%s'"):format(place))
check.finish()
