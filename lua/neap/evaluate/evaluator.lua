--- The classifier whose features and logits score pictures; or a matcher of pictures and texts, which has features alone.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"

local evaluator = {}

local EVALUATOR = "recipes/evaluator_fashion.safetensors"

-- The recipes are beside the folder of Lua files, or in the current folder.
local function default_evaluator()
  local lua = package.path:match "^(.-)/%?%.lua"
  local beside = (lua and lua:match "^(.*)/[^/]*$" or "..") .. "/" .. EVALUATOR
  return core.exists(beside) == "file" and beside or EVALUATOR
end

--- Is it a matcher: are its classes texts?
function evaluator.is_matcher(model)
  return model:offers "features" and not model:offers "classify" and model:spec().text ~= nil
end

local function check_offers(who, name, model)
  if evaluator.is_matcher(model) then
    return model
  end
  for _, what in ipairs { "features", "classify" } do
    if not model:offers(what) then
      core.fail(("%s: %s: expected a classifier that offers '%s'; %s does not"):format(who, name, what,
        model:component():name()))
    end
  end
  return model
end

--- Is there the evaluator that comes with the recipes?
function evaluator.has_default()
  return core.exists(default_evaluator()) == "file"
end

--- Returns the classifier and its path. It is given as a model, a run or a checkpoint; nil: the one that comes with the
-- recipes. Messages begin with `who`.
function evaluator.load(who, given)
  if type(given) == "userdata" then
    return check_offers(who, given:origin() or "the evaluator", given), given:origin()
  end
  local path = given or default_evaluator()
  if not core.exists(path) then
    core.fail(("%s: there is no evaluator '%s'; train one with recipes/evaluator_fashion.lua, or give one with "
      .. "--evaluator FILE"):format(who, path))
  end
  return check_offers(who, path, checkpoint.model(who, path)), path
end

--- Do two specs have pictures of the same shape?
function evaluator.same_pictures(a, b)
  return a.height == b.height and a.width == b.width and a.channels == b.channels
end

--- Does a matcher with spec `own` fit pictures of `spec`; or a classifier, perhaps with a multiple of its channels and tuples of
-- its classes?
function evaluator.fits(own, spec)
  if own.text then
    return evaluator.same_pictures(own, spec)
  end
  local parts = spec.channels // own.channels
  local same = spec.height == own.height and spec.width == own.width and spec.channels == parts * own.channels
  return same and parts > 0 and (spec.classes == 0 or spec.classes == own.classes ^ parts)
end

--- Fails unless the evaluator fits the pictures and classes of a model with `spec`.
function evaluator.check(who, model, spec)
  local own = model:spec()
  if not evaluator.fits(own, spec) then
    core.fail(("%s: the evaluator judges [%d, %d, %d] and %d classes, the run draws [%d, %d, %d] and %d"):format(who,
      own.height, own.width, own.channels, own.classes, spec.height, spec.width, spec.channels, spec.classes))
  end
end

return evaluator
