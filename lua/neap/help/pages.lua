--- What is written from the tables of help: reference pages, stubs for editors, the man page, completion of shells.
local check = require "neap.check"
local core = require "neap.core"

local pages = {}

local WRITERS = { "markdown", "stubs", "manual", "completion" }

--- All files as { path = text }; the paths are those below docs/.
function pages.files()
  local files = {}
  for _, name in ipairs(WRITERS) do
    for path, text in pairs(require("neap.help.pages." .. name)()) do
      files[path] = text
    end
  end
  return files
end

--- Writes all files below a folder and prints their paths.
function pages.write(folder)
  local files = pages.files()
  for _, path in ipairs(check.names(files)) do
    local whole = folder .. "/" .. path
    core.folder_make(whole:match "^(.*)/")
    core.file_save(whole, files[path])
    print(whole)
  end
end

return pages
