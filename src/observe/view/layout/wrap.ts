/** How large something may be drawn and still be seen as a whole, in CSS pixels. */
export interface Room {
  readonly width: number
  readonly height: number
}

/** From this scale on a drawing is readable, and is not wrapped. */
export const READABLE = 0.72
/** Of the ways to wrap that are nearly as good as the best, the simplest is taken. */
const NEARLY = 0.92
/** Where parts are as large as they can be, but for this, they stand as close as they can. */
const NEARLY_BEST = 0.97
/** Each way to wrap that is tried is so many times as narrow as the one before. */
const STEP = 1.22

/** How much of a layer there is. */
export interface LayerSize {
  /** Of its widest cell. */
  readonly width: number
  /** Of all its cells, with the gaps between them. */
  readonly height: number
  readonly count: number
  /** Between it and the next one. */
  readonly gapAfter: number
}

/** How a drawing is wrapped into its room: as text is. */
interface Wrap {
  /** In how many columns each layer stands. */
  readonly columns: readonly number[]
  /** The index of the first layer of each band. */
  readonly bands: readonly number[]
}

/** The gaps of a drawing that is wrapped. */
export interface WrapGaps {
  /** Between the columns of a layer. */
  readonly column: number
  readonly band: number
  /** At both sides of bands, where lines go from the end of one to the begin of the next. */
  readonly side: number
}

/** The scale by which a drawing fits into its room; at most 1. */
export function scaleFor({ width, height }: Room, room: Room): number {
  return Math.min(1, room.width / Math.max(1, width), room.height / Math.max(1, height))
}

/**
 * Finds how layers fit into a room at the largest scale: high layers in several columns, many layers in several bands.
 *
 * @returns `undefined` where they are readable as they are.
 */
export function wrapFor(layers: readonly LayerSize[], room: Room, gaps: WrapGaps): Wrap | undefined {
  const plain = layers.map(() => 1)
  const whole = sizeOf(layers, { columns: plain, bands: [0] }, gaps)
  const asItIs = scaleFor(whole, room)
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

/** To read on in the next band is harder than in the next column. */
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

function sizeOf(layers: readonly LayerSize[], { columns, bands }: Wrap, gaps: WrapGaps): Room {
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

/** Where the parts of a drawing stand. */
interface Shelves extends Room {
  readonly places: readonly { readonly x: number; readonly y: number }[]
}

/** Stands parts one below the other, or, where these are not readable then, beside one another as well. */
export function shelvesFor(parts: readonly Room[], room: Room | undefined, gap: number): Shelves {
  const stacked = shelvesWithin(parts, 0, gap)
  if (room === undefined || scaleFor(stacked, room) >= READABLE) return stacked
  const tried = [stacked]
  const whole = parts.reduce((sum, { width }) => sum + width + gap, 0)
  const widest = parts.reduce((most, { width }) => Math.max(most, width), 1)
  for (let width = whole; width >= widest; width /= STEP) {
    tried.push(shelvesWithin(parts, width, gap))
  }
  const best = tried.reduce((most, shelves) => Math.max(most, scaleFor(shelves, room)), 0)
  const good = tried.filter((shelves) => scaleFor(shelves, room) >= best * NEARLY_BEST)
  // The fullest, of those that are as large.
  return good.reduce((all, each) => (each.width * each.height < all.width * all.height ? each : all))
}

function shelvesWithin(parts: readonly Room[], most: number, gap: number): Shelves {
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
