--- Seed and stream of the random numbers of a recipe. Each random call takes the next stream of the seed.
local random = { seed = 0, taken = 0 }

-- Streams of recipes begin above those of training.
local FIRST = 1 << 32

--- Sets the seed and restarts the streams.
function random.reset(seed)
  random.seed, random.taken = seed, 0
end

function random.next_stream()
  random.taken = random.taken + 1
  return FIRST + random.taken
end

return random
