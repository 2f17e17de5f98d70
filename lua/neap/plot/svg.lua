--- Figures as SVG: each primitive becomes one element. For a page (settings.page), the figure has no background, and its colours
-- are the page's variables: --ink for black, --paper for white, --line, and the colours of lines by their names.
local color = require "neap.plot.color"

local svg = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

-- Two decimals, without trailing zeros.
local function number(x)
  local text = ("%.2f"):format(x):gsub("%.?0+$", "")
  return text == "-0" and "0" or text
end

local function byte(share)
  return math.floor(share * 255 + 0.5)
end

-- Variables of a page that have another name than the colour.
local VARIABLES = { black = "ink", white = "paper", light = "line" }

local function paint(out, property, rgba)
  local alpha = rgba[4] < 1 and (' %s-opacity="%s"'):format(property, number(rgba[4])) or ""
  local hex = ("#%02x%02x%02x"):format(byte(rgba[1]), byte(rgba[2]), byte(rgba[3]))
  local name = out.page and color.name(hex)
  if name then
    return ('style="%s:var(--%s)"%s'):format(property, VARIABLES[name] or name, alpha)
  end
  return ('%s="%s"%s'):format(property, hex, alpha)
end

local function path(points, ending)
  local parts = {}
  for i = 1, #points, 2 do
    parts[#parts + 1] = (i == 1 and "M" or "L") .. number(points[i]) .. " " .. number(points[i + 1])
  end
  return table.concat(parts) .. ending
end

local write = {}

function write.line(out, p)
  out[#out + 1] = ('<path d="%s" fill="none" %s stroke-width="%s" stroke-linecap="round" stroke-linejoin="round"/>')
    :format(path(p.points, ""), paint(out, "stroke", p.color), number(p.width))
end

function write.polygon(out, p)
  out[#out + 1] = ('<path d="%s" %s fill-rule="evenodd"/>'):format(path(p.points, "Z"), paint(out, "fill", p.color))
end

function write.discs(out, p)
  out[#out + 1] = ("<g %s>"):format(paint(out, "fill", p.color))
  for i = 1, #p.points, 2 do
    out[#out + 1] = ('<circle cx="%s" cy="%s" r="%s"/>'):format(number(p.points[i]), number(p.points[i + 1]),
      number(p.radius))
  end
  out[#out + 1] = "</g>"
end

local ANCHORS = { [0] = "start", [0.5] = "middle", [1] = "end" }

function write.text(out, p)
  local x, y = number(p.x), number(p.y)
  local turn = p.angle ~= 0 and (' transform="rotate(%s %s %s)"'):format(number(-p.angle), x, y) or ""
  out[#out + 1] = ('<text x="%s" y="%s" font-size="%s" text-anchor="%s" %s%s>%s</text>'):format(x, y, number(p.size),
    ANCHORS[p.anchor], paint(out, "fill", p.color), turn, (p.text:gsub("[&<>]", ESCAPES)))
end

function write.clip(out, p)
  out.clips = out.clips + 1
  local id = ("%sclip%d"):format(out.page or "", out.clips)
  out[#out + 1] = ('<clipPath id="%s"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath>'):format(id,
    number(p.left), number(p.top), number(p.right - p.left), number(p.bottom - p.top))
  out[#out + 1] = ('<g clip-path="url(#%s)">'):format(id)
  for _, inner in ipairs(p.list) do
    write[inner.kind](out, inner)
  end
  out[#out + 1] = "</g>"
end

--- A list of primitives as the text of an SVG file; with settings { page = prefix of ids } as a part of a page.
function svg.render(list, width, height, settings)
  local out = { clips = 0, page = settings and settings.page }
  local size = ('width="%d" height="%d" viewBox="0 0 %d %d"'):format(width, height, width, height)
  out[1] = ('<svg xmlns="http://www.w3.org/2000/svg" %s font-family="sans-serif">'):format(size)
  out[2] = not out.page and ('<rect width="%d" height="%d" fill="#ffffff"/>'):format(width, height) or nil
  for _, p in ipairs(list) do
    write[p.kind](out, p)
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return svg
