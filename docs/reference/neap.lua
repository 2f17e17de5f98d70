---@meta neap
-- Written by `neap help --write docs`; do not edit it.

---@class neap.tensor
---@field dtype string The type of the elements: f32, f64, bf16, i32 or u8.
---@field requires_grad boolean Does backward store a gradient here, or lead to a tensor where it does?
---@field grad neap.tensor The gradient that backward stored, or nil. It is a property: x.grad, not x:grad().
---@operator add(neap.tensor|number): neap.tensor
---@operator sub(neap.tensor|number): neap.tensor
---@operator mul(neap.tensor|number): neap.tensor
---@operator div(neap.tensor|number): neap.tensor
---@operator pow(neap.tensor|number): neap.tensor
local tensor = {}

---@class neap.model
local model = {}

---@class neap.dataset
local dataset = {}

---@class neap.component
local component = {}

---@class neap.sampler
---@field guidance neap.component The guidance, or nil.
local sampler = {}

---@class neap.run
---@field path string Folder of the run.
---@field step number The last step.
---@field loss number The loss of that step.
---@field checkpoint string Path of the checkpoint.
local run = {}

---@class neap.optimizer
local optimizer = {}

---@class neap.film
local film = {}

---@class neap.figure
local figure = {}

---@class neap.series
local series = {}

---@class neap
local neap = {}

--- Version of neap.
---@type string
neap.version = nil

--- Networks: neap.architecture.NAME { .. } makes a model with new weights.
neap.architecture = {}

--- What a network learns: neap.objective.NAME { .. }, for neap.train.
neap.objective = {}

--- Samplers: neap.sampler.NAME { guidance = .., .. }.
neap.sampler = {}

--- Guidance of samplers: neap.guidance.NAME { .. }.
neap.guidance = {}

--- Data sets: neap.dataset.NAME { .. } opens one.
neap.dataset = {}

--- Metrics: neap.metric.NAME { .. }, for neap.evaluate.score.
neap.metric = {}

--- Components written in Lua, by kind; docs/lua.md describes the functions of each kind.
neap.define = {}

--- Optimizers: settings for neap.train or, with a model, an object for a loop of your own.
neap.optimizer = {}

--- Checkpoints: one safetensors file with the weights and all that sampling or a resume needs.
neap.checkpoint = {}

--- Pictures: f32 [N, H, W, C] or [H, W, C] in [-1, 1].
neap.image = {}

--- Arrays of NumPy.
neap.npy = {}

--- A figure of points, lines, arrows and texts, for SVG or PNG.
---@overload fun(settings: table): neap.figure
neap.plot = {}

--- Scores of samples: evidence of pictures, and metrics that compare it.
neap.evaluate = {}

--- Reconstructions of pictures by an autoencoder.
neap.reconstruction = {}

--- Aids for wrong gradients.
neap.autograd = {}

--- Sets the number of threads of the process, 0 for one for each core; returns it.
---@param n? integer
---@return number
function neap.threads(n) end

--- Bytes of tensors: live, peak, reserved; and resident_peak of the process.
---@return table
function neap.memory() end

--- Sets the precision of matrix products, f32 or bf16; returns the former one.
---@param name? string
---@return string
function neap.precision(name) end

--- What there is at a path: "file", "folder" or nil.
---@param path string
---@return string
function neap.exists(path) end

--- Makes a folder and those above it.
---@param path string
function neap.folder(path) end

--- A tensor with the numbers of a nested table.
---@param numbers table Numbers, or tables of them, all of one size.
---@param dtype? string f32, f64, bf16, i32 or u8.
---@return neap.tensor
function neap.tensor(numbers, dtype) end

--- A tensor with one value everywhere.
---@param shape table
---@param value number
---@param dtype? string
---@return neap.tensor
function neap.full(shape, value, dtype) end

--- A tensor of zeros.
---@param ... integer Sizes of the axes, or one table of them.
---@return neap.tensor
function neap.zeros(...) end

--- A tensor of ones.
---@param ... integer Sizes of the axes, or one table of them.
---@return neap.tensor
function neap.ones(...) end

--- Numbers from start (0) to below stop.
---@param start? number
---@param stop number
---@param step? number
---@return neap.tensor
function neap.arange(start, stop, step) end

--- Numbers at equal distances, both ends included.
---@param first number
---@param last number
---@param count integer
---@return neap.tensor
function neap.linspace(first, last, count) end

--- Standard normal numbers, by the seed of the recipe.
---@param ... integer Sizes of the axes, or one table of them.
---@return neap.tensor
function neap.randn(...) end

--- Uniform numbers in [0, 1), by the seed of the recipe.
---@param ... integer Sizes of the axes, or one table of them.
---@return neap.tensor
function neap.rand(...) end

--- Standard normal numbers in the shape of x.
---@param x neap.tensor
---@return neap.tensor
function neap.randn_like(x) end

--- Uniform numbers in the shape of x.
---@param x neap.tensor
---@return neap.tensor
function neap.rand_like(x) end

--- One uniform number in [low, high).
---@param low? number
---@param high? number
---@return number
function neap.uniform(low, high) end

--- Sets the seed of random calls and restarts their streams; returns the seed.
---@param n? integer
---@return number
function neap.seed(n) end

--- Calls f without recording gradients, and returns its results.
---@param f function
---@param ... any Arguments of f.
---@return any ...
function neap.no_grad(f, ...) end

--- Calls f in training mode, as neap.train runs a step: batch norm uses the statistics of the batch.
---@param f function
---@param ... any Arguments of f.
---@return any ...
function neap.training(f, ...) end

--- Gradients of a scalar y by a list of tensors; the method is y:gradients(inputs).
---@param y neap.tensor
---@param inputs table
---@param flags table { create_graph = true } records them for second gradients; { keep_graph = true } keeps the tape of y.
---@return table
function neap.gradients(y, inputs, flags) end

--- n tensors of equal size along an axis; also x:chunk(n [, axis]).
---@param x neap.tensor
---@param n integer
---@param axis? integer
---@return neap.tensor
---@return any ...
function neap.chunk(x, n, axis) end

--- Pictures [B, rows, columns, C] in another size; also x:resize(..).
---@param x neap.tensor
---@param rows integer
---@param columns integer
---@param mode? string nearest or linear.
---@return neap.tensor
function neap.resize(x, rows, columns, mode) end

--- Means over windows of pictures, which include the zeros of padding; also x:average_pool(..).
---@param x neap.tensor
---@param kernel integer
---@param stride? integer
---@param padding? integer
---@return neap.tensor
function neap.average_pool(x, kernel, stride, padding) end

--- Maxima over windows of pictures; also x:max_pool(..).
---@param x neap.tensor
---@param kernel integer
---@param stride? integer
---@param padding? integer Up to half the kernel.
---@return neap.tensor
function neap.max_pool(x, kernel, stride, padding) end

--- Spherical linear interpolation from noise a to noise b, both included: [count, ..].
---@param a neap.tensor
---@param b neap.tensor
---@param count integer
---@return neap.tensor
function neap.interpolate(a, b, count) end

--- Weights of classes from one class to another, for `mixture` of sampler:sample: [count, classes + 1].
---@param classes integer
---@param from integer
---@param to integer
---@param count integer
---@return neap.tensor
function neap.morph(classes, from, to, count) end

--- Adds the gradients of a scalar to .grad of each leaf that requires one.
---@param seed? neap.tensor Gradient of the tensor itself, which need then be no scalar.
---@param flags table { keep_graph = true } allows a second backward, { create_graph = true } second gradients.
function tensor:backward(seed, flags) end

--- Gradients of a scalar by a list of tensors; .grad stays as it is.
---@param inputs table
---@param flags table As for neap.gradients.
---@return table
function tensor:gradients(inputs, flags) end

--- Turns gradients of a leaf on or off; returns the tensor.
---@param on? boolean
---@return neap.tensor
function tensor:require_grad(on) end

--- Removes the stored gradient.
function tensor:clear_grad() end

--- The same elements without the tape.
---@return neap.tensor
function tensor:detach() end

--- The number of a tensor with one element.
---@return number
function tensor:item() end

--- The elements as nested tables.
---@return table
function tensor:tolist() end

--- The sizes of the axes.
---@return table
function tensor:shape() end

--- The size of an axis; without an axis, the number of elements.
---@param axis integer
---@return number
function tensor:size(axis) end

--- Writes the elements of y in place; for parameters between steps.
---@param y neap.tensor
---@return neap.tensor
function tensor:assign(y) end

--- Iterates over the rows along axis 0; over numbers if it is the only axis.
---@return function
function tensor:each() end

--- n tensors of equal size along an axis.
---@param n integer
---@param axis? integer
---@return neap.tensor
---@return any ...
function tensor:chunk(n, axis) end

--- Pictures in another size; see neap.resize.
---@param rows integer
---@param columns integer
---@param mode? string
---@return neap.tensor
function tensor:resize(rows, columns, mode) end

--- Means over windows; see neap.average_pool.
---@param kernel any
---@param stride any
---@param padding any
---@return neap.tensor
function tensor:average_pool(kernel, stride, padding) end

--- Maxima over windows; see neap.max_pool.
---@param kernel any
---@param stride any
---@param padding any
---@return neap.tensor
function tensor:max_pool(kernel, stride, padding) end

--- Frees the elements now; `local x <close> = ..` does so at the end of a block.
function tensor:close() end

--- The velocity of a flow; model(x, t, condition) is the same.
---@param x neap.tensor Pictures [B, H, W, C].
---@param t number|neap.tensor Time from 0 (data) to 1 (noise): one number, or f32 [B].
---@param condition? neap.tensor|table Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, picture.
---@return neap.tensor
function model:velocity(x, t, condition) end

--- The average velocity from time t to r, of a mean flow.
---@param x neap.tensor Pictures [B, H, W, C].
---@param t number|neap.tensor Time from 0 (data) to 1 (noise): one number, or f32 [B].
---@param r number|neap.tensor
---@param condition? neap.tensor|table Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, picture.
---@return neap.tensor
function model:average(x, t, r, condition) end

--- Pictures of a generator from latent vectors [B, latent].
---@param z neap.tensor
---@param condition? neap.tensor|table Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, picture.
---@return neap.tensor
function model:generate(z, condition) end

