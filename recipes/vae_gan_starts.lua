-- Does a VAE-GAN survive the start of its discriminator? Trains a VAE of emoji, and from it a VAE-GAN for each of several
-- seeds, without the guard that would take a collapsed run back. Prints for each of them
--
--   before, least   PSNR in training before the adversarial loss reaches the decoder, and the least one since; means
--                   over 100 steps
--   end, energy     PSNR and gradient energy of held-out pictures at the end; the line `vae` has those of the VAE
--   real, fake      mean logits of the last 100 steps
--
-- An hour and a quarter on two cores. A second call goes on, as recipes/latent_stages.lua describes, and prints the table again.
--
--   neap run recipes/vae_gan_starts.lua
--   neap run recipes/vae_gan_starts.lua minutes=120 seed=3 adversarial=0.1
--
-- Time: 75 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local fidelity = require "neap.evaluate.fidelity"
local latent = require "latent_stages"

local o = latent.options {
  size = 64, background = "white", minutes = 75,
  seed = neap.whole(0, 0), seeds = neap.whole(3), -- the first seed, and how many
  guard = false, -- true: as in other recipes, a run goes back when its reconstruction has become worse by half
  least = 3.0, last = 1.0, -- dB that a surviving run may lose after the start, and below the VAE at the end
  held_out = neap.whole(500), -- pictures, at most
  out = "runs/vae_gan_starts",
}
local SPAN = 100 -- steps of a mean

local data = neap.dataset.emoji { size = o.size, background = o.background, flip = true }

-- --- Training ---------------------------------------------------------------------------------------------------------

local stages, names = { only = o.only, minutes = o.minutes }, {}
stages[1] = { name = "vae", share = 2, run = function(stage) return latent.train_vae(o, data, stage) end }
for seed = o.seed, o.seed + o.seeds - 1 do
  names[#names + 1] = ("seed_%d"):format(seed)
  stages[#stages + 1] = { name = names[#names], run = function(stage)
    neap.seed(seed)
    stage.seed = seed
    if not o.guard then
      stage.guard = false
    end
    return latent.train_vae_gan(o, data, o.out .. "/vae", stage)
  end }
end
neap.stages(stages)

-- --- The table --------------------------------------------------------------------------------------------------------

-- Means of a value over SPAN steps each, from step `from` to step `to`.
local function means(rows, name, from, to)
  local sums, counts, list = {}, {}, {}
  for _, row in ipairs(rows) do
    if row[name] and from <= row.step and row.step <= to then
      local i = (row.step - from) // SPAN
      sums[i], counts[i] = (sums[i] or 0) + row[name], (counts[i] or 0) + 1
    end
  end
  for i, sum in pairs(sums) do
    list[#list + 1] = sum / counts[i]
  end
  return list
end

-- PSNR and gradient energy of reconstructions of held-out pictures.
local function fidelity_of(run, x)
  local scores = {}
  for _, score in ipairs(fidelity.score(x, neap.reconstruction.of(neap.checkpoint.load(run).model, x))) do
    scores[score.name] = score.value
  end
  return scores.psnr, scores.gradient_energy
end

local function numbers_of(run, x)
  local rows = neap.metrics(run)
  local last = rows[#rows].step
  local before, after = means(rows, "psnr", o.g_start - SPAN, o.g_start - 1), means(rows, "psnr", o.g_start, last)
  if #before == 0 or #after == 0 then
    error(("vae_gan_starts: %s: expected steps before and after g_start, %d, got %d steps"):format(run, o.g_start, last), 0)
  end
  local psnr, energy = fidelity_of(run, x)
  return {
    before = before[1], least = math.min(table.unpack(after)), psnr = psnr, energy = energy,
    real = means(rows, "real_logit", last - SPAN + 1, last)[1], fake = means(rows, "fake_logit", last - SPAN + 1, last)[1],
  }
end

if o.only == "" then
  local x = neap.reconstruction.examples(data:component(), o.held_out)
  local psnr, energy = fidelity_of(o.out .. "/vae", x)
  local survived = 0
  print "run       before  least    end  energy    real    fake"
  print(("%-8s %14s %6.2f  %6.3f"):format("vae", "", psnr, energy))
  for _, name in ipairs(names) do
    local n = numbers_of(o.out .. "/" .. name, x)
    print(("%-8s %7.2f %6.2f %6.2f  %6.3f %7.3f %7.3f"):format(name, n.before, n.least, n.psnr, n.energy, n.real, n.fake))
    survived = survived + (n.least >= n.before - o.least and n.psnr >= psnr - o.last and 1 or 0)
  end
  print(("%d of %d survived"):format(survived, o.seeds))
end
