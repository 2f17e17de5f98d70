-- Rectified flow of Fashion-MNIST in a loop of its own: schedule, accumulated gradients, averaged weights, checkpoints and
-- resume, by hand. `neap sample` and `neap eval` open its checkpoint. docs/loops.md explains it.
--
--   neap run recipes/loop_flow.lua
--   neap run recipes/loop_flow.lua resume=true     # after Ctrl-C: from the last checkpoint, with the same bits
--   neap sample runs/loop_flow --label Sneaker -o sneakers.png
--   neap run recipes/loop_flow.lua model.width=192 out=runs/loop_flow_wide
--
-- Time: 4 minutes on two cores, from the examples of recipes/quickstart.lua. Reaches: not measured.
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  lr = 4e-3, warmup = neap.whole(50, 0), pieces = neap.whole(2), -- batches whose gradients make a step
  label_dropout = 0.1, save_every = neap.whole(200),
  steps = 1800, batch = 32, out = "runs/loop_flow", resume = false,
}

local data = neap.dataset.idx {
  path = o.data, label_names = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
}
local model = neap.architecture.dit { size = 28, channels = 1, patch = 4, width = 128, depth = 4, heads = 4, classes = 10 }
local optimizer = neap.optimizer.adamw { model = model, lr = o.lr, clip = 1, ema = 0.995 }
local rate = neap.schedule { steps = o.steps, warmup = o.warmup, decay = "cosine" }

-- What a checkpoint holds. The objective tells samplers what the network predicts, and that it knows rows without a label.
local loop = {
  model = model, optimizer = optimizer, data = data, step = 0,
  objective = neap.objective.flow_matching { label_dropout = o.label_dropout },
  sampler = neap.sampler.euler { steps = 50, guidance = neap.guidance.cfg { w = 2 } },
}
if o.resume then
  print(("goes on at step %d"):format(neap.checkpoint.resume(o.out, loop)))
end

local function loss_of(x, y)
  local z, t = neap.randn_like(x), neap.uniform(0, 1)
  if neap.uniform() < o.label_dropout then
    y = neap.full({ o.batch }, 10, "i32") -- the null class
  end
  return (z - x - model((1 - t) * x + t * z, t, y)):square():mean()
end

while loop.step < o.steps do
  local sum = 0
  for piece = 1, o.pieces do
    local x, y = data:batch(loop.step * o.pieces + piece, o.batch, neap.seed())
    local loss = loss_of(x, y) / o.pieces
    loss:backward() -- adds to the gradients
    sum = sum + loss:item()
  end
  loop.step = loop.step + 1
  optimizer:step(rate(loop.step))
  if loop.step % o.save_every == 0 or loop.step == o.steps then
    print(("step %d  loss %.4f  %s"):format(loop.step, sum, neap.checkpoint.save(o.out, loop)))
  end
end