--- Logits of a discriminator.
---@param x neap.tensor Pictures [B, H, W, C].
---@param condition? neap.tensor|table Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, picture.
---@return neap.tensor
function model:discriminate(x, condition) end

--- Moments of an autoencoder's latents: the means, then the logarithms of the variances.
---@param x neap.tensor Pictures [B, H, W, C].
---@return neap.tensor
function model:encode(x) end

--- Pictures of an autoencoder's latents.
---@param z neap.tensor
---@return neap.tensor
function model:decode(z) end

--- Features of a classifier or a matcher.
---@param x neap.tensor Pictures [B, H, W, C].
---@return neap.tensor
function model:features(x) end

--- Logits of a classifier.
---@param x neap.tensor Pictures [B, H, W, C].
---@return neap.tensor
function model:classify(x) end

--- What the network makes of a condition: tokens and pooled vectors of texts, { kind = tensor }.
---@param condition? neap.tensor|table Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, picture.
---@param rows integer
---@return table
function model:prepare(condition, rows) end

--- { { name, tensor }, .. } of all parameters and buffers.
---@return table
function model:parameters() end

--- The parameter of a name, or nil.
---@param name string
---@return neap.tensor
function model:parameter(name) end

--- Number of elements of all parameters.
---@return number
function model:size() end

--- Sizes: height, width, channels, classes, and what else the model takes.
---@return table
function model:spec() end

--- Shape of the noise that n samples start from.
---@param n integer
---@return table
function model:noise_shape(n) end

--- The architecture with its parameters.
---@return neap.component
function model:component() end

--- Has the network this function: velocity, generate, encode, decode, features, ..?
---@param what string
---@return boolean
function model:offers(what) end

--- The objective that trained the model, or nil.
---@return neap.component
function model:objective() end

--- Says which objective trained the model; samplers convert its output by it.
---@param objective neap.component
function model:set_objective(objective) end

--- Path of the checkpoint that the model comes from, or nil.
---@return string
function model:origin() end

--- Sets that path.
---@param path string
function model:set_origin(path) end

--- The parameters require no gradients from now on.
function model:freeze() end

--- The autoencoder whose latents the model works in, or nil.
---@return neap.model
function model:autoencoder() end

--- The model works in the latents of this autoencoder from now on.
---@param autoencoder neap.model
function model:set_autoencoder(autoencoder) end

--- Measures the statistics of an autoencoder's latents; returns the number of constant channels.
---@param data neap.dataset
---@param examples integer
---@param seed integer
---@return number
function model:measure(data, examples, seed) end

--- Are the statistics of the latents measured?
---@return boolean
function model:measured() end

--- Hash of the weights.
---@return string
function model:fingerprint() end

--- Latents of pictures; without an autoencoder, x itself.
---@param x neap.tensor Pictures [B, H, W, C].
---@return neap.tensor
function model:to_latents(x) end

--- Pictures of latents; without an autoencoder, z itself.
---@param z neap.tensor
---@return neap.tensor
function model:to_pictures(z) end

--- Iterates over x, labels, condition of batches, shuffled by the seed of the recipe; without a count it never ends.
---@param size integer
---@param count? integer
---@return function
function dataset:batches(size, count) end

--- x, labels, condition of one batch of an endless shuffled pass; steps count from 1.
---@param step integer
---@param count integer
---@param seed? integer
---@return neap.tensor
---@return neap.tensor
---@return table
function dataset:batch(step, count, seed) end

--- x, labels, condition of these examples; indices count from 0.
---@param indices table
---@return neap.tensor
---@return neap.tensor
---@return table
function dataset:read(indices) end

--- Number of examples.
---@return number
function dataset:count() end

--- Sizes: height, width, channels, classes, and what else the examples have.
---@return table
function dataset:spec() end

--- Name of a label, or nil.
---@param label integer
---@return string
function dataset:label_name(label) end

--- Names of all labels from label 0 on, or nil.
---@return table
function dataset:label_names() end

--- The data set with its parameters.
---@return neap.component
function dataset:component() end

--- The data set of the pictures: this one, or the one that was encoded to these latents.
---@return neap.component
function dataset:pictures() end

--- Fingerprint of the autoencoder whose latents these are, or nil.
---@return string
function dataset:encoded_by() end

--- The data set of the pictures as JSON, or nil.
---@return string
function dataset:encoded_from() end

--- Name of the component.
---@return string
function component:name() end

--- Its kind: architecture, objective, sampler, guidance, dataset or metric.
---@return string
function component:kind() end

--- Its parameters as JSON.
---@return string
function component:json() end

--- Name of its plugin.
---@return string
function component:plugin() end

--- Version of its plugin.
---@return string
function component:version() end

---@class sampler.sample.settings
---@field n? integer Number of samples.
---@field labels? any "each", one label for all or a list of n; a label is a number from 0 or a name.
---@field names? any Names of labels.
---@field text? any Texts, which are repeated as labels are.
---@field negative? any Guidance leads away from it.
---@field condition? table Other kinds of condition, tensors of n rows.
---@field mixture? neap.tensor Weights of classes in place of labels; see neap.morph.
---@field seed? integer Seed of the noise.
---@field noise? neap.tensor In place of noise drawn by the seed; [n, latent] for a generator.
---@field picture? neap.tensor Where sampling starts: image to image, or inpainting.
---@field level? number Time at which sampling starts from the picture.
---@field keep? neap.tensor Mask of the picture; pixels at 0 are drawn anew.
---@field invert? boolean Integrates from the picture up to its noise.
---@field batch? integer Samples drawn at a time.
---@field watch? function Called as watch(step, steps, t, x) with the noise, as step 0 of 0, and after each step.

--- Draws samples [n, H, W, C]; also returns the network evaluations of a sample, and the seconds of decoding.
---@param model neap.model
---@param settings sampler.sample.settings
---@return neap.tensor
---@return number
---@return number
function sampler:sample(model, settings) end

--- A copy with some parameters or the guidance changed.
---@param settings table
---@return neap.sampler
function sampler:with(settings) end

--- The times of its steps between two times; nil without a grid of times.
---@param from number
---@param to number
---@return table
function sampler:times(from, to) end

--- Defines a network: `build`, `spec`, and one of the calls that networks offer.
---@param settings table
function neap.define.architecture(settings) end

--- Defines a loss.
---@param settings table
function neap.define.objective(settings) end

--- Defines a sampler by `step`, or by `sample`.
---@param settings table
function neap.define.sampler(settings) end

--- Defines how velocities under several conditions are combined.
---@param settings table
function neap.define.guidance(settings) end

--- Defines a data set by `open`, which returns its examples as tensors.
---@param settings table
function neap.define.dataset(settings) end

--- Defines a score of samples.
---@param settings table
function neap.define.metric(settings) end

--- Runs a file of definitions, whose text checkpoints hold; it can only require neap.
---@param path string A Lua file beside the recipe, or in the current folder.
---@return any
function neap.define.load(path) end

---@class neap.train.settings
---@field model neap.model The network to train.
---@field data neap.dataset The examples.
---@field objective neap.component What the network learns.
---@field optimizer any One for all phases of the objective, or one for each, by name.
---@field autoencoder? neap.model|string The model works in the latents of this one; the checkpoint contains both.
---@field from? string Its weights are those that a new run starts from; parts that it lacks are new.
---@field sampler? neap.sampler Draws the previews; the checkpoint keeps it for sampling.
---@field samples? integer Samples of a preview.
---@field warmup? integer Steps over which the learning rate rises from 0.
---@field decay? any How the learning rate falls until the last step.
---@field floor? number Share of the learning rate at the end of its decay.
---@field clip? number Largest norm of the gradients; 0: not clipped.
---@field ema? number Decay of the moving average of the weights, which samples use; 0: no average.
---@field log_every? integer Steps between rows of metrics.jsonl; 0: none.
---@field on_step? function Called as on_step(step, report) after each step.
---@field rollback? integer How often a step that fails takes the run back to its last good state, with half the learning rate.
---@field guard? any Rolls back when the average of a reported value rises by this share above its minimum; false: never.
---@field score_samples? integer Samples of a score.
---@field evaluator? neap.model|string Classifier whose features scores compare.
---@field steps? integer Steps of the optimizer.
---@field minutes? number Time limit. A schedule that decays is fitted to it.
---@field batch? integer Examples of a step.
---@field seed? integer Seed of initial weights, order of examples, noise and previews.
---@field out? string Folder of the run.
---@field checkpoint_every? integer Steps between checkpoints; 0: only at the end.
---@field sample_every? integer Steps between pictures of samples; 0: only at the end.
---@field score_every? integer Steps between scores of samples against examples not trained on; 0: none.
---@field precision? any Precision of products; auto: bf16 where it is faster here.
---@field threads? integer Threads of the process.
---@field resume? boolean Goes on from the checkpoint of the run, with its schedule.
---@field extend? boolean With resume: goes on with a new schedule when that of the run has ended.

--- Trains a model, with checkpoints, metrics and previews in the folder of the run.
---@param settings neap.train.settings
---@return neap.run
function neap.train(settings) end

--- Samples from its checkpoint; a label is a name or a number.
---@param settings table label, n, w, text, seed, steps, sampler and others of `neap sample`.
---@return neap.tensor
function run:sample(settings) end

--- Goes on with the training, with these settings of neap.train changed.
---@param settings table
---@return neap.run
function run:resume(settings) end

---@class neap.stages.settings
---@field minutes? number Time limit of all stages together.
---@field only? string Name of the one stage to run; empty: all.

--- Several trainings, one after another, each in its own folder. A stage that is done is skipped, and one that was interrupted is resumed. Returns what each stage returned, by name.
---@param settings neap.stages.settings
---@return table
function neap.stages(settings) end

--- Declares keys of the recipe: `neap run RECIPE key=value` changes them, and group.key=value those of a group. Returns the values.
---@param defaults table
---@param shared table Further defaults, of a file that several recipes use.
---@return table
function neap.options(defaults, shared) end

--- In neap.options: a key that takes whole numbers alone, from low.
---@param default integer
---@param low? integer
---@return any
function neap.whole(default, low) end

