--- Figures as SVG: each primitive becomes one element.
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

local function paint(property, color)
  local alpha = color[4] < 1 and (' %s-opacity="%s"'):format(property, number(color[4])) or ""
  return ('%s="#%02x%02x%02x"%s'):format(property, byte(color[1]), byte(color[2]), byte(color[3]), alpha)
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
    :format(path(p.points, ""), paint("stroke", p.color), number(p.width))
end

function write.polygon(out, p)
  out[#out + 1] = ('<path d="%s" %s fill-rule="evenodd"/>'):format(path(p.points, "Z"), paint("fill", p.color))
end

function write.discs(out, p)
  out[#out + 1] = ("<g %s>"):format(paint("fill", p.color))
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
    ANCHORS[p.anchor], paint("fill", p.color), turn, (p.text:gsub("[&<>]", ESCAPES)))
end

function write.clip(out, p)
  out.clips = out.clips + 1
  out[#out + 1] = ('<clipPath id="clip%d"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath>'):format(out.clips,
    number(p.left), number(p.top), number(p.right - p.left), number(p.bottom - p.top))
  out[#out + 1] = ('<g clip-path="url(#clip%d)">'):format(out.clips)
  for _, inner in ipairs(p.list) do
    write[inner.kind](out, inner)
  end
  out[#out + 1] = "</g>"
end

--- A list of primitives as the text of an SVG file.
function svg.render(list, width, height)
  local out = { clips = 0 }
  local size = ('width="%d" height="%d" viewBox="0 0 %d %d"'):format(width, height, width, height)
  out[1] = ('<svg xmlns="http://www.w3.org/2000/svg" %s font-family="sans-serif">'):format(size)
  out[2] = ('<rect width="%d" height="%d" fill="#ffffff"/>'):format(width, height)
  for _, p in ipairs(list) do
    write[p.kind](out, p)
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return svg
