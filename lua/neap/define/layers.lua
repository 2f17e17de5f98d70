--- Layers that an architecture in Lua makes while it is built: model:linear(path, inside, outside, init),
-- model:conv(path, settings), model:norm(path, channels, groups), model:embedding(path, rows, width). Each makes
-- parameters, and returns a function of a tensor. Their names and layouts are those of the layers of plugins.
local core = require "neap.core"

local layers, ops = {}, core.ops

--- x [.., inside] -> [.., outside]; `init` is that of the weight, "kaiming" by default.
function layers.linear(model, path, inside, outside, init)
  local weight = model:parameter(path .. ".weight", { outside, inside }, init or "kaiming")
  local bias = model:parameter(path .. ".bias", { outside }, "zero")
  return function(x)
    return ops.linear(x, weight, bias)
  end
end

--- x [B, rows, columns, inside] -> the same of `outside` channels. settings: { inside, outside, kernel = 3, stride = 1, padding =
-- kernel // 2, init = "kaiming" }.
function layers.conv(model, path, settings)
  local kernel = settings.kernel or 3
  local weight = model:parameter(path .. ".weight", { settings[2], kernel, kernel, settings[1] }, settings.init or "kaiming")
  local bias = model:parameter(path .. ".bias", { settings[2] }, "zero")
  local window = { stride = settings.stride or 1, padding = settings.padding or kernel // 2 }
  return function(x)
    return ops.conv2d(x, weight, bias, window)
  end
end

--- Group norm.
function layers.norm(model, path, channels, groups)
  local scale = model:parameter(path .. ".weight", { channels }, "one")
  local shift = model:parameter(path .. ".bias", { channels }, "zero")
  return function(x)
    return ops.group_norm(x, scale, shift, { groups = groups })
  end
end

--- Rows of a table by labels i32 [B].
function layers.embedding(model, path, rows, width)
  local weight = model:parameter(path .. ".weight", { rows, width }, { normal = 0.02 })
  return function(labels)
    return ops.embedding(weight, labels)
  end
end

core.set_layers(layers)

return layers