---@class neap.optimizer.adamw.settings
---@field lr? number Learning rate.
---@field beta1? number Decay of the mean of gradients.
---@field beta2? number Decay of the mean of squared gradients.
---@field eps? number Added to the root of the mean of squares.
---@field weight_decay? number Share of the weights that is taken away, times lr.
---@field clip? number Largest norm of the gradients; 0: not clipped.
---@field ema? number Decay of the moving average of the weights; 0: no average.
---@field model? neap.model For a loop of your own: the model whose parameters step() updates.
---@field part? string Only the parameters of the model whose names begin so.
---@field params? table Tensors in place of a model.

--- AdamW (Loshchilov and Hutter 2019).
---@param settings neap.optimizer.adamw.settings
---@return neap.optimizer
function neap.optimizer.adamw(settings) end

---@class neap.optimizer.sgd.settings
---@field lr? number Learning rate.
---@field momentum? number Share of the last update in the next.
---@field weight_decay? number Share of the weights that is taken away, times lr.
---@field clip? number Largest norm of the gradients; 0: not clipped.
---@field ema? number Decay of the moving average of the weights; 0: no average.
---@field model? neap.model For a loop of your own: the model whose parameters step() updates.
---@field part? string Only the parameters of the model whose names begin so.
---@field params? table Tensors in place of a model.

--- Stochastic gradient descent with momentum.
---@param settings neap.optimizer.sgd.settings
---@return neap.optimizer
function neap.optimizer.sgd(settings) end

--- Updates the model with the gradients of backward, clears them, and returns their norm.
---@param scale? number Factor of the learning rate.
---@return number
function optimizer:step(scale) end

--- Returns f(..), called with the moving averages in place of the parameters; needs ema.
---@param f function
---@return any
function optimizer:averaged(f) end

---@class neap.schedule.settings
---@field steps? integer The last step, where a rate that falls has reached the floor.
---@field warmup? integer Steps over which the factor rises from 0.
---@field decay? any How it falls until the last step.
---@field floor? number Factor at the end of the decay.

--- The factor of the learning rate at a step, as neap.train has it.
---@param settings neap.schedule.settings
---@return any
function neap.schedule(settings) end

--- Clears the gradients of its parameters.
function optimizer:clear() end

--- Opens a run or a checkpoint for sampling: { model, sampler, labels, settings, step, path, reconstructs }; labels are the names of the classes.
---@param path string
---@return table
function neap.checkpoint.load(path) end

--- Writes the checkpoint of a loop of your own, which `neap sample` and `neap eval` open, and returns its path.
---@param path string The folder of the run, or a file that ends in .safetensors.
---@param loop table model, tensors, optimizer, step, objective, sampler, data, labels; docs/loops.md describes them.
---@return string
function neap.checkpoint.save(path, loop) end

--- Reads a checkpoint of save into the same parts, and returns its step.
---@param path string
---@param loop table As for save.
---@return number
function neap.checkpoint.resume(path, loop) end

--- The model alone; messages begin with `who`.
---@param who string
---@param path string
---@return neap.model
function neap.checkpoint.model(who, path) end

--- Copies weights and metadata, without the state of training.
---@param path string
---@param to string A path that ends in .safetensors.
function neap.checkpoint.export(path, to) end

--- Writes a network that no run of neap trained.
---@param path string
---@param model neap.model
---@param objective neap.component
---@param metadata table More pairs { key, text } of the file.
function neap.checkpoint.save_network(path, model, objective, metadata) end

--- Is the checkpoint the last of its run?
---@param path string
---@return boolean
function neap.checkpoint.ended(path) end

--- The settings that the run in a checkpoint began with.
---@param path string
---@return table
function neap.checkpoint.settings(path) end

--- Fingerprint of the weights that the run started from, or nil.
---@param path string
---@return string
function neap.checkpoint.started_from(path) end

---@class neap.couple.settings
---@field model neap.model Trained model of pictures.
---@field sampler neap.sampler Draws the samples, with its guidance.
---@field n integer Number of pairs.
---@field path string The file, which ends in .safetensors.
---@field seed? integer Seed of the noise.
---@field labels? any "each", one label or a list of labels.

--- Writes pairs of noise and sample of a trained model, for neap.objective.reflow; neap.dataset.coupled reads the file.
---@param settings neap.couple.settings
---@return string
function neap.couple(settings) end

---@class neap.encode.settings
---@field autoencoder neap.model|string Encodes the pictures.
---@field data neap.dataset The pictures.
---@field path string The file, which ends in .safetensors.
---@field batch? integer Pictures encoded at a time.
---@field flip? boolean Also encodes the mirrored pictures.
---@field precision? any Precision of products.

--- Encodes a data set once, for training in latents; neap.dataset.latents reads the file. Returns its path.
---@param settings neap.encode.settings
---@return string
function neap.encode(settings) end

--- Is there already a file with these settings of neap.encode?
---@param settings table As for neap.encode.
---@return boolean
function neap.encoded(settings) end

--- The condition { text, lengths } for a call of the model.
---@param text string|table
---@param model neap.model
---@param n? integer Rows.
---@return table
function neap.texts(text, model, n) end

--- All rows of metrics.jsonl of a run.
---@param folder string
---@return table
function neap.metrics(folder) end

--- Iterates over these rows, with one in memory.
---@param folder string
---@return function
function neap.metric_rows(folder) end

--- Writes a PNG.
---@param path string Ends in .png.
---@param picture neap.tensor [H, W, C] in [-1, 1].
---@param text table Text chunks { key = text } of the file.
function neap.image.save(path, picture, text) end

--- Reads a PNG or JPEG as f32 [H, W, C], C = 1 or 3; transparent pixels over white.
---@param path string
---@return neap.tensor
function neap.image.load(path) end

--- Reads a PNG or JPEG as a mask [H, W, 1]: 0 for black or transparent, 1 for white.
---@param path string
---@return neap.tensor
function neap.image.load_mask(path) end

---@class neap.image.grid.settings
---@field columns? integer Pictures in a row.
---@field gap? integer Pixels around each picture.
---@field scale? integer Factor by which the result is enlarged.

--- Pictures [N, H, W, C] as one picture.
---@param pictures neap.tensor
---@param settings? neap.image.grid.settings
---@return neap.tensor
function neap.image.grid(pictures, settings) end

--- Each pixel becomes a square of scale by scale pixels.
---@param picture neap.tensor [H, W, C] in [-1, 1].
---@param scale integer
---@return neap.tensor
function neap.image.enlarge(picture, scale) end

---@class neap.image.points.settings
---@field side? integer Pixels of a side.
---@field reach? number The picture shows -reach to reach on both axes.
---@field ink? number What each point adds to its pixel.

--- Clouds of points in the plane as pictures, one for each cloud.
---@param clouds table Tensors [N, .., 2].
---@param settings? neap.image.points.settings
---@return neap.tensor
function neap.image.points(clouds, settings) end

---@class neap.image.caption.settings
---@field size? integer Font size in pixels.

--- The picture in colour, with the texts side by side below it.
---@param picture neap.tensor [H, W, C] in [-1, 1].
---@param texts table
---@param settings? neap.image.caption.settings
---@return neap.tensor
function neap.image.caption(picture, texts, settings) end

---@class neap.image.film.settings
---@field fps? number Frames in a second.
---@field hold? number Extra seconds of the last frame.
---@field text? table Text chunks of the file.

--- Writes an animated PNG.
---@param path string Ends in .png.
---@param frames neap.tensor|table [F, H, W, C], or a list of pictures or of functions that return one.
---@param settings? neap.image.film.settings
function neap.image.film(path, frames, settings) end

---@class neap.film.settings
---@field columns? integer Samples in a row of the grid.
---@field scale? integer Factor by which the grid is enlarged.
---@field fps? number Frames in a second.
---@field hold? number Extra seconds of the last frame.
---@field text? table Text chunks of the file.
---@field path? string Where film:save() writes; checked here, before sampling.

--- Records the steps of a sampler as an animated PNG.
---@param settings neap.film.settings
---@return neap.film
function neap.film(settings) end

--- The `watch` function of sampler:sample, which must have all samples in one batch.
---@param model? neap.model Decodes latents.
---@return function
function film:watch(model) end

--- Fails if a film of that many frames of n samples would be too large.
---@param frames integer
---@param n integer
---@param h integer
---@param w integer
function film:check(frames, n, h, w) end

--- Writes the film.
---@param path? string
function film:save(path) end

--- Reads a .npy file.
---@param path string
---@return neap.tensor
function neap.npy.load(path) end

--- Writes a .npy file.
---@param path string
---@param x neap.tensor
function neap.npy.save(path, x) end

--- Several figures in a grid, row by row.
---@param settings table
---@return neap.figure
function neap.plot.panels(settings) end

--- Thins out points that arrive one by one.
---@param least integer It keeps at least so many points of a long curve, and at most twice as many.
---@return neap.series
function neap.plot.series(least) end

--- Interpolates two colours; share = 0 is the first.
---@param from string
---@param to string
---@param share number
---@return string
function neap.plot.mix(from, to, share) end

---@class figure.line.settings
---@field color? any Name or "#rrggbb".
---@field width? number Width in pixels.
---@field alpha? number Opacity.
---@field label? string Entry of the legend.

--- A line from point to point; NaN makes a gap. Of plain numbers: their values at 1, 2, ..
---@param points neap.tensor|table
---@param settings? figure.line.settings
---@return neap.figure
function figure:line(points, settings) end

---@class figure.points.settings
---@field color? any Name or "#rrggbb".
---@field size? number Diameter in pixels.
---@field alpha? number Opacity.
---@field label? string Entry of the legend.

--- A disc at each point.
---@param points neap.tensor|table
---@param settings? figure.points.settings
---@return neap.figure
function figure:points(points, settings) end

---@class figure.bars.settings
---@field color? any Name or "#rrggbb".
---@field width? any Width in units of x.
---@field alpha? number Opacity.
---@field label? string Entry of the legend.

--- A bar from 0 to y at each point.
---@param points neap.tensor|table
---@param settings? figure.bars.settings
---@return neap.figure
function figure:bars(points, settings) end

---@class figure.histogram.settings
---@field color? any Name or "#rrggbb".
---@field alpha? number Opacity.
---@field label? string Entry of the legend.
---@field bins? integer Number of bins.
---@field range? table Range of the bins.
---@field density? boolean Shares over the widths of bins in place of counts.

