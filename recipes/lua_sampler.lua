-- A sampler in Lua, and the same in C: both draw the same bits. Trains a flow on points for some seconds, with samples of the
-- sampler in Lua (recipes/lua_heun.lua), and compares these with those of plugins/sampler/heun.c.
--
--   neap run recipes/lua_sampler.lua [n=1000] [grid=13]
--   neap sample runs/lua_sampler -n 100 --raw points.npy     # by the definition that the checkpoint holds
--
-- Time: 1 second on one core. Reaches: the same bits from both.
local neap = require "neap"
local o = neap.options { n = neap.whole(1000), grid = neap.whole(13) }

neap.define.load "lua_heun.lua"

local model = neap.architecture.mlp { hidden = 64, depth = 3 }
neap.train {
  model = model, data = neap.dataset.toy2d { shape = "moons", labels = false }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, sampler = neap.sampler.lua_heun { steps = o.grid },
  precision = "fp32", batch = 128, steps = 1000, ema = 0.99,
}

-- Samples of both, with as many steps, from the same noise; and the seconds that they took.
local function draw(sampler)
  local began = os.clock()
  local x = sampler:sample(model, { n = o.n, seed = 1 })
  return x, os.clock() - began
end

local in_lua, lua_seconds = draw(neap.sampler.lua_heun { steps = o.grid })
local in_c, c_seconds = draw(neap.sampler.heun { steps = o.grid })
local different = in_lua:ne(in_c):cast "f32":sum():item()
print(("%d points by each sampler: %d numbers differ; %.3f s in Lua, %.3f s in C"):format(o.n, different, lua_seconds, c_seconds))
if different > 0 then
  error("the samples of lua_heun and heun differ", 0)
end
