-- Eight narrow peaks on a ring, learned by two GANs that differ only in their loss: minimax, which loses most of the
-- peaks (mode collapse), and the relativistic loss with gradient penalties on the discriminator, which does not (Huang
-- et al. 2024). Prints how many peaks each finds, and draws runs/gan_2d/modes.png.
--
--   neap run recipes/gan_2d.lua
--
-- Time: 75 seconds on one core. Reaches: 8 of 8 peaks with the relativistic loss, 2 or 3 with minimax (docs/results.md).
local neap = require "neap"

local o = neap.options {
  width = 128, depth = 3, latent = 16, lr = 1e-3, beta1 = 0.5, ema = 0.999, gamma = 0.005,
  steps = 10000, samples = neap.whole(10000), -- training steps; scored samples
  out = "runs/gan_2d",
}

local PEAKS, RADIUS, DEVIATION = 8, 0.8, 0.02 -- of gaussians8 with this noise; with 0.05 minimax finds them all
local data = neap.dataset.toy2d { shape = "gaussians8", noise = DEVIATION, count = 1000000, labels = false }

local function train(name, objective)
  local model = neap.architecture.gan {
    style = "mlp", rows = 1, columns = 1, channels = 2, width = o.width, depth = o.depth, latent = o.latent,
  }
  local adam = neap.optimizer.adamw { lr = o.lr, beta1 = o.beta1, ema = o.ema }
  neap.train {
    model = model, data = data, objective = objective, optimizer = adam, sampler = neap.sampler.latent {}, batch = 256,
    precision = "fp32", -- bf16 has too few digits for points
    steps = o.steps, decay = "none", out = o.out .. "/" .. name,
  }
  return model
end

-- The number of peaks that have at least a tenth of their share of the samples within three deviations, and the share of
-- the samples within three deviations of any peak.
local function found(points)
  local counts, near = {}, 0
  for _, p in ipairs(points:reshape(-1, 2):tolist()) do
    for k = 1, PEAKS do
      local angle = 2 * math.pi * k / PEAKS
      if (p[1] - RADIUS * math.cos(angle)) ^ 2 + (p[2] - RADIUS * math.sin(angle)) ^ 2 <= (3 * DEVIATION) ^ 2 then
        counts[k], near = (counts[k] or 0) + 1, near + 1
      end
    end
  end
  local peaks = 0
  for k = 1, PEAKS do
    peaks = peaks + ((counts[k] or 0) >= o.samples / PEAKS / 10 and 1 or 0)
  end
  return peaks, near / o.samples
end

local RANGE, SHOWN = { -1.5, 1.5 }, math.min(2000, o.samples)

local function panel(title, points)
  local figure = neap.plot { width = 320, height = 340, x = RANGE, y = RANGE, equal = true, title = title }
  return figure:points(points:slice(0, 0, SHOWN), { color = "red", size = 2, alpha = 0.5 })
end

local objectives = {
  { "minimax", neap.objective.adversarial { loss = "minimax" } },
  { "relativistic", neap.objective.adversarial { loss = "relativistic", r1 = o.gamma, r2 = o.gamma } },
}
local panels, lines = { panel("Data", (data:batch(1, SHOWN))), columns = 3 }, {}
for _, entry in ipairs(objectives) do
  local name, objective = table.unpack(entry)
  local points = neap.sampler.latent {}:sample(train(name, objective), { n = o.samples, seed = 0 })
  local peaks, share = found(points)
  lines[#lines + 1] = ("%-12s %d of %d peaks, %.1f%% of the samples within three deviations"):format(name, peaks, PEAKS,
    100 * share)
  panels[#panels + 1] = panel(("%s: %d of %d"):format(name, peaks, PEAKS), points)
end
neap.plot.panels(panels):save(o.out .. "/modes.png", { scale = 2 })
print(table.concat(lines, "\n"))
print(o.out .. "/modes.png")
