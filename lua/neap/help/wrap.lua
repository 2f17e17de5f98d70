--- Text in lines of at most 80 columns.
local wrap = {}

local WIDTH = 80

-- The number of characters of UTF-8, or of bytes where the text is something else.
local function length(text)
  return utf8.len(text) or #text
end

--- The words of a text in lines: the first line goes on after `head`, further ones begin with `indent` spaces. A text with line
-- breaks keeps them.
function wrap.text(head, indent, text)
  local lines, line = {}, head
  for part in (text .. "\n"):gmatch "(.-)\n" do
    for word in part:gmatch "%S+" do
      local fresh = line == head or line:find "^ *$"
      if not fresh and length(line) + 1 + length(word) > WIDTH then
        lines[#lines + 1], line = line, (" "):rep(indent)
        fresh = true
      end
      line = line .. (fresh and "" or " ") .. word
    end
    lines[#lines + 1], line = line, (" "):rep(indent)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- One row of two columns: `left` from column `indent`, and a text from column `column`, below `left` where that is too long.
function wrap.row(indent, column, left, text)
  local head = (" "):rep(indent) .. left
  if length(head) + 1 > column then
    return head .. "\n" .. wrap.text((" "):rep(column), column, text)
  end
  return wrap.text(head .. (" "):rep(column - length(head)), column, text)
end

return wrap
