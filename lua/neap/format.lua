--- Numbers for people: durations, sizes, counts, shapes.
local format = {}

--- 754 -> "12:34"
function format.duration(seconds)
  seconds = math.max(0, seconds)
  if seconds < 10 then
    return ("%.1f s"):format(seconds)
  end
  seconds = math.floor(seconds + 0.5)
  local hours = seconds // 3600
  local rest = ("%02d:%02d"):format(seconds // 60 % 60, seconds % 60)
  return hours > 0 and ("%d:%s"):format(hours, rest) or (rest:gsub("^0", ""))
end

function format.bytes(bytes)
  if bytes < 1 << 30 then
    return ("%.0f MiB"):format(bytes / (1 << 20))
  end
  return ("%.2f GiB"):format(bytes / (1 << 30))
end

--- The size of a file or a folder: "12 KiB", "3.4 MiB"
function format.size(bytes)
  if bytes < 1 << 20 then
    return ("%d KiB"):format((bytes + 1023) // 1024)
  end
  return bytes < 1 << 30 and ("%.1f MiB"):format(bytes / (1 << 20)) or format.bytes(bytes)
end

--- 1234567 -> "1.23 M"
function format.count(n)
  for _, unit in ipairs { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } } do
    if n >= unit[1] then
      return ("%.3g %s"):format(n / unit[1], unit[2])
    end
  end
  return ("%d"):format(n)
end

--- { 2, 3 } -> "[2, 3]"
function format.shape(shape)
  return "[" .. table.concat(shape, ", ") .. "]"
end

--- The pictures of a spec: "[28, 28, 1]"
function format.pictures(spec)
  return format.shape { spec.height, spec.width, spec.channels }
end

return format
