-- JSON: what Lua's values become and come back as, and what is refused.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local test, equal, raises = check.test, check.equal, check.raises
local encode, decode = core.json_encode, core.json_decode

test("encode: values, lists, names in order", function()
  equal({ encode "a", encode(1), encode(0.5), encode(true), encode {} }, { '"a"', "1", "0.5", "true", "{}" })
  equal(encode { 1, { 2, {} }, "x" }, '[1, [2, {}], "x"]')
  equal(encode { b = 1, a = { d = false, c = "\"\n" } }, '{"a": {"c": "\\"\\n", "d": false}, "b": 1}')
  equal(encode { h = 1, c = 2, f = 3, a = 4, e = 5, b = 6, g = 7, d = 8 },
    '{"a": 4, "b": 6, "c": 2, "d": 8, "e": 5, "f": 3, "g": 7, "h": 1}')
  equal({ encode(2.0), encode(1e100), encode(-1 / 3), encode(1 << 62) },
    { "2.0", "1e100", "-0.333333333333", "4611686018427387904" })
end)

test("decode: the same values", function()
  for _, value in ipairs { "a\0b", "ünï", 1, 0.5, true, false, { 1, 2, { 3 } }, { a = { b = { "c" } } } } do
    equal(decode(encode(value)), value)
  end
  equal({ math.type(decode "1"), math.type(decode "1.0") }, { "integer", "float" })
  equal(decode ' { "a" : [ null, 2 ] } ', { a = { nil, 2 } })
  equal(decode "{}", {})
end)

test("text that is not UTF-8: as bytes, and back", function()
  equal({ encode "caf\xe9", encode { "\0\xff" } }, { '{"bytes": "636166e9"}', '[{"bytes": "00ff"}]' })
  for _, value in ipairs { "caf\xe9", "\0\xff", { path = "/a\xe9/b\n", n = 1 }, { { bytes = "\xed\xa0\x80" } } } do
    equal(decode(encode(value)), value)
  end
end)

test("objects that only look like bytes stay objects", function()
  for _, value in ipairs { { bytes = "6361" }, { bytes = "E9" }, { bytes = "e" }, { bytes = "" }, { bytes = 9 },
    { bytes = "e9", more = 1 } } do
    equal(decode(encode(value)), value)
  end
  raises("json: cannot hold a table of 'bytes' alone, which stands for text that is not UTF-8", function()
    encode { a = { bytes = "e9" } }
  end)
end)

test("encode: what JSON cannot hold", function()
  raises("json: cannot hold a nil", function() encode(nil) end)
  raises("json: cannot hold a function", function() encode { a = { print } } end)
  raises("json: cannot hold a number that is not finite", function() encode { 0 / 0 } end)
  raises("json: cannot hold a number that is not finite", function() encode { a = -math.huge } end)
  raises("json: '\xff' cannot be a key", function() encode { ["\xff"] = 1 } end)
  raises("json: 'a' cannot be a key", function() encode { ["a\0b"] = 1 } end)
  raises("json: expected names as keys, got number", function() encode { [1.5] = 1 } end)
end)

test("encode: lists with names or gaps, tables without end", function()
  raises("json: expected a list without gaps or names, got 2 entries, 1 of them in sequence", function()
    encode { 1, a = 2 }
  end)
  raises("json: expected a list without gaps or names, got 2 entries, 1 of them in sequence", function()
    encode { 1, nil, 3 }
  end)
  local endless = {}
  endless.a = { endless }
  raises("json: expected tables at most 32 deep", function() encode(endless) end)
end)

test("decode: nil and the reason for what is no JSON", function()
  local function refused(text, reason)
    local value, message = decode(text)
    equal({ value, message }, { nil, reason })
  end
  refused("[1,", "line 1: ']' expected near end of file")
  refused("{\n\"a\": }", "line 2: unexpected token near '}'")
  refused("[1] x", "line 1: end of file expected near 'x'")
  refused('{"a": 1, "a": 2}', "line 1: duplicate object key near '\"a\"'")
  refused("1e999", "line 1: real number overflow near '1e999'")
  refused("99999999999999999999", "line 1: too big integer near '99999999999999999999'")
  refused(("["):rep(100000), "line 1: maximum parsing depth reached near '['")
  equal(decode "", nil)
  raises("bad argument #1 to 'decode' (string expected, got no value)", function() decode() end)
end)

test("exact reals are read back as they are, in as few digits as that takes", function()
  for _, value in ipairs { 1 / 3, 0.1, 1e-300, 123456789.123456789, -2 ^ -1074, 2 ^ 53 + 2.0 } do
    equal(decode(encode({ x = { value } }, true)).x[1], value)
  end
  equal(encode({ 0.1, 0.25 }, true), "[0.1, 0.25]")
  equal(encode({ 1 / 3 }), "[0.333333333333]")
end)

check.finish()
