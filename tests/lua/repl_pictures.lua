-- Pictures in a terminal, byte by byte, and the choice of the protocol.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local blocks = require "neap.repl.blocks"
local kitty = require "neap.repl.kitty"
local iterm2 = require "neap.repl.iterm2"
local pictures = require "neap.repl.pictures"
local sixel = require "neap.repl.sixel"

local test, equal, truth = check.test, check.equal, check.truth

-- Runs f with other environment variables; those that are not named are unset.
local function with_environment(values, f)
  local getenv = os.getenv
  os.getenv = function(name) -- luacheck: ignore 122
    return values[name]
  end
  local done, message = pcall(f)
  os.getenv = getenv -- luacheck: ignore 122
  if not done then
    error(message, 0)
  end
end

local function decoded(text)
  local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local bits, count, bytes = 0, 0, {}
  for c in text:gmatch "[%w+/]" do
    bits, count = bits << 6 | letters:find(c, 1, true) - 1, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 255)
    end
  end
  return table.concat(bytes)
end

-- A file that is a PNG of the picture, to the level of its 256 values.
local function is_png_of(bytes, picture)
  local path = os.tmpname()
  local file = io.open(path, "wb")
  file:write(bytes)
  file:close()
  local read = neap.image.load(path)
  os.remove(path)
  check.close(read, picture, 1 / 127)
end

test("kitty: one chunk, and several", function()
  local small = neap.tensor { { { -1 }, { 1 } } }
  local text = kitty(small)
  local payload = text:match "^\27_Ga=T,f=100,q=2,m=0;([%w+/=]*)\27\\$"
  is_png_of(decoded(payload), small)
  local large = neap.rand(64, 64, 3) * 2 - 1
  local chunks, keys = {}, {}
  for key, chunk in kitty(large):gmatch "\27_G([^;]*);([^\27]*)\27\\" do
    keys[#keys + 1], chunks[#chunks + 1] = key, chunk
  end
  truth(#chunks > 2)
  equal({ keys[1], keys[2], keys[#keys] }, { "a=T,f=100,q=2,m=1", "m=1", "m=0" })
  for i, chunk in ipairs(chunks) do
    truth(i == #chunks and #chunk <= 4096 or #chunk == 4096)
  end
  is_png_of(decoded(table.concat(chunks)), large)
end)

test("iTerm2: the size in bytes and pixels", function()
  local picture = neap.rand(3, 5, 3) * 2 - 1
  local size, payload = iterm2(picture):match "^\27%]1337;File=inline=1;size=(%d+);width=5px;height=3px:([%w+/=]*)\7$"
  equal(#decoded(payload), tonumber(size))
  is_png_of(decoded(payload), picture)
end)

test("half blocks: 24-bit colours, and an odd last row", function()
  local picture = neap.tensor {
    { { -1, -1, -1 }, { 1, 1, 1 } }, { { 1, -1, -1 }, { -1, -1, 1 } }, { { -1, 1, -1 }, { -1, 1, -1 } },
  }
  with_environment({ COLORTERM = "truecolor" }, function()
    equal(blocks(picture), "\27[38;2;0;0;0;48;2;255;0;0m▀\27[38;2;255;255;255;48;2;0;0;255m▀\27[0m\n" ..
      "\27[38;2;0;255;0;48;2;0;0;0m▀▀\27[0m")
  end)
end)

test("half blocks: the colours of the cube", function()
  with_environment({}, function()
    equal(blocks(neap.tensor { { { 1 } }, { { -1 } } }), "\27[38;5;231;48;5;16m▀\27[0m")
    -- 128 and 255: levels 2, which is 135, and 5; 95 is level 1
    equal(blocks(neap.tensor { { { 0, 1, -0.255 } } }), "\27[38;5;" .. 16 + 36 * 2 + 6 * 5 + 1 .. ";48;5;16m▀\27[0m")
  end)
end)

test("sixels: greys", function()
  local column = neap.tensor { { { -1 }, { 1 } }, { { -1 }, { 1 } } }
  equal(sixel(column), '\27Pq"1;1;2;2#0;2;0;0;0#0B$#100;2;100;100;100#100?B\27\\')
  local tall = neap.ones(7, 5, 1)
  equal(sixel(tall), '\27Pq"1;1;5;7#100;2;100;100;100#100!5~-#100!5@\27\\')
end)

test("sixels: colours", function()
  local red = neap.tensor { { { 1, -1, -1 } } }
  equal(sixel(red), '\27Pq"1;1;1;1#210;2;100;0;0#210@\27\\')
end)

test("sixels: dithered colours have the mean of the picture", function()
  local levels, count = { [0] = 0 }, 0
  local text = sixel(neap.full({ 4, 4, 3 }, 0.1))
  for index, r in text:gmatch "#(%d+);2;(%d+)" do
    levels[index] = tonumber(r)
  end
  local sum = 0
  for index, row in text:gmatch "#(%d+)([?-~]+)" do
    for c in row:gmatch "." do
      for bit = 0, 5 do
        local set = c:byte() - 63 >> bit & 1
        sum, count = sum + set * levels[index], count + set
      end
    end
  end
  equal(count, 16)
  check.close(sum / count, 55, 20 / 16) -- 16 thresholds between two levels of 20 percent
end)

-- Standard output is no terminal here, so the rule about that is left out by naming the protocol of the environment alone.
test("the protocol: the override, and what is no terminal", function()
  with_environment({ TERM = "xterm", KITTY_WINDOW_ID = "1" }, function()
    equal(pictures.protocol(false), "none")
    equal(pictures.protocol(true), "kitty")
  end)
  with_environment({ NEAP_PICTURES = "sixel" }, function()
    equal(pictures.protocol(false), "sixel")
  end)
  with_environment({ NEAP_PICTURES = "gif" }, function()
    check.raises("NEAP_PICTURES: expected kitty, iterm2, sixel, blocks, none, got 'gif'", function() pictures.protocol() end)
  end)
end)

test("the protocol: terminals", function()
  for _, case in ipairs {
    { "none", {} }, { "none", { TERM = "dumb", KITTY_WINDOW_ID = "1" } }, { "blocks", { TERM = "xterm-256color" } },
    { "none", { TERM = "xterm", NO_COLOR = "1" } }, { "blocks", { TERM = "tmux-256color", KITTY_WINDOW_ID = "1" } },
    { "blocks", { TERM = "xterm-kitty", TMUX = "x" } }, { "kitty", { TERM = "xterm-kitty" } },
    { "kitty", { TERM = "xterm", KONSOLE_VERSION = "230804" } }, { "kitty", { TERM = "xterm-ghostty" } },
    { "iterm2", { TERM = "xterm", TERM_PROGRAM = "iTerm.app" } }, { "iterm2", { TERM = "xterm", TERM_PROGRAM = "WezTerm" } },
    { "sixel", { TERM = "foot" } }, { "sixel", { TERM = "mlterm" } },
  } do
    with_environment(case[2], function()
      equal(pictures.protocol(true), case[1])
    end)
  end
end)

test("show: what is no picture", function()
  check.raises("show: expected pictures [N, H, W, C] or [H, W, C] with 1 or 3 channels", function()
    pictures.show(neap.zeros(2, 3))
  end)
end)
check.finish()