--- Bars that count values in equal bins; NaN is left out.
---@param values any
---@param settings? figure.histogram.settings
---@return neap.figure
function figure:histogram(values, settings) end

---@class figure.arrows.settings
---@field color? any Name or "#rrggbb".
---@field width? number Width in pixels.
---@field alpha? number Opacity.
---@field label? string Entry of the legend.

--- An arrow from each point of one list to that of another.
---@param from neap.tensor|table
---@param to neap.tensor|table
---@param settings? figure.arrows.settings
---@return neap.figure
function figure:arrows(from, to, settings) end

---@class figure.text.settings
---@field color? any Name or "#rrggbb".
---@field size? number Font size in pixels.
---@field alpha? number Opacity.
---@field anchor? any The part of the text at the point.

--- A text whose baseline is at a point.
---@param x number
---@param y number
---@param s string
---@param settings? figure.text.settings
---@return neap.figure
function figure:text(x, y, s, settings) end

--- The figure as a picture.
---@param scale? number
---@return neap.tensor
function figure:picture(scale) end

--- The figure as SVG. With { page = prefix of its ids }, it takes its colours from the page that it is put into.
---@param settings table
---@return string
function figure:svg(settings) end

---@class figure.save.settings
---@field scale? number Pixels of the PNG for one of the figure.
---@field text? table Text chunks of a PNG.

--- Writes the figure as SVG or PNG, by the end of the path.
---@param path string
---@param settings? figure.save.settings
function figure:save(path, settings) end

--- Its lines, polygons and texts in pixels.
---@return table
function figure:primitives() end

--- Adds a point.
---@param x number
---@param y number
function series:add(x, y) end

--- The points that are kept, { { x, y }, .. }.
---@return table
function series:list() end

--- Features, logits and labels of pictures.
---@param classifier neap.model
---@param x neap.tensor Pictures [N, H, W, C].
---@param labels neap.tensor
---@param batch? integer
---@return table
function neap.evaluate.evidence(classifier, x, labels, batch) end

--- Evidence of pictures and texts, for the metric retrieval.
---@param matcher neap.model
---@param x neap.tensor Pictures [N, H, W, C].
---@param texts table The texts to choose from, { text =, lengths = }.
---@param labels neap.tensor The number of each picture's own text.
---@param batch? integer
---@return table
function neap.evaluate.matching(matcher, x, texts, labels, batch) end

--- The pictures themselves as evidence, for metrics that read pixels.
---@param x neap.tensor Pictures [N, H, W, C].
---@param condition table { text =, lengths = }.
---@return table
function neap.evaluate.pictures(x, condition) end

--- Pixels as features, of larger pictures means of blocks, without a classifier.
---@param x neap.tensor Pictures [N, H, W, C].
---@param labels neap.tensor
---@return table
function neap.evaluate.pixels(x, labels) end

--- Points [N, 1, 1, D] as evidence.
---@param x neap.tensor
---@param labels neap.tensor
---@return table
function neap.evaluate.points(x, labels) end

--- Scores { name, value, deviation, low, high } with bootstrap intervals.
---@param metric neap.component
---@param samples table
---@param reference table Evidence to compare with, or nil.
---@param settings table resamples: their number, 0 for no interval; seed.
---@return table
function neap.evaluate.score(metric, samples, reference, settings) end

--- Share of pictures whose largest logit is at their label.
---@param classifier neap.model
---@param x neap.tensor Pictures [N, H, W, C].
---@param labels neap.tensor
---@return number
function neap.evaluate.accuracy(classifier, x, labels) end

--- Scores of the metric retrieval for pictures with their own texts.
---@param matcher neap.model
---@param x neap.tensor Pictures [N, H, W, C].
---@param condition table { text =, lengths = }.
---@param settings table As for neap.evaluate.score.
---@return table
function neap.evaluate.retrieval(matcher, x, condition, settings) end

--- Calls f for each batch of rows of x, and joins its results.
---@param x neap.tensor Pictures [N, H, W, C].
---@param batch integer
---@param f function
---@return neap.tensor
---@return any ...
function neap.evaluate.by_batches(x, batch, f) end

--- Joins tensors along axis 0.
---@param list table
---@return neap.tensor
function neap.evaluate.join(list) end

--- Reconstructions of pictures from the means of their latents.
---@param model neap.model
---@param x neap.tensor Pictures [N, H, W, C].
---@param batch? integer
---@return neap.tensor
function neap.reconstruction.of(model, x, batch) end

--- Held-out examples of a data set; or its own examples and the reason for that.
---@param dataset neap.component
---@param n integer
---@param seed? integer
---@return neap.tensor
---@return string
function neap.reconstruction.examples(dataset, n, seed) end

--- Pictures in the order of a grid: a row of the first tensor, below it the same row of the second.
---@param list table
---@param columns integer
---@return neap.tensor
function neap.reconstruction.rows(list, columns) end

--- Is the model an autoencoder without a velocity?
---@param model neap.model
---@return boolean
function neap.reconstruction.fits(model) end

--- The tape of y: a line for each op, with inputs, dtypes and shapes.
---@param y neap.tensor
---@return string
function neap.autograd.dump(y) end

---@class neap.autograd.check.settings
---@field tolerance? number Largest relative error of a gradient.
---@field second? boolean Checks the gradients of the gradients, too, with 10 times the tolerance.

--- Compares the gradients of a scalar function with central differences in f64; fails with the worst element where they differ.
---@param f function
---@param inputs table
---@param settings? neap.autograd.check.settings
---@return table
function neap.autograd.check(f, inputs, settings) end

---@class neap.architecture.dit.settings
---@field size? integer Side of a square picture.
---@field rows? integer Rows of a picture; 0: size.
---@field columns? integer Columns of a picture; 0: size.
---@field channels? integer Channels of a picture.
---@field patch? integer Side of a patch; a patch becomes one token.
---@field preset? "S"|"B"|"L"|"XL" Published sizes of width, depth and heads.
---@field width? integer Channels of a token; 0: preset.
---@field depth? integer Number of blocks; 0: preset.
---@field heads? integer Number of attention heads, a divisor of the width; 0: preset.
---@field classes? integer Number of classes; 0: unconditional. The null class is one more row of the table.
---@field mlp_ratio? number Inner width of the MLP, as a multiple of width.
---@field conditioning? "adaln"|"in_context"|"cross" Time and class modulate every block (adaln) or are additional tokens (in_context); cross: they modulate, and every block attends to the tokens of a text or a picture.
---@field qk_norm? boolean RMS norm of queries and keys per head, with a learned gain.
---@field rope? boolean Rotary positions, half of a head by row, half by column, instead of added positions.
---@field swiglu? boolean Gated MLP (SwiGLU) with two thirds of the inner width.
---@field rms_norm? boolean RMS norms instead of layer norms.
---@field interval? boolean Predict the mean velocity between two times, for the objective mean_flow.
---@field text? integer Largest number of bytes of a text; 0: no text.
---@field text_width? integer Channels of a token of the text encoder.
---@field text_depth? integer Blocks of the text encoder.
---@field text_heads? integer Attention heads of the text encoder, a divisor of text_width.
---@field text_words? integer Rows of the text encoder's table of hashed words; 0: bytes alone.
---@field tokens? integer Width of tokens that are given in place of a text, for cross; 0: none.
---@field pooled? integer Width of a pooled vector that is given in place of a text; 0: none.
---@field picture? "none"|"channels"|"tokens" A picture as condition: resized, as further channels of the input, or as tokens for cross.
---@field picture_rows? integer Rows of the condition's picture; 0: those of the pictures.
---@field picture_columns? integer Columns of the condition's picture; 0: those of the pictures.
---@field picture_channels? integer Channels of the condition's picture; 0: those of the pictures.

--- Diffusion transformer: adaLN-Zero, in-context or cross-attention conditioning, sizes S to XL.
---@param settings? neap.architecture.dit.settings
---@return neap.model
function neap.architecture.dit(settings) end

---@class neap.architecture.gan.settings
---@field style? "mlp"|"dcgan"|"resnet" Multilayer perceptrons, strided convolutions, or residual blocks without norms.
---@field rows? integer Rows of a picture; 1 for points.
---@field columns? integer Columns of a picture; 1 for points.
---@field channels? integer Channels of a picture, or dimensions of a point.
---@field classes? integer Number of classes; 0: unconditional.
---@field latent? integer Width of a latent.
---@field prior? "normal"|"uniform" Distribution of latents in the generator; uniform: normal latents are mapped to [-1, 1].
---@field width? integer Channels at full resolution; doubled when the sides halve. mlp: width of hidden layers.
---@field depth? integer mlp: number of hidden layers. resnet: blocks per resolution.
---@field norm? "batch"|"group"|"none" dcgan: norm after convolutions.
---@field group_width? integer resnet: channels of a group in 3x3 convolutions.
---@field label_width? integer Width of a label's embedding in the generator.
---@field conditioning? "projection"|"joint" How the discriminator uses the label.
---@field spectral_norm? boolean Divide the discriminator's weights by their largest singular values; not resnet's pool.

--- A generator and a discriminator.
---@param settings? neap.architecture.gan.settings
---@return neap.model
function neap.architecture.gan(settings) end

---@class neap.architecture.matcher.settings
---@field rows? integer Rows of a picture.
---@field columns? integer Columns of a picture.
---@field channels? integer Channels of a picture.
---@field patch? integer Side of a patch; a patch becomes one token.
---@field width? integer Channels of a token, and width of the features.
---@field depth? integer Number of blocks.
---@field heads? integer Number of attention heads, a divisor of the width.
---@field stem? integer Channels after the first stride-2 convolution of the stem; 0: plain patches.
---@field convolutions? integer Number of residual 3x3 convolutions after each stage of the stem.
---@field mlp_ratio? number Inner width of the MLP, as a multiple of width.
---@field text? integer Largest number of bytes of a text; 0: no text.
---@field text_width? integer Channels of a token of the text encoder.
---@field text_depth? integer Blocks of the text encoder.
---@field text_heads? integer Attention heads of the text encoder, a divisor of text_width.
---@field text_words? integer Rows of the text encoder's table of hashed words; 0: bytes alone.
---@field embedding? integer Width of the vectors of pictures and texts.

--- Matches pictures and texts.
---@param settings? neap.architecture.matcher.settings
---@return neap.model
function neap.architecture.matcher(settings) end

