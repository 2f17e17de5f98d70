-- Metrics and neap.evaluate as a recipe sees them.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"

local evaluate = neap.evaluate

check.test("a metric is a component like any other", function()
  local metric = neap.metric.precision_recall { k = 5 }
  check.equal(tostring(metric), 'precision_recall {"k":5}')
  check.equal(metric:kind(), "metric")
  check.raises("metric 'frechett' is not known; did you mean 'frechet'?", function() return neap.metric.frechett {} end)
  check.raises("precision_recall: k: expected 1 to 64, got 0", function() neap.metric.precision_recall { k = 0 } end)
  check.raises("sliced_wasserstein: order: expected 1 to 2, got 3", function()
    neap.metric.sliced_wasserstein { order = 3 }
  end)
  check.raises("support: shape: expected one of 'moons', 'spirals', 'checkerboard', 'gaussians8', 'rings', got text 'moon'",
    function() neap.metric.support { shape = "moon" } end)
end)

check.test("scores by name, with their intervals", function()
  local x = neap.randn(200, 1, 1, 2)
  local samples, reference = evaluate.points(x + 3), evaluate.points(x)
  local scores = evaluate.score(neap.metric.sliced_wasserstein {}, samples, reference, { resamples = 10, seed = 2 })
  check.equal(#scores, 1)
  check.equal(scores[1].name, "sliced_wasserstein")
  check.close(scores[1].value, 3, 1e-5) -- of (3, 3): its length over the root of 2
  check.close(scores[1].high - scores[1].value, 1.959964 * scores[1].deviation, 1e-6)
  check.truth(scores[1].deviation > 0.01 and scores[1].deviation < 0.3)
  check.equal(evaluate.score(neap.metric.support {}, reference, nil, { resamples = 0 })[1].deviation, 0)
end)

check.test("evidence of a classifier, in whatever batches", function()
  local model = neap.architecture.vit { rows = 8, columns = 8, classes = 3, patch = 4, width = 8, depth = 1, heads = 2 }
  local x = neap.randn(40, 8, 8, 1)
  local whole, parts = evaluate.evidence(model, x, nil, 64), evaluate.evidence(model, x, nil, 2)
  check.equal(whole.features:shape(), { 40, 8 })
  check.equal(whole.logits:shape(), { 40, 3 })
  check.close(parts.features, whole.features, 1e-5)
  check.close(parts.logits, whole.logits, 1e-5)
  check.equal(whole.features.requires_grad, false)
  local mlp = neap.architecture.mlp {}
  check.raises("evaluate: expected a classifier that offers 'features'; mlp does not", function()
    evaluate.evidence(mlp, x)
  end)
end)

check.test("what is no evidence is refused", function()
  local metric, x = neap.metric.frechet {}, neap.randn(4, 3)
  check.raises("frechet: expected features of the reference, got none", function()
    evaluate.score(metric, { features = x }, nil)
  end)
  check.raises("score: features of the samples: expected a tensor, got table", function()
    evaluate.score(metric, { features = {} }, { features = x })
  end)
  check.raises("score: the samples: expected a table of features, logits, labels, pictures and condition, got number", function()
    evaluate.score(metric, 3, { features = x })
  end)
  check.raises("frechet: resamples: expected none or at least 2, got 1", function()
    evaluate.score(metric, { features = x }, { features = x }, { resamples = 1 })
  end)
end)

check.finish()
