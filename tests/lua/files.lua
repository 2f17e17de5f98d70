-- Files in Lua: what writing does to what stands at a path, texts of pictures, folders.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local folder = os.tmpname()
os.remove(folder)
core.folder_make(folder)

local function at(name)
  return folder .. "/" .. name
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function shell(command, ...)
  return assert(io.popen(command:format(...))):read "a"
end

local writers = {
  function(path) core.file_save(path, "new") end,
  function(path) core.npy_save(path, neap.zeros(2)) end,
  function(path) core.png_save(path, neap.zeros(2, 2, 1)) end,
  function(path)
    local film <close> = core.film_open(path, 1, { 2, 2, 1 })
    film:add(neap.zeros(2, 2, 1), 0.1)
    film:save()
  end,
  function(path) core.safetensors_save(path, { { "x", neap.zeros(2) } }, {}) end,
}

test("links are followed, and modes stay", function()
  shell("cd '%s' && mkdir a && ln -s a/file link", folder)
  for _, write in ipairs(writers) do
    shell("cd '%s' && echo old >a/file && chmod 640 a/file", folder)
    write(at "link")
    equal(shell("cd '%s' && stat -c '%%F %%a' link a/file", folder), "symbolic link 777\nregular file 640\n")
    check.truth(read(at "a/file") ~= "old\n", "the file is the old one")
  end
end)

test("pipes are written into", function()
  shell("cd '%s' && mkfifo pipe", folder)
  for i, write in ipairs(writers) do
    write(at "plain")
    local reader <close> = assert(io.popen(("timeout 60 cat '%s'"):format(at "pipe")))
    write(at "pipe")
    check.truth(reader:read "a" == read(at "plain"), "writer " .. i)
  end
  equal(shell("cd '%s' && stat -c %%F pipe", folder), "fifo\n")
end)

test("temporary files of killed processes go, those of another machine after a day", function()
  local fresh, old = at ".file.neap-00000000-1-0", at ".file.neap-00000000-1-1"
  shell("touch '%s'; touch -d '2 days ago' '%s'", fresh, old)
  equal(core.folder_clean(folder), 1)
  equal({ core.exists(fresh), core.exists(old) }, { "file", nil })
  equal(core.folder_clean(at "none"), 0)
  os.remove(fresh)
end)

test("texts of pictures: each is written, or refused", function()
  local texts = {}
  for i = 1, 200 do
    texts["key " .. i] = "text " .. i
  end
  neap.image.save(at "a.png", neap.zeros(1, 1, 1), texts)
  neap.image.film(at "b.png", { neap.zeros(1, 1, 1) }, { text = texts })
  for _, name in ipairs { "a.png", "b.png" } do
    local bytes = read(at(name))
    for key, text in pairs(texts) do
      check.truth(bytes:find(key .. "\0" .. text, 1, true), ("%s: %s is missing"):format(name, key))
    end
  end
  local function save(text)
    return function() neap.image.save(at "a.png", neap.zeros(1, 1, 1), text) end
  end
  raises("text of a picture: expected a text for each name, got number", save { a = 1 })
  raises("text of a picture: expected names as keys, got number", save { "a" })
  raises("text of a picture: expected no NUL, got one in 'b'", save { a = "b\0c" })
  raises("text of a picture: expected no NUL, got one in 'a'", save { ["a\0b"] = "c" })
  raises("text of a picture: expected a table of texts by name, got string", save "text")
end)

test("tensors and metadata by texts that the file can hold", function()
  local x = neap.zeros(1)
  local function save(tensors, metadata)
    return function() core.safetensors_save(at "file", tensors, metadata) end
  end
  raises("safetensors: entry 1: expected text, got number", save({ { 1, x } }, {}))
  raises("safetensors: entry 2: expected text, got number", save({ { "a", x } }, { { "a", "b" }, { "a", 1 } }))
  raises("safetensors: entry 1: expected text without NUL, got one in 'a'", save({ { "a\0b", x } }, {}))
  raises("safetensors: entry 1: expected text without NUL, got one in 'b'", save({}, { { "a", "b\0c" } }))
  equal(core.exists(at "file"), nil)
end)

test("names of a folder: all, or an error", function()
  shell("mkdir '%s'; touch '%s/1' '%s/2' '%s/.3'", at "names", at "names", at "names", at "names")
  local names = core.folder_list(at "names")
  table.sort(names)
  equal(names, { "1", "2" })
  equal({ core.folder_list(at "none"), core.folder_list(at "plain") }, { {}, {} })
  local long = at(("n"):rep(300))
  raises(long .. ": cannot be read: File name too long", function() core.folder_list(long) end)
end)

shell("rm -r '%s'", folder)
check.finish()