---@class neap.architecture.mlp.settings
---@field rows? integer Rows of a picture; 1 for points.
---@field columns? integer Columns of a picture; 1 for points.
---@field channels? integer Channels of a picture, or dimensions of a point.
---@field classes? integer Number of classes; 0: unconditional.
---@field hidden? integer Width of the hidden layers.
---@field depth? integer Number of hidden layers.
---@field time_features? integer Number of time features, and width of the label embedding; even.
---@field interval? boolean Predict the mean velocity between two times, for the objective mean_flow.

--- A multilayer perceptron as a velocity field.
---@param settings? neap.architecture.mlp.settings
---@return neap.model
function neap.architecture.mlp(settings) end

---@class neap.architecture.mmdit.settings
---@field size? integer Side of a square picture.
---@field rows? integer Rows of a picture; 0: size.
---@field columns? integer Columns of a picture; 0: size.
---@field channels? integer Channels of a picture.
---@field patch? integer Side of a patch; a patch becomes one token.
---@field preset? "S"|"B"|"L"|"XL" Published sizes of width, depth and heads.
---@field width? integer Channels of a token; 0: preset.
---@field depth? integer Number of blocks; 0: preset.
---@field heads? integer Number of attention heads, a divisor of the width; 0: preset.
---@field classes? integer Number of classes; 0: none. The null class is one more row of the table.
---@field mlp_ratio? number Inner width of the MLP, as a multiple of width.
---@field qk_norm? boolean RMS norm of queries and keys per head, with a learned gain.
---@field text? integer Largest number of bytes of a text; 0: no text.
---@field text_width? integer Channels of a token of the text encoder.
---@field text_depth? integer Blocks of the text encoder.
---@field text_heads? integer Attention heads of the text encoder, a divisor of text_width.
---@field text_words? integer Rows of the text encoder's table of hashed words; 0: bytes alone.
---@field tokens? integer Width of tokens that are given in place of a text; 0: none.
---@field pooled? integer Width of a pooled vector that is given beside tokens; 0: none.
---@field still? boolean Text does not move: the picture reads the same tokens in every block.

--- Diffusion transformer with joint attention of picture and text, sizes S to XL.
---@param settings? neap.architecture.mmdit.settings
---@return neap.model
function neap.architecture.mmdit(settings) end

---@class neap.architecture.vae_gan.settings
---@field style? "kl"|"tiny" kl: residual blocks with group norm, as AutoencoderKL. tiny: 3x3 convolutions of one width, no norms.
---@field rows? integer Rows of a picture.
---@field columns? integer Columns of a picture.
---@field channels? integer Channels of a picture.
---@field factor? integer The sides of a picture over those of its latents: 2, 4 or 8.
---@field latent? integer Channels of the latents.
---@field width? integer Channels at full resolution.
---@field growth? string kl: channels of each resolution, as multiples of width, as "1,2,4"; empty: 1,2,2,2 up to the factor.
---@field blocks? integer Residual blocks of each resolution. kl: the decoder has one more. tiny: full resolution has one.
---@field groups? integer kl: groups of a group norm, a divisor of all widths.
---@field attention? boolean kl: attention of one head at the resolution of the latents.
---@field quant? boolean kl: 1x1 convolutions on both sides of the latents.
---@field discriminator? boolean A patch discriminator for adversarial training.
---@field d_layers? integer Discriminator: convolutions with stride 2.
---@field d_width? integer Discriminator: channels after the first convolution.
---@field d_norm? "batch"|"group"|"none" Discriminator: norm after convolutions.

--- An autoencoder and a patch discriminator.
---@param settings? neap.architecture.vae_gan.settings
---@return neap.model
function neap.architecture.vae_gan(settings) end

---@class neap.architecture.vit.settings
---@field rows? integer Rows of a picture.
---@field columns? integer Columns of a picture.
---@field channels? integer Channels of a picture.
---@field classes integer Number of classes.
---@field patch? integer Side of a patch; a patch becomes one token.
---@field width? integer Channels of a token, and width of the features.
---@field depth? integer Number of blocks.
---@field heads? integer Number of attention heads, a divisor of the width.
---@field stem? integer Channels after the first stride-2 convolution of the stem; 0: plain patches.
---@field convolutions? integer Number of residual 3x3 convolutions after each stage of the stem.
---@field mlp_ratio? number Inner width of the MLP, as a multiple of width.

--- Vision transformer as a classifier.
---@param settings? neap.architecture.vit.settings
---@return neap.model
function neap.architecture.vit(settings) end

---@class neap.objective.adversarial.settings
---@field loss? "minimax"|"non_saturating"|"hinge"|"wasserstein"|"relativistic" Adversarial loss.
---@field d_steps? integer Updates of the discriminator per update of the generator.
---@field r1? number Weight of the gradient penalty at real pictures; 0: none. Batch norm distorts it.
---@field r2? number Weight of the gradient penalty at fakes; 0: none. Batch norm distorts it.
---@field gradient_penalty? number Weight of the penalty on gradient norms other than 1 between real and fake. Batch norm distorts it.
---@field every? integer Steps from one penalty to the next; each is multiplied by this number.
---@field augment? number Probability of each augmentation; above about 0.8 the generator learns to produce them.
---@field flip? boolean Augmentation: mirror left to right, with probability 1/2.
---@field shift? integer Augmentation: move by up to this many pixels each way; 0: none.

--- Adversarial training of a generator and a discriminator.
---@param settings? neap.objective.adversarial.settings
---@return neap.component
function neap.objective.adversarial(settings) end

---@class neap.objective.classification.settings
---@field label_smoothing? number Share of each target that is spread evenly over all classes.
---@field flip? boolean Mirror each picture left to right with probability 1/2.
---@field shift? integer Move pictures at random by up to this many pixels each way; pixels moved in are -1.

--- Cross entropy of logits and labels.
---@param settings? neap.objective.classification.settings
---@return neap.component
function neap.objective.classification(settings) end

---@class neap.objective.contrastive.settings
---@field flip? boolean Mirror each picture left to right with probability 1/2.
---@field shift? integer Move pictures at random by up to this many pixels each way; pixels moved in are -1.

--- Matching of pictures and texts.
---@param settings? neap.objective.contrastive.settings
---@return neap.component
function neap.objective.contrastive(settings) end

---@class neap.objective.flow_matching.settings
---@field prediction? "v"|"x0"|"noise" What the network predicts: velocity, picture or noise.
---@field loss? "prediction"|"v"|"x0"|"noise" Whose squared error is the loss: that of the prediction, or of the velocity, picture or noise that follows from it.
---@field clamp? number Least t, or 1 - t, by which the loss divides where it measures something else than is predicted.
---@field times? "uniform"|"logit_normal"|"mode" Distribution of times: uniform, logit-normal, or with a mode near the middle.
---@field mean? number logit_normal: mean of the normal variable.
---@field deviation? number logit_normal: standard deviation of the normal variable.
---@field mode_scale? number mode: 0 is uniform; the larger, the more times lie near the middle.
---@field stratified? boolean Draw one time from each of B equally likely intervals, for a batch of B examples.
---@field shift? number Above 1, times move towards noise, which suits large pictures; 1: no shift.
---@field label_dropout? number Probability that an example is trained without its condition (label, text and picture at once); 0.1 is enough for guidance.
---@field pairing? "independent"|"optimal_transport" Pairing of noise and examples in a batch: random, or by optimal transport, which ignores labels and takes a time that grows with the cube of the batch.

--- Rectified flow: the network learns the velocity from data to noise.
---@param settings? neap.objective.flow_matching.settings
---@return neap.component
function neap.objective.flow_matching(settings) end

---@class neap.objective.mean_flow.settings
---@field times? "uniform"|"logit_normal"|"mode" Distribution of times: uniform, logit-normal, or with a mode near the middle.
---@field mean? number logit_normal: mean of the normal variable.
---@field deviation? number logit_normal: standard deviation of the normal variable.
---@field mode_scale? number mode: 0 is uniform; the larger, the more times lie near the middle.
---@field stratified? boolean Draw one time from each of B equally likely intervals, for a batch of B examples.
---@field shift? number Above 1, times move towards noise, which suits large pictures; 1: no shift.
---@field same? number Share of the examples with equal times, where u is the velocity.
---@field power? number Errors get the weight (error + offset)^-power; the larger, the less large errors count.
---@field offset? number Added to the error in its weight; see power.
---@field label_dropout? number Probability that an example is trained without its condition (label, text and picture at once); 0.1 is enough for guidance.

--- Mean flow: the network learns the mean velocity between two times.
---@param settings? neap.objective.mean_flow.settings
---@return neap.component
function neap.objective.mean_flow(settings) end

---@class neap.objective.reflow.settings
---@field prediction? "v"|"x0"|"noise" What the network predicts: velocity, picture or noise.
---@field loss? "prediction"|"v"|"x0"|"noise" Whose squared error is the loss: that of the prediction, or of the velocity, picture or noise that follows from it.
---@field clamp? number Least t, or 1 - t, by which the loss divides where it measures something else than is predicted.
---@field times? "uniform"|"logit_normal"|"mode" Distribution of times: uniform, logit-normal, or with a mode near the middle.
---@field mean? number logit_normal: mean of the normal variable.
---@field deviation? number logit_normal: standard deviation of the normal variable.
---@field mode_scale? number mode: 0 is uniform; the larger, the more times lie near the middle.
---@field stratified? boolean Draw one time from each of B equally likely intervals, for a batch of B examples.
---@field shift? number Above 1, times move towards noise, which suits large pictures; 1: no shift.
---@field label_dropout? number Probability that an example is trained without its condition (label, text and picture at once); 0.1 is enough for guidance.

--- Rectified flow between the noise and the samples of a trained flow.
---@param settings? neap.objective.reflow.settings
---@return neap.component
function neap.objective.reflow(settings) end

