-- Heun's method as a sampler in Lua, for recipes/lua_sampler.lua; plugins/sampler/heun.c has it in C. A checkpoint of a run that
-- uses it holds this text. Not a recipe of its own.
local neap = require "neap"

neap.define.sampler {
  name = "lua_heun", help = "Heun's method, in Lua.", steps = 13,
  step = function(_, field, x, t, s)
    local h = s - t
    local v = field:velocity(x, t)
    local last = x + v * h
    if s == 0 then
      return last -- at the picture there is no noise left from which a network could infer the velocity
    end
    return x + (v + field:velocity(last, s)) * (h / 2)
  end,
}
