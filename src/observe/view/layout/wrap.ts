/** A size: of a drawing, or of the room for it, in CSS pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** From this scale on, a drawing is readable and is not wrapped. */
export const READABLE = 0.72
/** Of all wraps whose scale is at least this share of the best one, the simplest is chosen. */
const NEARLY = 0.92
/** Of all shelves whose scale is at least this share of the best one, the smallest are chosen. */
const NEARLY_BEST = 0.97
/** Each wrap that is tried is narrower than the previous one by this factor. */
const STEP = 1.22

/** The size of a layer. */
export interface LayerSize {
  /** The width of its widest cell. */
  readonly width: number
  /** The height of all its cells, with the gaps between them. */
  readonly height: number
  readonly count: number
  /** The gap between it and the next layer. */
  readonly gapAfter: number
}

/** How a drawing is wrapped, like text, to fit into its room. */
interface Wrap {
  /** The number of columns of each layer. */
  readonly columns: readonly number[]
  /** The index of the first layer of each band. */
  readonly bands: readonly number[]
}

/** The gaps of a wrapped drawing. */
export interface WrapGaps {
  /** Between the columns of a layer. */
  readonly column: number
  readonly band: number
  /** On both sides of bands, where lines lead from the end of one band to the beginning of the next. */
  readonly side: number
}

/** The scale at which a drawing fits into its room; at most 1. */
export function scaleFor({ width, height }: Size, room: Size): number {
  return Math.min(1, room.width / Math.max(1, width), room.height / Math.max(1, height))
}

/**
 * Finds how layers fit into a room at the largest scale: high layers with several columns, many layers in several bands.
 *
 * @returns `undefined` if the layers are readable without wrapping.
 */
export function wrapFor(layers: readonly LayerSize[], room: Size, gaps: WrapGaps): Wrap | undefined {
  const plain = layers.map(() => 1)
  const unwrapped = sizeOf(layers, { columns: plain, bands: [0] }, gaps)
  const asItIs = scaleFor(unwrapped, room)
  if (asItIs >= READABLE) return undefined
  const tried: { readonly wrap: Wrap | undefined; readonly scale: number }[] = [{ wrap: undefined, scale: asItIs }]
  const highest = layers.reduce((all, { height }) => Math.max(all, height), 0)
  const mostColumns = layers.reduce((all, { count }) => Math.max(all, count), 1)
  for (let parts = 1; parts <= mostColumns; parts = Math.max(parts + 1, Math.round(parts * STEP))) {
    const limit = highest / parts
    const columns = layers.map(({ height, count }) => Math.min(count, Math.max(1, Math.ceil(height / limit - 1e-9))))
    const { width } = sizeOf(layers, { columns, bands: [0] }, gaps)
    let before = 0
    for (let narrower = 1; narrower <= layers.length; narrower *= STEP) {
      const bands = bandsWithin(layers, columns, width / narrower, gaps)
      if (bands.length === before) continue
      before = bands.length
      const wrap = { columns, bands }
      tried.push({ wrap, scale: scaleFor(sizeOf(layers, wrap, gaps), room) })
    }
  }
  const best = tried.reduce((all, { scale }) => Math.max(all, scale), 0)
  const enough = Math.min(best * NEARLY, READABLE)
  const simple = tried.filter(({ scale }) => scale >= enough)
  simple.sort((one, other) => complexity(one.wrap) - complexity(other.wrap))
  return simple[0]?.wrap
}

/** Bands are harder to follow than columns. */
function complexity(wrap: Wrap | undefined): number {
  return wrap === undefined ? 0 : wrap.bands.length * 4 + Math.log2(Math.max(1, ...new Set(wrap.columns)))
}

function widthOf({ width }: LayerSize, columns: number, gaps: WrapGaps): number {
  return columns * width + (columns - 1) * gaps.column
}

function bandsWithin(
  layers: readonly LayerSize[],
  columns: readonly number[],
  width: number,
  gaps: WrapGaps,
): readonly number[] {
  const bands = [0]
  let x = 0
  for (const [index, layer] of layers.entries()) {
    const own = widthOf(layer, columns[index] ?? 1, gaps)
    if (x > 0 && x + own > width + 0.5) {
      bands.push(index)
      x = 0
    }
    x += own + layer.gapAfter
  }
  return bands
}

function sizeOf(layers: readonly LayerSize[], { columns, bands }: Wrap, gaps: WrapGaps): Size {
  let width = 0
  let height = (bands.length - 1) * gaps.band
  for (const [band, first] of bands.entries()) {
    let x = 0
    let high = 0
    for (let index = first; index < (bands[band + 1] ?? layers.length); index++) {
      const layer = layers[index]
      if (layer === undefined) continue
      const own = columns[index] ?? 1
      x += widthOf(layer, own, gaps) + layer.gapAfter
      high = Math.max(high, (layer.height / layer.count) * Math.ceil(layer.count / own))
    }
    width = Math.max(width, x)
    height += high
  }
  return { width: width + (bands.length > 1 ? 2 * gaps.side : 0), height }
}

/** The places of the parts of a drawing. */
interface Shelves extends Size {
  readonly places: readonly { readonly x: number; readonly y: number }[]
}

/** Places parts below each other, or, if they would not be readable, side by side as well. */
export function shelvesFor(parts: readonly Size[], room: Size | undefined, gap: number): Shelves {
  const stacked = shelvesWithin(parts, 0, gap)
  if (room === undefined || scaleFor(stacked, room) >= READABLE) return stacked
  const tried = [stacked]
  const total = parts.reduce((sum, { width }) => sum + width + gap, 0)
  const widest = parts.reduce((most, { width }) => Math.max(most, width), 1)
  for (let width = total; width >= widest; width /= STEP) {
    tried.push(shelvesWithin(parts, width, gap))
  }
  const best = tried.reduce((most, shelves) => Math.max(most, scaleFor(shelves, room)), 0)
  const good = tried.filter((shelves) => scaleFor(shelves, room) >= best * NEARLY_BEST)
  // The most compact of those that are equally large.
  return good.reduce((all, each) => (each.width * each.height < all.width * all.height ? each : all))
}

function shelvesWithin(parts: readonly Size[], most: number, gap: number): Shelves {
  const places: { x: number; y: number }[] = []
  let [x, y, high, width] = [0, 0, 0, 0]
  for (const part of parts) {
    if (x > 0 && x + part.width > most) {
      y += high + gap
      x = 0
      high = 0
    }
    places.push({ x, y })
    width = Math.max(width, x + part.width)
    high = Math.max(high, part.height)
    x += part.width + gap
  }
  return { places, width, height: y + high }
}
