--- Parts of a page: text, tables, pictures. Everything that comes from a run is escaped here.
local base64 = require "neap.base64"

local html = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }
local UNKNOWN = "\u{fffd}" -- in place of bytes that are no UTF-8, as in names of files

-- The text with each byte that is no UTF-8 replaced.
local function valid(text)
  local parts, first = {}, 1
  while true do
    local length, wrong = utf8.len(text, first)
    if length then
      parts[#parts + 1] = text:sub(first)
      return table.concat(parts)
    end
    parts[#parts + 1] = text:sub(first, wrong - 1) .. UNKNOWN
    first = wrong + 1
  end
end

--- Any text for the content or a quoted attribute of an element. Control characters, which HTML forbids, become U+FFFD.
function html.escape(text)
  return (valid(tostring(text)):gsub("[\0-\8\11\12\14-\31\127]", UNKNOWN):gsub("[&<>\"']", ESCAPES))
end

local function row(cells, tag)
  local parts = {}
  for i, cell in ipairs(cells) do
    parts[i] = ("<%s>%s</%s>"):format(tag, html.escape(cell), tag)
  end
  return "<tr>" .. table.concat(parts) .. "</tr>"
end

--- A table of rows of texts under headings, or nil; it scrolls where it is wider than the screen.
function html.table(headings, rows)
  local parts = { '<div class="wide"><table>', headings and "<thead>" .. row(headings, "th") .. "</thead>" or "", "<tbody>" }
  for _, cells in ipairs(rows) do
    parts[#parts + 1] = row(cells, "td")
  end
  parts[#parts + 1] = "</tbody></table></div>"
  return table.concat(parts, "\n")
end

--- A folded part with a title.
function html.details(title, body)
  return ("<details><summary>%s</summary>\n%s\n</details>"):format(html.escape(title), body)
end

--- Text as it is, as of a program.
function html.code(text)
  return "<pre><code>" .. html.escape(text) .. "</code></pre>"
end

--- A PNG as a picture inside the page. `attributes` is text that follows the element's name, escaped.
function html.picture(bytes, alt, attributes)
  return ('<img%s alt="%s" src="data:image/png;base64,%s">'):format(attributes or "", html.escape(alt), base64.encode(bytes))
end

return html
