--- neap env
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local precision = require "neap.train.precision"

return function(list)
  arguments.none("env", list)
  local machine = core.machine()
  local openblas, reason = core.openblas()
  local rows = {
    { "version", core.version },
    { "processor", machine.cpu },
    { "instructions", machine.isa .. (machine.isa ~= machine.isa_supported and " (of " .. machine.isa_supported .. ")" or "") },
    { "threads", core.threads() },
    { "precision", ("auto is %s: %s"):format(precision.automatic()) },
    { "products", machine.gemm },
    { "openblas", openblas or "none: " .. reason },
    { "lua", _VERSION },
    { "built with", machine.flags .. "(" .. machine.compiler .. ")" },
    { "plugins", core.plugin_dir },
    { "more plugins", core.plugin_path ~= "" and core.plugin_path or "none; set NEAP_PLUGIN_PATH" },
  }
  for _, row in ipairs(rows) do
    print(("%-13s %s"):format(row[1], row[2]))
  end
end