---@class neap.objective.vae_gan.settings
---@field distance? "l1"|"l2" Reconstruction: mean absolute or mean squared difference of the values of pictures.
---@field scales? integer Sizes at which pictures are compared, each half the one before.
---@field kl? number Weight of the KL divergence, summed over a picture's latents and divided by its number of values, so that the usual 1e-6 keeps its meaning; 0: a plain autoencoder, which may learn a variance near 0.
---@field features? neap.model|string A trained classifier: a perceptual loss on its features.
---@field features_weight? number Weight of the perceptual loss, a relative squared distance.
---@field equivariance? number Weight of scale equivariance: the distance of decoded halved latents from the halved picture.
---@field adversarial? number Weight of the adversarial loss of the decoder; 0: no discriminator, a VAE.
---@field loss? "hinge"|"non_saturating" Adversarial loss.
---@field d_start? integer Step at which the discriminator begins to learn.
---@field g_start? integer Step from which the adversarial loss trains the decoder.
---@field g_ramp? integer Steps over which its weight then rises to `adversarial`.
---@field adaptive? boolean Multiply the weight by the ratio of the gradient norms of reconstruction loss and adversarial loss.
---@field adaptive_limit? number Largest such ratio.

--- An autoencoder: variational, with a discriminator, or plain.
---@param settings? neap.objective.vae_gan.settings
---@return neap.component
function neap.objective.vae_gan(settings) end

---@class neap.sampler.ab2.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field guidance? neap.component The guidance.

--- Two-step Adams-Bashforth method: order 2, one evaluation a step.
---@param settings? neap.sampler.ab2.settings
---@return neap.sampler
function neap.sampler.ab2(settings) end

---@class neap.sampler.dopri5.settings
---@field rtol? number Relative tolerance: error allowed in a step, as a fraction of x.
---@field atol? number Absolute tolerance, added to the relative one; pictures lie in [-1, 1].
---@field max_evaluations? integer A sample that needs more is finished by one Euler step, with a warning.
---@field guidance? neap.component The guidance.

--- Dormand-Prince method of order 5, steps chosen by tolerance.
---@param settings? neap.sampler.dopri5.settings
---@return neap.sampler
function neap.sampler.dopri5(settings) end

---@class neap.sampler.euler.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field guidance? neap.component The guidance.

--- Explicit Euler steps along the velocity field.
---@param settings? neap.sampler.euler.settings
---@return neap.sampler
function neap.sampler.euler(settings) end

---@class neap.sampler.euler_maruyama.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field strength? number The diffusion coefficient w at time t is strength t; 0: no noise.
---@field guidance? neap.component The guidance.

--- Euler-Maruyama method for the reverse SDE.
---@param settings? neap.sampler.euler_maruyama.settings
---@return neap.sampler
function neap.sampler.euler_maruyama(settings) end

---@class neap.sampler.heun.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field guidance? neap.component The guidance.

--- Heun's method: order 2, two evaluations a step.
---@param settings? neap.sampler.heun.settings
---@return neap.sampler
function neap.sampler.heun(settings) end

---@class neap.sampler.heun_sde.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field strength? number The diffusion coefficient w at time t is strength t; 0: no noise.
---@field guidance? neap.component The guidance.

--- Heun's method for the reverse SDE: weak order 2.
---@param settings? neap.sampler.heun_sde.settings
---@return neap.sampler
function neap.sampler.heun_sde(settings) end

---@class neap.sampler.latent.settings
---@field truncation? number Largest absolute value of a latent, before the map to a uniform prior; 0: no limit.
---@field guidance? neap.component The guidance.

--- One call of a generator on its latents.
---@param settings? neap.sampler.latent.settings
---@return neap.sampler
function neap.sampler.latent(settings) end

---@class neap.sampler.mean.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field guidance? neap.component The guidance.

--- Steps with the mean velocity; one is enough.
---@param settings? neap.sampler.mean.settings
---@return neap.sampler
function neap.sampler.mean(settings) end

---@class neap.sampler.midpoint.settings
---@field steps? integer Steps.
---@field shift? number Above 1, more of the steps lie near the noise; 1: even steps.
---@field times? string The times themselves, descending from 1 to 0, in place of steps and shift.
---@field guidance? neap.component The guidance.

--- The midpoint method: order 2, two evaluations a step.
---@param settings? neap.sampler.midpoint.settings
---@return neap.sampler
function neap.sampler.midpoint(settings) end

---@class neap.guidance.autoguidance.settings
---@field w? number Weight of the guidance; 0 is off. The paper's scale is 1 + w.
---@field worse? neap.model|string A worse network, such as an earlier or a smaller one.

--- Guidance away from a worse network.
---@param settings? neap.guidance.autoguidance.settings
---@return neap.component
function neap.guidance.autoguidance(settings) end

---@class neap.guidance.cfg.settings
---@field w? number Weight of the guidance; 0 is off. The other common scale is s = 1 + w.

--- Classifier-free guidance.
---@param settings? neap.guidance.cfg.settings
---@return neap.component
function neap.guidance.cfg(settings) end

---@class neap.guidance.interval.settings
---@field of? neap.component Guidance inside the interval; nil: none.
---@field low? number Lower end of the interval, towards the picture.
---@field high? number Upper end of the interval, towards noise.

--- Another guidance, limited to an interval of times.
---@param settings? neap.guidance.interval.settings
---@return neap.component
function neap.guidance.interval(settings) end

---@class neap.guidance.rescale.settings
---@field of? neap.component Guidance to rescale; nil: none.
---@field phi? number Share of the rescaled velocity; 0 is off.

--- Another guidance, with the conditional contrast.
---@param settings? neap.guidance.rescale.settings
---@return neap.component
function neap.guidance.rescale(settings) end

---@class neap.dataset.captioned_shapes.settings
---@field size? integer Height and width in pixels.
---@field count? integer Number of pictures.
---@field seed? integer Seed of the pictures and their captions.
---@field split? "train"|"test" Part of the combinations of colour, shape and place: test has an eighth of them, train the others.

--- Coloured shapes at places, with captions; needs no files.
---@param settings? neap.dataset.captioned_shapes.settings
---@return neap.dataset
function neap.dataset.captioned_shapes(settings) end

---@class neap.dataset.coupled.settings
---@field path string File written by neap.couple.

--- Samples of a model, each with its noise.
---@param settings? neap.dataset.coupled.settings
---@return neap.dataset
function neap.dataset.coupled(settings) end

---@class neap.dataset.degraded.settings
---@field of? neap.component Data set of the pictures.
---@field factor? integer Height and width of a picture over those of its smaller version; a divisor of both.
---@field grey? boolean Make the condition grey.

--- Pictures of another data set, under smaller or grey versions of themselves.
---@param settings? neap.dataset.degraded.settings
---@return neap.dataset
function neap.dataset.degraded(settings) end

---@class neap.dataset.emoji.settings
---@field size? integer Height and width in pixels.
---@field split? "train"|"test" Part of the emoji: a function of their code points and test_share, or of held_out.
---@field held_out? "share"|"combinations" What the test part has: a share of all emoji, or combinations of a colour and a shape whose words are in other names: blue heart, purple heart, green circle, red circle, brown circle, orange square, yellow square, small blue diamond, green book, green apple.
---@field test_share? number Share of the emoji in the test part. All tones of an emoji are in one part.
---@field captions? boolean Give the names as texts.
---@field skin_tones? boolean Include the variants of people in five skin tones.
---@field flip? boolean Add mirrored copies to the training part, except of symbols and flags.
---@field background? string Colour behind the glyphs: white, black, grey or #rrggbb.
---@field font? string Font with colour glyphs; of the package fonts-noto-color-emoji.
---@field list? string Unicode's list of emoji with groups and names; of the package unicode-data.

--- Emoji in colour, by group and with their names.
---@param settings? neap.dataset.emoji.settings
---@return neap.dataset
function neap.dataset.emoji(settings) end

---@class neap.dataset.folder.settings
---@field path string Folder of PNG and JPEG files. Folders in it are classes, with all folders below them.
---@field size? integer Height and width in pixels.
---@field rows? integer Height in pixels; 0: size.
---@field columns? integer Width in pixels; 0: size.
---@field channels? integer 3: colour; 1: grey.
---@field fit? "crop"|"pad"|"stretch" Crop: the middle. Pad: all, before the background. Stretch: all, distorted.
---@field background? string Colour behind transparent and padded pictures: white, black, grey or #rrggbb.
---@field labels? boolean Label pictures with the folders in path; those beside the folders have no label.
---@field captions? boolean Read captions: NAME.txt beside NAME.png.
---@field split? "train"|"test" Part of the pictures: a function of their bytes and test_share.
---@field test_share? number Share of the pictures in the test part.
---@field flip? boolean Add mirrored copies to the training part.
---@field cache? string Folder of decoded pictures; nil: neap in XDG_CACHE_HOME or ~/.cache; none: in memory.

--- A folder of PNG and JPEG files.
---@param settings? neap.dataset.folder.settings
---@return neap.dataset
function neap.dataset.folder(settings) end

---@class neap.dataset.idx.settings
---@field path? string Folder with train-images-idx3-ubyte and the like, plain or .gz.
---@field split? "train"|"test" Half of the data in the folder.
---@field images? string File of pictures, in place of path.
---@field labels? string File of labels, in place of path; nil: no labels.
---@field classes? integer Number of classes; 0: the largest label plus one.
---@field label_names? string Names of the classes, separated by commas.

--- Pictures and labels in IDX files, the format of MNIST.
---@param settings? neap.dataset.idx.settings
---@return neap.dataset
function neap.dataset.idx(settings) end

---@class neap.dataset.latents.settings
---@field path string A file of `neap encode`, or the run in whose folder it is.

--- Moments of latents, encoded once by an autoencoder.
---@param settings? neap.dataset.latents.settings
---@return neap.dataset
function neap.dataset.latents(settings) end

---@class neap.dataset.shapes.settings
---@field size? integer Height and width in pixels.
---@field count? integer Number of pictures.
---@field seed? integer Seed of the pictures.
---@field labels? boolean Label each picture with its class.

--- Drawn shapes of ten classes; needs no files.
---@param settings? neap.dataset.shapes.settings
---@return neap.dataset
function neap.dataset.shapes(settings) end

---@class neap.dataset.stacked.settings
---@field of? neap.component Data set of the pictures.
---@field count? integer Number of examples.
---@field seed? integer Seed of the choice of pictures.

--- Three pictures as the channels of one.
---@param settings? neap.dataset.stacked.settings
---@return neap.dataset
function neap.dataset.stacked(settings) end

