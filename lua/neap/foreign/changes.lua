--- How tensors of other programs differ from those of neap in the layout of a checkpoint. A change is { shape, read, write }:
--
--   shape(own, sizes, n)       the shape of each of the n foreign tensors
--   read(list, own, sizes)     the own tensor of them
--   write(x, sizes, n)         the foreign tensors of an own one
--
-- `own` is the shape of the own tensor; sizes are those that a format has read (see neap.foreign.formats).
local core = require "neap.core"

local ops = core.ops

local changes = {}

local function same(own)
  return own
end

changes.none = {
  shape = same,
  read = function(list) return list[1] end,
  write = function(x) return { x } end,
}

--- Parts of the rows, such as the weights of queries, keys and values.
changes.rows = {
  shape = function(own, _, n)
    return { own[1] // n, table.unpack(own, 2) }
  end,
  read = function(list) return ops.concat(list, 0) end,
  write = function(x, _, n)
    local parts, rows = {}, core.methods.shape(x)[1] // n
    for i = 1, n do
      parts[i] = ops.contiguous(ops.slice(x, 0, (i - 1) * rows, i * rows))
    end
    return parts
  end,
}

local function are_equal(a, b)
  return ops.max(ops.abs(ops.cast(a, "f64") - ops.cast(b, "f64"))):item() == 0
end

--- The same tensor several times; `read` returns nil and the reason if they differ.
changes.copies = {
  shape = same,
  read = function(list)
    for i = 2, #list do
      if not are_equal(list[i], list[1]) then
        return nil, ("expected the same values in all %d blocks, since neap has one such layer for all of them"):format(#list)
      end
    end
    return list[1]
  end,
  write = function(x, _, n)
    local list = {}
    for i = 1, n do
      list[i] = x
    end
    return list
  end,
}

--- A product with patches [D, rows * columns * channels] is a convolution [D, channels, rows, columns].
changes.patches = {
  shape = function(own, sizes)
    return { own[1], sizes.channels, sizes.patch, sizes.patch }
  end,
  read = function(list, own)
    return ops.reshape(ops.contiguous(ops.permute(list[1], { 0, 2, 3, 1 })), own)
  end,
  write = function(x, sizes)
    local p = sizes.patch
    return { ops.contiguous(ops.permute(ops.reshape(x, { -1, p, p, sizes.channels }), { 0, 3, 1, 2 })) }
  end,
}

--- Rows are [patch, patch, outputs, channels]; neap has the first of `sizes.outputs`.
changes.first_output = {
  shape = function(own, sizes)
    return { own[1] * sizes.outputs, table.unpack(own, 2) }
  end,
  read = function(list, own, sizes)
    local all = ops.reshape(list[1], { sizes.patch * sizes.patch, sizes.outputs, sizes.channels, own[2] or 1 })
    return ops.reshape(ops.contiguous(ops.slice(all, 1, 0, 1)), own)
  end,
  write = changes.none.write,
}

-- The second half of the rows, then the first.
local function exchange(x)
  local half = core.methods.shape(x)[1] // 2
  return ops.concat({ ops.slice(x, 0, half, 2 * half), ops.slice(x, 0, 0, half) }, 0)
end

--- A modulation. One of two parts, shift and scale, has them in the other order; one of six parts does not.
changes.modulation = {
  shape = same,
  read = function(list, own, sizes) return own[1] == 2 * sizes.width and exchange(list[1]) or list[1] end,
  write = function(x, sizes) return { core.methods.shape(x)[1] == 2 * sizes.width and exchange(x) or x } end,
}

--- A linear layer as a convolution of one tap.
changes.tap = {
  shape = function(own)
    return #own == 2 and { own[1], own[2], 1, 1 } or own
  end,
  read = function(list, own) return ops.reshape(list[1], own) end,
  write = changes.none.write,
}

return changes
