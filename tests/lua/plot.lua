-- Figures: ticks, what is drawn where, both back ends, panels, and what is refused.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local axes = require "neap.plot.axes"
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

local function ticks(low, high, count)
  local labels = {}
  for i, tick in ipairs(axes.ticks(low, high, count)) do
    labels[i] = tick.label
  end
  return table.concat(labels, " ")
end

local function contents(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Saves a figure, and returns the text or the picture that was written.
local function saved(figure, ending, settings)
  local path = os.tmpname()
  figure:save(path .. ending, settings)
  local result = ending == ".svg" and contents(path .. ending) or neap.image.load(path .. ending)
  os.remove(path)
  os.remove(path .. ending)
  return result
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

local function kinds(figure)
  local list = {}
  for _, p in ipairs(figure:primitives()[1].list) do
    list[#list + 1] = p.kind
  end
  return table.concat(list, " ")
end

-- A figure without labels, whose box lies 12 pixels inside and is 100 pixels wide and high.
local function bare(more)
  local settings = { width = 124, height = 124, x = { 0, 10 }, y = { 0, 10 }, ticks = false }
  for key, value in pairs(more or {}) do
    settings[key] = value
  end
  return neap.plot(settings)
end

-- The shade of a pixel: { red, green, blue } from 0 to 1.
local function pixel(picture, x, y)
  return ((picture:slice(0, y, y + 1):slice(1, x, x + 1):reshape(3) + 1) / 2):tolist()
end

test("ticks stand at round numbers", function()
  equal(ticks(0, 1, 5), "0 0.2 0.4 0.6 0.8 1.0")
  equal(ticks(-2, 2, 5), "-2 -1 0 1 2")
  equal(ticks(-3, 3, 5), "-3 -2 -1 0 1 2 3") -- rather one more than half as many
  equal(ticks(0.13, 0.19, 4), "0.14 0.16 0.18")
  equal(ticks(0, 1300, 5), "0 500 1000")
  equal(ticks(-0.5, 99.5, 5), "0 20 40 60 80")
  equal(ticks(0, 5e7, 5), "0 1e+07 2e+07 3e+07 4e+07 5e+07")
  equal(ticks(0, 5e-9, 5), "0 1e-09 2e-09 3e-09 4e-09 5e-09")
  equal(ticks(3, 3.001, 2), "3.0000 3.0005 3.0010")
end)

test("the data's corners are the box's, and up is up", function()
  local list = bare():line({ { 0, 0 }, { 10, 0 }, { 10, 10 }, { 2, 5 } }):primitives()
  equal(list[1].list[1].points, { 12, 112, 112, 112, 112, 12, 32, 62 })
  equal({ list[1].left, list[1].top, list[1].right, list[1].bottom }, { 12, 12, 112, 112 })
end)

test("ranges come from the data, with room around", function()
  local box = axes.box { width = 124, height = 124, x = { 0, 1 }, y = { 0, 1 }, ticks = 0 }
  local marks = require "neap.plot.marks"
  local list = { { points = { 1, 5, 3, 5 } }, { points = { 2, 5 }, to = { 5, 5 } } }
  close(marks.range(list, 1), { 0.8, 5.2 })
  equal(marks.range(list, 2), { 4.5, 5.5 }) -- a point has no extent
  equal(marks.range({}, 1), { 0, 1 })
  equal(axes.place(box, { 0.5, 0.25 }), { 62, 87 })
end)

test("equal: a unit is as long on both axes", function()
  local settings = { width = 224, height = 124, x = { -1, 1 }, y = { -1, 1 }, ticks = 0, equal = true }
  local box = axes.box(settings)
  equal({ box.x, box.y }, { { -2, 2 }, { -1, 1 } })
  equal(axes.place(box, { 0, 0, 1, 1 }), { 112, 62, 162, 12 })
end)

test("tensors and lists are the same points", function()
  local points = { { 1, 2 }, { 3, 4 } }
  local function drawn(given)
    return bare():points(given):primitives()[1].list[1].points
  end
  equal(drawn(neap.tensor(points)), drawn(points))
  equal(drawn(neap.tensor(points):reshape(2, 1, 1, 2)), drawn(points))
end)

test("arrows: a shaft and a head whose tip is the end; none where there is no way to go", function()
  local list = bare():arrows({ { 1, 1 }, { 2, 2 } }, { { 6, 1 }, { 2, 2 } }, { width = 1 }):primitives()[1].list
  equal(#list, 2)
  equal(list[1].points, { 22, 102, 66, 102 }) -- a head of 2 widths and 4 pixels
  close(list[2].points, { 72, 102, 66, 104.4, 66, 99.6 })
  local upwards = bare():arrows({ { 1, 1 } }, { { 1, 6 } }):primitives()[1].list
  close(upwards[2].points, { 22, 52, 24.4, 58, 19.6, 58 })
end)

test("colours: in turn where none is given, by name, by number", function()
  local figure = bare():line({ { 0, 0 } }):line({ { 0, 0 } }, { color = "#ff8000", alpha = 0.5 }):line({ { 0, 0 } })
  local list = figure:primitives()[1].list
  close(list[2].color, { 1, 128 / 255, 0, 0.5 })
  equal(neap.plot.mix("#ff0000", "#0000ff", 0.25), "#bf0040")
  equal({ neap.plot.mix("red", "blue", 0), neap.plot.mix("red", "blue", 1) }, { "#c8342c", "#1f5fb4" })
  raises("mix: expected a share from 0 to 1, got 2", function() neap.plot.mix("red", "blue", 2) end)
  raises("mix: color: expected a name or '#rrggbb', got '#ff'", function() neap.plot.mix("#ff", "blue", 2) end)
  check.truth(list[1].color[3] > list[1].color[1] and list[3].color[1] > list[3].color[3], "blue, then red")
end)

test("SVG: one element for each primitive", function()
  local figure = bare { title = "a < b & c" }
  figure:line({ { 0, 0 }, { 5, 5 } }, { color = "#102030", width = 2, alpha = 0.25 })
  figure:points({ { 1, 1 }, { 2, 2 }, { 3, 3 } }, { size = 3 })
  figure:text(5, 5, "here", { anchor = "middle", size = 10 })
  local text = saved(figure, ".svg")
  local function holds(part)
    check.truth(text:find(part, 1, true), ("expected %s in %s"):format(part, text))
  end
  holds '<svg xmlns="http://www.w3.org/2000/svg" width="124" height="124" viewBox="0 0 124 124" font-family="sans-serif">'
  holds '<path d="M12 112L62 72" fill="none" stroke="#102030" stroke-opacity="0.25" stroke-width="2"'
  holds '<circle cx="22" cy="104" r="1.5"/>'
  holds '<text x="62" y="72" font-size="10" text-anchor="middle" fill="#000000">here</text>'
  holds ">a &lt; b &amp; c</text>"
  equal({ count(text, "<circle"), count(text, "<g[ >]"), count(text, "</g>"), count(text, "<text") }, { 3, 2, 2, 2 })
  equal(text:sub(-7), "</svg>\n")
end)

test("PNG: the same primitives as pixels", function()
  local figure = bare():line({ { -5, 5 }, { 15, 5 } }, { color = "#ff0000", width = 4 })
  figure:points({ { 2, 8 } }, { color = "#0000ff", size = 10 })
  local picture = saved(figure, ".png")
  equal(picture:shape(), { 124, 124, 3 })
  local tolerance = 1 / 255
  close(pixel(picture, 60, 61), { 1, 0, 0 }, tolerance)
  close(pixel(picture, 60, 64), { 1, 1, 1 }, tolerance)
  close(pixel(picture, 32, 32), { 0, 0, 1 }, tolerance)
  close(pixel(picture, 5, 61), { 1, 1, 1 }, tolerance) -- cut off at the box
  close(pixel(picture, 118, 61), { 1, 1, 1 }, tolerance)
  close(pixel(picture, 12, 90), { 0, 0, 0 }, tolerance) -- the frame
end)

test("PNG: enlarged, and as a picture", function()
  local figure = bare():line({ { 0, 5 }, { 10, 5 } }, { color = "#ff0000", width = 4 })
  local large = saved(figure, ".png", { scale = 2, text = { note = "a text" } })
  equal(large:shape(), { 248, 248, 3 })
  close(pixel(large, 120, 125), { 1, 0, 0 }, 1 / 255)
  close(pixel(large, 120, 131), { 1, 1, 1 }, 1 / 255)
  equal(figure:picture():shape(), { 124, 124, 3 })
  close(figure:picture(2), large:tolist(), 1.001 / 255) -- half of a step of 2 / 255, and f32
end)

test("legend: an entry for each label, on the side that is asked for", function()
  local function corner(side)
    local figure = bare { width = 324, legend = side }
    figure:line({ { 0, 0 } }, { label = "one" }):points({ { 0, 0 } }, { label = "two" }):line({ { 1, 1 } })
    local list = figure:primitives()
    local labels, box = {}, nil
    for _, p in ipairs(list) do
      labels[#labels + 1] = p.kind == "text" and p.text or nil
      box = p.kind == "polygon" and p or box
    end
    equal(labels, { "one", "two" })
    check.truth(side ~= "outside" or box.points[1] > list[1].right, "a legend outside lies on the box")
    return box.points
  end
  equal(corner "left"[1], 20.5)
  equal(corner(nil)[3] <= 304.5, true)
  equal(corner(nil)[3] > 300, true)
  local beside = corner "outside"
  equal({ beside[1] > 200, beside[3] }, { true, 312.5 }) -- 12 pixels from the edge
  equal(#bare():line({ { 0, 0 } }):primitives(), 2) -- what is drawn, and the frame
end)

test("legend: where it hides least, unless a place is asked for", function()
  local function corner(points, place)
    local figure = bare { width = 324, height = 324, legend = place }:line(points, { label = "one" })
    local box
    for _, p in ipairs(figure:primitives()) do
      box = p.kind == "polygon" and p or box
    end
    return { box.points[1] < 160 and "left" or "right", box.points[2] < 160 and "upper" or "lower" }
  end
  equal(corner { { 0, 0 }, { 10, 10 } }, { "left", "upper" }) -- no point lies in the corners, but the line does
  equal(corner { { 0, 10 }, { 10, 10 } }, { "right", "upper" }) -- along the edge, where no legend lies
  equal(corner { { 0, 9.2 }, { 10, 9.2 } }, { "right", "lower" })
  equal(corner { { 0, 0 }, { 0.6, 9.2 }, { 9.2, 9.2 }, { 9.2, 5 } }, { "right", "lower" })
  equal(corner({ { 0, 9.2 }, { 10, 9.2 } }, "right"), { "right", "upper" })
  equal(corner({ { 0, 9.2 }, { 10, 9.2 } }, "lower left"), { "left", "lower" })
  equal(corner({}, "lower right"), { "right", "lower" })
end)

test("labels have room", function()
  local figure = neap.plot { x = { 0, 1 }, y = { 0, 1000 }, title = "title", xlabel = "across", ylabel = "upwards" }
  for _, p in ipairs(figure:primitives()) do
    if p.kind == "text" and p.angle == 0 then
      local left = p.x - p.anchor * core.draw_text_width(p.text, p.size)
      check.truth(left >= 0 and left + core.draw_text_width(p.text, p.size) <= 480, p.text .. " is cut off")
      check.truth(p.y - p.size >= 0 and p.y + p.size / 4 <= 360, p.text .. " is cut off")
    end
  end
end)

test("panels: figures side by side, row by row", function()
  local one, two = bare():line({ { 0, 0 }, { 10, 10 } }), bare():text(0, 0, "two")
  local three = neap.plot.panels { one, two, one, columns = 2 }
  equal({ three.width, three.height }, { 248, 248 })
  local list = three:primitives()
  equal(list[1].list[1].points, { 12, 112, 112, 12 })
  equal({ list[3].list[1].x, list[3].list[1].y, list[3].left }, { 136, 112, 136 })
  equal(list[5].list[1].points, { 12, 236, 112, 136 })
  equal(saved(three, ".png"):shape(), { 248, 248, 3 })
  equal(count(saved(three, ".svg"), "<clipPath"), 3)
  equal({ neap.plot.panels({ one, two }).width, kinds(one) }, { 248, "line" })
end)

test("a list of numbers stands over 1, 2, ...", function()
  local function drawn(given)
    return bare():line(given):primitives()[1].list[1].points
  end
  equal(drawn { 5, 6, 7 }, drawn { { 1, 5 }, { 2, 6 }, { 3, 7 } })
end)

local NAN = 0 / 0

test("NaN is a gap", function()
  local list = bare():line({ { 0, 0 }, { 1, 1 }, { 2, NAN }, { 3, 3 }, { NAN, 4 }, { 5, 5 }, { 6, 6 } }):primitives()[1].list
  equal(#list, 3)
  equal({ list[1].points, list[2].points, list[3].points }, { { 12, 112, 22, 102 }, { 42, 82, 42, 82 }, { 62, 62, 72, 52 } })
  equal(bare():points({ { 1, NAN }, { 2, 2 } }):primitives()[1].list[1].points, { 32, 92 })
  equal(#bare():line({ { 1, NAN } }):primitives()[1].list, 0)
  local marks = require "neap.plot.marks"
  equal(marks.range({ { points = { 1, NAN, NAN, 3, 2, 5 } } }, 2), { 2.9, 5.1 })
  equal(marks.range({ { points = { NAN, NAN } } }, 1), { 0, 1 })
  local tensor = neap.tensor { { 0, 0 }, { 1, 1 }, { 2, NAN }, { 3, 3 } }
  equal(#bare():line(tensor):primitives()[1].list, 2)
end)

local function log_ticks(low, high, most)
  local labels = {}
  for i, tick in ipairs(axes.log_ticks(low, high, most)) do
    labels[i] = tick.label
  end
  return table.concat(labels, " ")
end

test("logarithmic axes: powers of ten, fewer or more where the range is wide or narrow", function()
  equal(log_ticks(0.5, 2000, 5), "1 10 100 1000")
  equal(log_ticks(1e-5, 1e4, 5), "1e-05 0.001 0.1 10 1000")
  equal(log_ticks(1.5, 60, 5), "2 5 10 20 50")
  equal(log_ticks(3, 4, 4), "3.0 3.2 3.4 3.6 3.8 4.0")
  local settings = { width = 124, height = 124, x = { 1, 100 }, y = { 0, 1 }, ticks = 0, xlog = true }
  local box = axes.box(settings)
  equal(axes.place(box, { 1, 0, 10, 0.5, 100, 1 }), { 12, 112, 62, 62, 112, 12 })
end)

test("logarithmic axes: what is not above 0 is left out, and ranges have room in their logarithm", function()
  local figure = bare { xlog = true, x = { 1, 100 } }
  local list = figure:line({ { 1, 0 }, { 10, 5 }, { 0, 6 }, { -3, 7 }, { 100, 10 } }):primitives()[1].list
  equal({ list[1].points, list[2].points, #list }, { { 12, 112, 62, 62 }, { 112, 12, 112, 12 }, 2 })
  local marks = require "neap.plot.marks"
  close(marks.range({ { points = { 1, 0, 1, 1e10, 1, -5, 1, 1e-10 } } }, 2, true), { 1e-11, 1e11 }, 1e-3)
  equal(marks.range({ { points = { -1, 0 } } }, 1, true), { 1, 10 })
  equal(marks.range({ { points = { 4, 1 } } }, 1, true), { 2, 8 })
  equal(#bare({ ylog = true, y = { 1, 10 } }):arrows({ { 1, 0 }, { 1, 1 } }, { { 1, 5 }, { 1, 10 } }):primitives()[1].list, 2)
  equal(#bare({ ylog = true, y = { 1, 10 } }):text(1, 0, "nowhere"):primitives()[1].list, 0)
  local text = saved(neap.plot({ ylog = true }):line { 1, 10, 100, 1000, 10000 }, ".svg")
  for _, label in ipairs { "1", "100", "10000" } do
    check.truth(text:find((">%s</text>"):format(label), 1, true), label)
  end
end)

test("bars: from 0 to each value, side by side", function()
  local list = bare():bars({ { 2, 5 }, { 4, NAN }, { 7, 10 } }, { width = 2 }):primitives()[1].list
  equal({ #list, list[1].kind }, { 2, "polygon" })
  equal(list[1].points, { 22, 112, 42, 112, 42, 62, 22, 62 })
  equal(list[2].points, { 72, 112, 92, 112, 92, 12, 72, 12 })
  local corners = require("neap.plot.bars").around({ 1, 3, 2, 4, 4, 5 })
  close(corners, { 0.6, 0, 1.4, 3, 1.6, 0, 2.4, 4, 3.6, 0, 4.4, 5 })
  local marks = require "neap.plot.marks"
  equal(marks.range({ { kind = "bars", points = { 0, 0, 1, 10 } } }, 2), { 0, 10.5 }) -- no room below the feet
  equal(marks.range({ { kind = "bars", points = { 0, 0, 1, -10 } } }, 2), { -10.5, 0 })
  local log = bare({ ylog = true, y = { 1, 100 } }):bars({ { 5, 10 }, { 7, -1 } }, { width = 2 }):primitives()[1].list
  equal({ #log, log[1].points }, { 1, { 52, 112, 72, 112, 72, 62, 52, 62 } })
end)

-- The tips of a histogram's bars.
local function counted(values, settings)
  local corners, tips = require("neap.plot.bars").histogram(values, settings), {}
  for i = 4, #corners, 4 do
    tips[#tips + 1] = corners[i]
  end
  return tips, corners
end

test("histogram: counts in equal bins, whose last one has the upper end", function()
  local tips, corners = counted({ 0, 0.1, 0.5, 0.5, 0.99, 1 }, { bins = 2 })
  equal({ tips, corners }, { { 2, 4 }, { 0, 0, 0.5, 2, 0.5, 0, 1, 4 } })
  equal(counted({ -5, 1, 2, 3, 99 }, { bins = 3, range = { 1, 4 } }), { 1, 1, 1 })
  close(counted({ 0, 1, 2, 3 }, { bins = 2, density = true }), { 1 / 3, 1 / 3 })
  close(counted({ 0, 1, 9, 9 }, { bins = 2, range = { 0, 4 }, density = true }), { 0.25, 0 }, 1e-12)
  equal(counted({ 7, 7, 7, 7 }, {}), { 0, 4 })
  equal(counted({}, { bins = 2 }), { 0, 0 })
  local list = bare():histogram(neap.tensor { { 1, 1 }, { 9, NAN } }, { bins = 2, range = { 0, 10 } }):primitives()[1].list
  equal({ #list, list[1].points }, { 2, { 12, 112, 62, 112, 62, 92, 12, 92 } })
  local labelled = bare { width = 324 }
  labelled:bars({ 1, 2 }, { label = "bars" })
  local swatches = 0
  for _, p in ipairs(labelled:primitives()) do
    swatches = swatches + (p.kind == "polygon" and 1 or 0)
  end
  equal(swatches, 2) -- the ground of the legend, and the sample in it
end)

test("SVG for a page: colours of the page, ids of its own, no ground", function()
  local figure = bare({ title = "t" }):line({ { 0, 0 }, { 5, 5 } }, { color = "blue" })
  local text = figure:line({ { 0, 0 }, { 1, 1 } }, { color = "#102030" }):svg { page = "a-" }
  local function holds(part)
    check.truth(text:find(part, 1, true), ("expected %s in %s"):format(part, text))
  end
  holds 'style="stroke:var(--blue)"'
  holds 'stroke="#102030"'
  holds 'style="fill:var(--ink)"'
  holds '<clipPath id="a-clip1">'
  holds 'url(#a-clip1)'
  equal({ count(text, "#000000"), count(text, "#ffffff"), count(text, 'id="clip') }, { 0, 0, 0 })
  raises("svg: unknown key 'pag'; did you mean 'page'?", function() bare():svg { pag = "a" } end)
end)

test("settings that do not fit", function()
  raises("plot: unknown key 'widht'; did you mean 'width'?", function() neap.plot { widht = 3 } end)
  raises("plot: width: expected a number from 1 to 10000, got 0", function() neap.plot { width = 0 } end)
  raises("plot: x: expected a range { low, high }, two numbers with low < high", function() neap.plot { x = { 2, 1 } } end)
  raises("plot: legend: expected best, right, left, lower right, lower left or outside, got up",
    function() neap.plot { legend = "up" } end)
  raises("plot: title: expected a text, got number", function() neap.plot { title = 3 } end)
  raises("draw: expected text of printable ASCII, got byte 195 in it", function() neap.plot { title = "caf\u{e9}" } end)
  raises("plot: expected room for labels and axes, got 30 x 30", function()
    neap.plot({ width = 30, height = 30 }):picture()
  end)
  local figure = bare()
  raises("line: unknown key 'colour'; did you mean 'color'?", function() figure:line({}, { colour = "red" }) end)
  raises("line: color: expected a name or '#rrggbb', got 'blu'; did you mean 'blue'?", function()
    figure:line({}, { color = "blu" })
  end)
  raises("line: width: expected a number from 0.1 to 100, got 0", function() figure:line({}, { width = 0 }) end)
  raises("points: alpha: expected a number from 0 to 1, got 2", function() figure:points({}, { alpha = 2 }) end)
  raises("points: expected points [.., 2], got [3]", function() figure:points(neap.zeros(3)) end)
  raises("points: expected points [.., 2], got nil", function() figure:points() end)
  raises("points: expected two numbers, finite or NaN, for point 2", function() figure:points { { 1, 2 }, { 1, math.huge } } end)
  raises("arrows: expected two finite numbers for point 1", function() figure:arrows({ { 1, 0 / 0 } }, { { 1, 1 } }) end)
  raises("line: expected a number at 2, as before, got table", function() figure:line { 1, { 2, 3 } } end)
  raises("plot: x: expected a range above 0 for a logarithmic axis, got 0 to 10", function()
    neap.plot { x = { 0, 10 }, xlog = true }
  end)
  raises("plot: ylog: expected true or false, got 10", function() neap.plot { ylog = 10 } end)
  raises("plot: equal: expected linear axes, got ylog", function() neap.plot { equal = true, ylog = true } end)
  raises("bars: width: expected a number from 1e-300 to 1e+300, got 0", function() figure:bars({ 1 }, { width = 0 }) end)
  raises("histogram: bins: expected a whole number from 1 to 10000, got 1.5", function()
    figure:histogram({ 1 }, { bins = 1.5 })
  end)
  raises("histogram: range: expected a range { low, high }, two numbers with low < high", function()
    figure:histogram({ 1 }, { range = { 2, 1 } })
  end)
  raises("histogram: expected a finite number or NaN at 2, got inf", function() figure:histogram { 1, math.huge } end)
  raises("histogram: expected a list of numbers or a tensor, got number", function() figure:histogram(3) end)
  raises("histogram: unknown key 'bin'; did you mean 'bins'?", function() figure:histogram({ 1 }, { bin = 3 }) end)
  raises("arrows: expected as many tips as tails, got 1 and 2", function()
    figure:arrows({ { 0, 0 }, { 1, 1 } }, { { 1, 1 } })
  end)
  raises("text: expected a text, got nil", function() figure:text(1, 2) end)
  raises("text: anchor: expected left, middle or right, got up", function()
    figure:text(1, 2, "a", { anchor = "up" })
  end)
  raises("panels: expected figures { figure, figure, columns = 2 }", function() neap.plot.panels {} end)
  raises("panels: expected a figure at 2, got number", function() neap.plot.panels { figure, 3 } end)
end)

test("files that are refused", function()
  local figure = bare()
  raises("save: expected a path that ends in .svg or .png, got a.pdf", function() figure:save "a.pdf" end)
  raises("save: expected a path that ends in .svg or .png, got nil", function() figure:save() end)
  raises("save: unknown key 'scal'; did you mean 'scale'?", function() figure:save("a.png", { scal = 2 }) end)
  raises("/nowhere/a.svg: cannot be written: No such file or directory", function() figure:save "/nowhere/a.svg" end)
  raises("/nowhere/a.png: cannot be written: No such file or directory", function() figure:save "/nowhere/a.png" end)
end)

check.finish()