---@class neap.dataset.tensors.settings
---@field examples string Hash of the examples, made from x =, labels =, texts =, .. of the call.
---@field test? string Hash of the examples of the test part, made from test = { x = .. }.

--- Examples that a recipe has as tensors.
---@param settings? neap.dataset.tensors.settings
---@return neap.dataset
function neap.dataset.tensors(settings) end

---@class neap.dataset.toy2d.settings
---@field shape? "moons"|"spirals"|"checkerboard"|"gaussians8"|"rings" Shape of the distribution.
---@field count? integer Number of points.
---@field noise? number Standard deviation of the noise; a checkerboard has none.
---@field seed? integer Seed of the points.
---@field labels? boolean Label each point with its class.

--- Two-dimensional points: moons, spirals, checkerboard, eight Gaussians, rings.
---@param settings? neap.dataset.toy2d.settings
---@return neap.dataset
function neap.dataset.toy2d(settings) end

--- Share of samples that a classifier assigns to the requested class.
---@param settings? table
---@return neap.component
function neap.metric.agreement(settings) end

--- Frechet distance between Gaussians fitted to features.
---@param settings? table
---@return neap.component
function neap.metric.frechet(settings) end

--- Kernel distance of features: cubic, unbiased, over all pairs.
---@param settings? table
---@return neap.component
function neap.metric.kernel(settings) end

--- Classes that a classifier finds in the samples, and how uneven their shares are.
---@param settings? table
---@return neap.component
function neap.metric.modes(settings) end

---@class neap.metric.precision_recall.settings
---@field k? integer Neighbour whose distance is the radius of a ball.

--- Share of the samples in the reference's manifold, and the reverse.
---@param settings? neap.metric.precision_recall.settings
---@return neap.component
function neap.metric.precision_recall(settings) end

--- Share of samples whose text is the best, or one of the five best, of all.
---@param settings? table
---@return neap.component
function neap.metric.retrieval(settings) end

--- Share of pictures with the colour, shape, place and size of their captions.
---@param settings? table
---@return neap.component
function neap.metric.shape_attributes(settings) end

---@class neap.metric.sliced_wasserstein.settings
---@field directions? integer Number of directions.
---@field order? integer Power of the distance that is averaged.
---@field seed? integer Seed of the directions, unless points have two dimensions.

--- Wasserstein distance of points, exact along each of many directions.
---@param settings? neap.metric.sliced_wasserstein.settings
---@return neap.component
function neap.metric.sliced_wasserstein(settings) end

---@class neap.metric.support.settings
---@field shape? "moons"|"spirals"|"checkerboard"|"gaussians8"|"rings" The shape, as in the data set toy2d.
---@field noise? number Standard deviation of the noise.
---@field tolerance? number Largest distance from the shape; 0: one that covers 99.73% of the noise.

--- Share of points that lie on a 2D shape.
---@param settings? neap.metric.support.settings
---@return neap.component
function neap.metric.support(settings) end

--- Minus x.
---@param x neap.tensor
---@return neap.tensor
function neap.neg(x) end

--- Minus x.
---@return neap.tensor
function tensor:neg() end

--- e to the power x.
---@param x neap.tensor
---@return neap.tensor
function neap.exp(x) end

--- e to the power x.
---@return neap.tensor
function tensor:exp() end

--- Natural logarithm.
---@param x neap.tensor
---@return neap.tensor
function neap.log(x) end

--- Natural logarithm.
---@return neap.tensor
function tensor:log() end

--- Square root.
---@param x neap.tensor
---@return neap.tensor
function neap.sqrt(x) end

--- Square root.
---@return neap.tensor
function tensor:sqrt() end

--- One over the square root.
---@param x neap.tensor
---@return neap.tensor
function neap.rsqrt(x) end

--- One over the square root.
---@return neap.tensor
function tensor:rsqrt() end

--- Absolute value; its gradient at 0 is 0.
---@param x neap.tensor
---@return neap.tensor
function neap.abs(x) end

--- Absolute value; its gradient at 0 is 0.
---@return neap.tensor
function tensor:abs() end

--- -1, 0 or 1.
---@param x neap.tensor
---@return neap.tensor
function neap.sign(x) end

--- -1, 0 or 1.
---@return neap.tensor
function tensor:sign() end

--- Sine.
---@param x neap.tensor
---@return neap.tensor
function neap.sin(x) end

--- Sine.
---@return neap.tensor
function tensor:sin() end

--- Cosine.
---@param x neap.tensor
---@return neap.tensor
function neap.cos(x) end

--- Cosine.
---@return neap.tensor
function tensor:cos() end

--- Hyperbolic tangent.
---@param x neap.tensor
---@return neap.tensor
function neap.tanh(x) end

--- Hyperbolic tangent.
---@return neap.tensor
function tensor:tanh() end

--- Error function.
---@param x neap.tensor
---@return neap.tensor
function neap.erf(x) end

--- Error function.
---@return neap.tensor
function tensor:erf() end

--- 1 / (1 + exp(-x)).
---@param x neap.tensor
---@return neap.tensor
function neap.sigmoid(x) end

--- 1 / (1 + exp(-x)).
---@return neap.tensor
function tensor:sigmoid() end

--- x sigmoid(x).
---@param x neap.tensor
---@return neap.tensor
function neap.silu(x) end

--- x sigmoid(x).
---@return neap.tensor
function tensor:silu() end

--- x times the normal distribution function.
---@param x neap.tensor
---@return neap.tensor
function neap.gelu(x) end

--- x times the normal distribution function.
---@return neap.tensor
function tensor:gelu() end

--- GELU by its tanh approximation.
---@param x neap.tensor
---@return neap.tensor
function neap.gelu_tanh(x) end

--- GELU by its tanh approximation.
---@return neap.tensor
function tensor:gelu_tanh() end

--- x above 0, else 0.
---@param x neap.tensor
---@return neap.tensor
function neap.relu(x) end

--- x above 0, else 0.
---@return neap.tensor
function tensor:relu() end

--- log(1 + exp(x)).
---@param x neap.tensor
---@return neap.tensor
function neap.softplus(x) end

--- log(1 + exp(x)).
---@return neap.tensor
function tensor:softplus() end

--- x times x.
---@param x neap.tensor
---@return neap.tensor
function neap.square(x) end

--- x times x.
---@return neap.tensor
function tensor:square() end

--- One over x.
---@param x neap.tensor
---@return neap.tensor
function neap.reciprocal(x) end

--- One over x.
---@return neap.tensor
function tensor:reciprocal() end

--- Largest integer that is not above x.
---@param x neap.tensor
---@return neap.tensor
function neap.floor(x) end

--- Largest integer that is not above x.
---@return neap.tensor
function tensor:floor() end

--- x above 0, else slope times x.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.leaky_relu(x, attributes) end

--- x above 0, else slope times x.
---@param attributes? any
---@return neap.tensor
function tensor:leaky_relu(attributes) end

--- x clamped to [low, high].
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.clamp(x, attributes) end

--- x clamped to [low, high].
---@param attributes? any
---@return neap.tensor
function tensor:clamp(attributes) end

--- scale times x, plus shift.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.affine(x, attributes) end

--- scale times x, plus shift.
---@param attributes? any
---@return neap.tensor
function tensor:affine(attributes) end

--- x to a constant power.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.power(x, attributes) end

--- x to a constant power.
---@param attributes? any
---@return neap.tensor
function tensor:power(attributes) end

--- a plus b.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.add(x, y) end

--- a plus b.
---@param y neap.tensor
---@return neap.tensor
function tensor:add(y) end

--- a minus b.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.sub(x, y) end

--- a minus b.
---@param y neap.tensor
---@return neap.tensor
function tensor:sub(y) end

--- a times b.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.mul(x, y) end

--- a times b.
---@param y neap.tensor
---@return neap.tensor
function tensor:mul(y) end

--- a over b.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.div(x, y) end

--- a over b.
---@param y neap.tensor
---@return neap.tensor
function tensor:div(y) end

--- The larger; equal elements share the gradient.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.maximum(x, y) end

--- The larger; equal elements share the gradient.
---@param y neap.tensor
---@return neap.tensor
function tensor:maximum(y) end

--- The smaller; equal elements share the gradient.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.minimum(x, y) end

--- The smaller; equal elements share the gradient.
---@param y neap.tensor
---@return neap.tensor
function tensor:minimum(y) end

--- 1 where a equals b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.eq(x, y) end

--- 1 where a equals b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:eq(y) end

--- 1 where a differs from b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.ne(x, y) end

--- 1 where a differs from b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:ne(y) end

--- 1 where a is below b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.lt(x, y) end

--- 1 where a is below b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:lt(y) end

--- 1 where a is not above b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.le(x, y) end

--- 1 where a is not above b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:le(y) end

--- 1 where a is above b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.gt(x, y) end

--- 1 where a is above b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:gt(y) end

--- 1 where a is not below b, as u8.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.ge(x, y) end

--- 1 where a is not below b, as u8.
---@param y neap.tensor
---@return neap.tensor
function tensor:ge(y) end

--- a where the condition (u8) is not 0, else b.
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function neap.where(x, y, z) end

--- a where the condition (u8) is not 0, else b.
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function tensor:where(y, z) end

--- The same values in another dtype.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.cast(x, attributes) end

--- The same values in another dtype.
---@param attributes? any
---@return neap.tensor
function tensor:cast(attributes) end

--- Sum over axes; over all when none are named.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.sum(x, attributes) end

--- Sum over axes; over all when none are named.
---@param attributes? any
---@return neap.tensor
function tensor:sum(attributes) end

--- Mean over axes.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.mean(x, attributes) end

--- Mean over axes.
---@param attributes? any
---@return neap.tensor
function tensor:mean(attributes) end

--- Largest over axes; equal maxima share the gradient.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.max(x, attributes) end

--- Largest over axes; equal maxima share the gradient.
---@param attributes? any
---@return neap.tensor
function tensor:max(attributes) end

--- Mean squared distance from the mean over axes.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.variance(x, attributes) end

--- Mean squared distance from the mean over axes.
---@param attributes? any
---@return neap.tensor
function tensor:variance(attributes) end

--- Another shape for the same elements; one size may be -1.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.reshape(x, attributes) end

--- Another shape for the same elements; one size may be -1.
---@param attributes? any
---@return neap.tensor
function tensor:reshape(attributes) end

