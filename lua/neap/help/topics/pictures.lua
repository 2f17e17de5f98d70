--- Help of pictures, films, arrays and figures.
local PICTURE, PATH = { "picture", "tensor", "[H, W, C] in [-1, 1]." }, { "path", "text" }

return {
  { "neap.image", nil, "Pictures: f32 [N, H, W, C] or [H, W, C] in [-1, 1]." },
  { "neap.image.save", "(path, picture [, text])", "Writes a PNG.", {
    { "path", "text", "Ends in .png." }, PICTURE, { "text", "table", "Text chunks { key = text } of the file." },
  }, example = 'neap.image.save("samples.png", neap.image.grid(x, { columns = 8 }))' },
  { "neap.image.load", "(path) -> tensor", "Reads a PNG or JPEG as f32 [H, W, C], C = 1 or 3; transparent pixels over white.",
    { PATH } },
  { "neap.image.load_mask", "(path) -> tensor",
    "Reads a PNG or JPEG as a mask [H, W, 1]: 0 for black or transparent, 1 for white.",
    { PATH } },
  { "neap.image.grid", "(pictures [, { key = value, .. }]) -> tensor", "Pictures [N, H, W, C] as one picture.",
    { { "pictures", "tensor" } } },
  { "neap.image.enlarge", "(picture, scale) -> tensor", "Each pixel becomes a square of scale by scale pixels.",
    { PICTURE, { "scale", "whole number" } } },
  { "neap.image.points", "(clouds [, { key = value, .. }]) -> tensor",
    "Clouds of points in the plane as pictures, one for each cloud.",
    { { "clouds", "list", "Tensors [N, .., 2]." } } },
  { "neap.image.caption", "(picture, texts [, { key = value, .. }]) -> tensor",
    "The picture in colour, with the texts side by side "
    .. "below it.", { PICTURE, { "texts", "list" } } },
  { "neap.image.film", "(path, frames [, { key = value, .. }])", "Writes an animated PNG.", {
    { "path", "text", "Ends in .png." },
    { "frames", "tensor or list", "[F, H, W, C], or a list of pictures or of functions that return one." },
  } },
  { "neap.film", "{ key = value, .. } -> film", "Records the steps of a sampler as an animated PNG.", example = [[
local film = neap.film { columns = 8, path = "film.png" }
euler:sample(model, { n = 16, batch = 16, watch = film:watch(model) })
film:save()]] },
  { "film", nil, "A recorder of a sampler's steps: neap.film { .. }." },
  { "film:watch", "([model]) -> function", "The `watch` function of sampler:sample, which must have all samples in one batch.",
    { { "model", "model", "Decodes latents.", usual = "none" } } },
  { "film:check", "(frames, n, h, w)", "Fails if a film of that many frames of n samples would be too large.",
    { { "frames", "whole number" }, { "n", "whole number" }, { "h", "whole number" }, { "w", "whole number" } } },
  { "film:save", "([path])", "Writes the film.", { { "path", "text", nil, usual = "that of neap.film" } } },
  { "neap.npy", nil, "Arrays of NumPy." },
  { "neap.npy.load", "(path) -> tensor", "Reads a .npy file.", { PATH } },
  { "neap.npy.save", "(path, x)", "Writes a .npy file.", { PATH, { "x", "tensor" } } },

  { "neap.plot", "{ key = value, .. } -> figure", "A figure of points, lines, arrows and texts, for SVG or PNG.", example = [[
local figure = neap.plot { title = "Loss", xlabel = "step" }
figure:line(points, { label = "training" })
figure:save "loss.svg"]] },
  { "neap.plot.panels", "{ figure, figure, .., columns = 2 } -> figure", "Several figures in a grid, row by row.",
    { { "settings", "table" } } },
  { "neap.plot.series", "(least) -> series", "Thins out points that arrive one by one.",
    { { "least", "whole number", "It keeps at least so many points of a long curve, and at most twice as many." } } },
  { "neap.plot.mix", "(from, to, share) -> text", "Interpolates two colours; share = 0 is the first.",
    { { "from", "text" }, { "to", "text" }, { "share", "number" } } },
  { "figure", nil, "A figure: neap.plot { .. }. Points are a tensor [.., 2] or a list { { x, y }, .. }." },
  { "figure:line", "(points [, { key = value, .. }]) -> figure", "A line from point to point; NaN makes a gap. Of plain "
    .. "numbers: their values at 1, 2, ..", { { "points", "tensor or list" } } },
  { "figure:points", "(points [, { key = value, .. }]) -> figure", "A disc at each point.", { { "points",
    "tensor or list" } } },
  { "figure:bars", "(points [, { key = value, .. }]) -> figure", "A bar from 0 to y at each point.", { { "points",
    "tensor or list" } } },
  { "figure:histogram", "(values [, { key = value, .. }]) -> figure", "Bars that count values in equal bins; NaN is left out.",
    { { "values", "tensor or list of numbers" } } },
  { "figure:arrows", "(from, to [, { key = value, .. }]) -> figure", "An arrow from each point of one list to that of another.",
    { { "from", "tensor or list" }, { "to", "tensor or list" } } },
  { "figure:text", "(x, y, s [, { key = value, .. }]) -> figure", "A text whose baseline is at a point.",
    { { "x", "number" }, { "y", "number" }, { "s", "text" } } },
  { "figure:picture", "([scale]) -> tensor", "The figure as a picture.", { { "scale", "number", nil, default = 1 } } },
  { "figure:svg", "([settings]) -> text", "The figure as SVG. With { page = prefix of its ids }, it takes its colours from the "
    .. "page that it is put into.", { { "settings", "table" } } },
  { "figure:save", "(path [, { key = value, .. }])", "Writes the figure as SVG or PNG, by the end of the path.", { PATH } },
  { "figure:primitives", "() -> list", "Its lines, polygons and texts in pixels." },
  { "series", nil, "Points that arrive one by one: neap.plot.series(400)." },
  { "series:add", "(x, y)", "Adds a point.", { { "x", "number" }, { "y", "number" } } },
  { "series:list", "() -> list", "The points that are kept, { { x, y }, .. }." },
}
