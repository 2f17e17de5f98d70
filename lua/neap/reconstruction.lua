--- Reconstructions of pictures by an autoencoder, for grids and scores. In a recipe:
--
--   local x = neap.reconstruction.examples(data:component(), 8)
--   local y = neap.reconstruction.of(autoencoder, x)
--   neap.image.save("both.png", neap.image.grid(neap.reconstruction.rows({ x, y }, 8), { columns = 8 }))
local core = require "neap.core"
local evaluate = require "neap.evaluate"
local real = require "neap.evaluate.real"
local tensor = require "neap.tensor"

local reconstruction = {}

local BATCH, BACKGROUND = 64, -1

--- Is the model an autoencoder without a velocity? Then its pictures are reconstructions.
function reconstruction.fits(model)
  return model:offers "encode" and model:offers "decode" and not model:offers "velocity"
end

-- The means of the latents of x, without the draw that training adds.
local function means(model, x)
  local moments = model:encode(x)
  return core.ops.contiguous(core.ops.slice(moments, 3, 0, moments:size(3) // 2))
end

--- The reconstructions of pictures [N, H, W, C] from the means of their latents, in [-1, 1], `batch` (64) at a time.
function reconstruction.of(model, x, batch)
  return (tensor.no_grad(evaluate.by_batches, x, batch or BATCH, function(rows)
    return core.ops.clamp(model:decode(means(model, rows)), -1, 1)
  end))
end

--- The first n examples, or all when there are fewer, of a data set's test part, shuffled by `seed` (0). A data set without a
-- test part, or with an empty one, gives its own examples, and the reason follows.
function reconstruction.examples(component, n, seed)
  local source <close>, reason = real.held_out(component, n)
  return source:batch(1, math.min(n, source:count()), seed or 0), reason
end

--- Prints why reconstructions are of training pictures and not of held-out ones, if there is a reason; `who` begins the line.
function reconstruction.explain(who, reason)
  if reason then
    io.stderr:write(("%s: reconstructions are of pictures of the data set itself: %s\n"):format(who, reason))
  end
end

-- Rows first, ..., last - 1 of x, and background up to `columns` pictures.
local function row(x, first, last, columns)
  local shape = core.methods.shape(x)
  local part = core.ops.slice(x, 0, first, last)
  if last - first == columns then
    return part
  end
  return core.ops.concat({ part, core.full({ columns - (last - first), shape[2], shape[3], shape[4] }, BACKGROUND) }, 0)
end

--- Pictures in the order of a grid of `columns`: a row of the first tensor [N, H, W, C] of the list, below it the same row of the
-- second, and so on.
function reconstruction.rows(list, columns)
  local n, parts = core.methods.shape(list[1])[1], {}
  for first = 0, n - 1, columns do
    for _, x in ipairs(list) do
      parts[#parts + 1] = row(x, first, math.min(n, first + columns), columns)
    end
  end
  return evaluate.join(parts)
end

return reconstruction