--- Axes in another order.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.permute(x, attributes) end

--- Axes in another order.
---@param attributes? any
---@return neap.tensor
function tensor:permute(attributes) end

--- Elements [start, stop) of an axis, from 0.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.slice(x, attributes) end

--- Elements [start, stop) of an axis, from 0.
---@param attributes? any
---@return neap.tensor
function tensor:slice(attributes) end

--- Axes of size 1 repeated.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.expand(x, attributes) end

--- Axes of size 1 repeated.
---@param attributes? any
---@return neap.tensor
function tensor:expand(attributes) end

--- The same elements, adjacent in memory.
---@param x neap.tensor
---@return neap.tensor
function neap.contiguous(x) end

--- The same elements, adjacent in memory.
---@return neap.tensor
function tensor:contiguous() end

--- Zero padding: two counts per axis.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.pad(x, attributes) end

--- Zero padding: two counts per axis.
---@param attributes? any
---@return neap.tensor
function tensor:pad(attributes) end

--- Tensors joined along an axis.
---@param tensors table
---@param attributes? any
---@return neap.tensor
function neap.concat(tensors, attributes) end

--- Elements picked along an axis by an i32 index of the output's shape.
---@param x neap.tensor
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.gather(x, y, attributes) end

--- Elements picked along an axis by an i32 index of the output's shape.
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:gather(y, attributes) end

--- Elements added into zeros along an axis at an i32 index.
---@param x neap.tensor
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.scatter_add(x, y, attributes) end

--- Elements added into zeros along an axis at an i32 index.
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:scatter_add(y, attributes) end

--- Matrix product of the last two axes; leading axes broadcast.
---@param x neap.tensor
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.matmul(x, y, attributes) end

--- Matrix product of the last two axes; leading axes broadcast.
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:matmul(y, attributes) end

--- x times weight transposed, plus bias: x [.., in], weight [out, in].
---@param x neap.tensor
---@param y neap.tensor
---@param z? neap.tensor
---@return neap.tensor
function neap.linear(x, y, z) end

--- x times weight transposed, plus bias: x [.., in], weight [out, in].
---@param y neap.tensor
---@param z? neap.tensor
---@return neap.tensor
function tensor:linear(y, z) end

--- gelu_tanh of linear, in one pass.
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function neap.linear_gelu(x, y, z) end

--- gelu_tanh of linear, in one pass.
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function tensor:linear_gelu(y, z) end

--- residual + gate * linear(x): inputs residual, gate, x, weight, bias.
---@param tensors table
---@return neap.tensor
function neap.linear_gated_add(tensors) end

--- Rows of a table picked by an i32 index.
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.embedding(x, y) end

--- Rows of a table picked by an i32 index.
---@param y neap.tensor
---@return neap.tensor
function tensor:embedding(y) end

--- Rows added into a table of zeros at an i32 index.
---@param x neap.tensor
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.embedding_sum(x, y, attributes) end

--- Rows added into a table of zeros at an i32 index.
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:embedding_sum(y, attributes) end

--- Convolution: x [B, rows, columns, groups in], weight [out, kernel rows, kernel columns, in], bias [out].
---@param x neap.tensor
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.conv2d(x, y, z, attributes) end

--- Convolution: x [B, rows, columns, groups in], weight [out, kernel rows, kernel columns, in], bias [out].
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:conv2d(y, z, attributes) end

--- Adjoint of conv2d: x [B, rows, columns, in], weight [in, kernel rows, kernel columns, out], bias [groups out]; size: of the result, the smallest by default.
---@param x neap.tensor
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.conv2d_transpose(x, y, z, attributes) end

--- Adjoint of conv2d: x [B, rows, columns, in], weight [in, kernel rows, kernel columns, out], bias [groups out]; size: of the result, the smallest by default.
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:conv2d_transpose(y, z, attributes) end

--- Gradient of conv2d to its weight: x and the gradient of the result; size: of the kernel.
---@param x neap.tensor
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.conv2d_weight(x, y, attributes) end

--- Gradient of conv2d to its weight: x and the gradient of the result; size: of the kernel.
---@param y neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:conv2d_weight(y, attributes) end

--- Sums of neighbours along an axis, weighed by the taps times scale, zero outside; with a size, the adjoint: spread onto that many.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.filter(x, attributes) end

--- Sums of neighbours along an axis, weighed by the taps times scale, zero outside; with a size, the adjoint: spread onto that many.
---@param attributes? any
---@return neap.tensor
function tensor:filter(attributes) end

--- Resamples an axis to another size: mode 0 nearest, 1 linear; or the adjoint of that from `size`.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.resample(x, attributes) end

--- Resamples an axis to another size: mode 0 nearest, 1 linear; or the adjoint of that from `size`.
---@param attributes? any
---@return neap.tensor
function tensor:resample(attributes) end

--- Where each window of x [B, rows, columns, C] is largest: row times columns plus column, as i32.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.max_pool_index(x, attributes) end

--- Where each window of x [B, rows, columns, C] is largest: row times columns plus column, as i32.
---@param attributes? any
---@return neap.tensor
function tensor:max_pool_index(attributes) end

--- scale (x - mean) / deviation + shift of each channel over all of x [B, .., C], times slope below zero; updates a running mean and variance [C], if given.
---@param tensors table
---@param attributes? any
---@return neap.tensor
function neap.batch_norm(tensors, attributes) end

--- The same over each sample and group of channels.
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.group_norm(x, y, z, attributes) end

--- The same over each sample and group of channels.
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:group_norm(y, z, attributes) end

--- silu of group_norm, in one pass.
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.group_norm_silu(x, y, z, attributes) end

--- silu of group_norm, in one pass.
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:group_norm_silu(y, z, attributes) end

--- Exponentials over their sum along an axis.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.softmax(x, attributes) end

--- Exponentials over their sum along an axis.
---@param attributes? any
---@return neap.tensor
function tensor:softmax(attributes) end

--- Logarithm of the softmax along an axis.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.log_softmax(x, attributes) end

--- Logarithm of the softmax along an axis.
---@param attributes? any
---@return neap.tensor
function tensor:log_softmax(attributes) end

--- Last axis to mean 0 and variance 1.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.layer_norm(x, attributes) end

--- Last axis to mean 0 and variance 1.
---@param attributes? any
---@return neap.tensor
function tensor:layer_norm(attributes) end

--- Last axis to root mean square 1.
---@param x neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.rms_norm(x, attributes) end

--- Last axis to root mean square 1.
---@param attributes? any
---@return neap.tensor
function tensor:rms_norm(attributes) end

--- layer_norm(x) (1 + scale) + shift: inputs x [B, T, D], shift, scale [B, D].
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.modulated_norm(x, y, z, attributes) end

--- layer_norm(x) (1 + scale) + shift: inputs x [B, T, D], shift, scale [B, D].
---@param y neap.tensor
---@param z neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:modulated_norm(y, z, attributes) end

--- residual + gate * x: residual and x [B, T, D], gate [B, D].
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function neap.gated_add(x, y, z) end

--- residual + gate * x: residual and x [B, T, D], gate [B, D].
---@param y neap.tensor
---@param z neap.tensor
---@return neap.tensor
function tensor:gated_add(y, z) end

--- softmax(q k' / sqrt(d)) v: q [B, N, H, d], k and v [B, M, H, d]; with lengths i32 [B], row b uses its first lengths[b] keys alone.
---@param x neap.tensor
---@param y neap.tensor
---@param z neap.tensor
---@param w? neap.tensor
---@return neap.tensor
function neap.attention(x, y, z, w) end

--- softmax(q k' / sqrt(d)) v: q [B, N, H, d], k and v [B, M, H, d]; with lengths i32 [B], row b uses its first lengths[b] keys alone.
---@param y neap.tensor
---@param z neap.tensor
---@param w? neap.tensor
---@return neap.tensor
function tensor:attention(y, z, w) end

--- Attention within one product [B, N, 3 heads d] of q, k and v; with lengths i32 [B], tokens from lengths[b] on take no part and give 0.
---@param x neap.tensor
---@param y? neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.self_attention(x, y, attributes) end

--- Attention within one product [B, N, 3 heads d] of q, k and v; with lengths i32 [B], tokens from lengths[b] on take no part and give 0.
---@param y? neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:self_attention(y, attributes) end

--- Attention of q [B, N, heads d] to one product [B, M, 2 heads d] of k and v; with lengths i32 [B], row b uses its first lengths[b] keys alone.
---@param x neap.tensor
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.cross_attention(x, y, z, attributes) end

--- Attention of q [B, N, heads d] to one product [B, M, 2 heads d] of k and v; with lengths i32 [B], row b uses its first lengths[b] keys alone.
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:cross_attention(y, z, attributes) end

--- Attention over the tokens of two products, [B, N, 3 heads d] and [B, M, 3 heads d]: [B (N + M), heads d], all rows of the first, then those of the second. A second one of keys and values alone, [B, M, 2 heads d], gives [B, N, heads d]. With lengths i32 [B], its tokens from lengths[b] on take no part and give 0.
---@param x neap.tensor
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function neap.joint_attention(x, y, z, attributes) end

--- Attention over the tokens of two products, [B, N, 3 heads d] and [B, M, 3 heads d]: [B (N + M), heads d], all rows of the first, then those of the second. A second one of keys and values alone, [B, M, 2 heads d], gives [B, N, heads d]. With lengths i32 [B], its tokens from lengths[b] on take no part and give 0.
---@param y neap.tensor
---@param z? neap.tensor
---@param attributes? any
---@return neap.tensor
function tensor:joint_attention(y, z, attributes) end

--- Mean of -log softmax(logits)[label]: logits [B, N], labels i32 [B].
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.cross_entropy(x, y) end

--- Mean of -log softmax(logits)[label]: logits [B, N], labels i32 [B].
---@param y neap.tensor
---@return neap.tensor
function tensor:cross_entropy(y) end

--- Mean binary cross-entropy of logits with targets in [0, 1].
---@param x neap.tensor
---@param y neap.tensor
---@return neap.tensor
function neap.bce_with_logits(x, y) end

--- Mean binary cross-entropy of logits with targets in [0, 1].
---@param y neap.tensor
---@return neap.tensor
function tensor:bce_with_logits(y) end

return neap
