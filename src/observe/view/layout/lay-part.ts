import type { Spot } from './drawing.ts'
import { type Cell, type LayerItem, type LayerLink, layersFor } from './layers.ts'
import { orderLayers, type Step } from './order-layers.ts'
import { placeCentres } from './place-centres.ts'
import { type LayerSize, type Size, type WrapGaps, wrapFor } from './wrap.ts'

/** A line whose ends may be at another height than the middle of an item: as far down from its top. */
export interface PartLink extends LayerLink {
  readonly fromY?: number | undefined
  readonly toY?: number | undefined
}

/** The gaps of a drawing. */
interface PartSpacing {
  /** Between two layers, where the lines are. */
  readonly layerGap: number
  /** Between two items of a layer. */
  readonly rowGap: number
}

/** Connected items as they are drawn. */
interface DrawnPart extends Size {
  /** In reading order. */
  readonly places: ReadonlyMap<string, Spot & { readonly layer: number }>
  readonly lines: ReadonlyMap<string, readonly Spot[]>
}

/** Between the border of a group and the layer next to it. */
const PORT_GAP = 28
/** Between the columns of a wrapped layer. */
const COLUMN_GAP = 14
/** On both sides of bands: room for the lines from one to the next. */
const BAND_SIDE = 40

/** The distance of lines from a row of a wrapped layer: lines that arrive are above it, lines that leave are below it. */
const CHANNEL = 6

/** The cells of a layer with several columns, which are placed like one cell. */
interface Block {
  readonly key: string
  readonly rows: readonly (readonly Cell[])[]
  readonly height: number
}

/** Where lines arrive at a cell of a block and leave it: between its rows, not under other cells. */
interface Channels {
  readonly left: number
  readonly right: number
  readonly above: number
  readonly below: number
  readonly isFirst: boolean
  readonly isLast: boolean
}

/** Lays out connected items from left to right, wrapped if they would be too small to read in their room. */
export function layoutPart(
  items: readonly LayerItem[],
  links: readonly PartLink[],
  spacing: PartSpacing,
  room: Size | undefined,
): DrawnPart {
  return new PartLayout(items, links, spacing, room).draw()
}

class PartLayout {
  private readonly items: ReadonlyMap<string, LayerItem>
  private readonly links: readonly PartLink[]
  private readonly spacing: PartSpacing
  private readonly layerOf: ReadonlyMap<string, number>
  private readonly vias: ReadonlyMap<string, readonly string[]>
  private readonly steps: readonly Step[]
  private readonly layers: readonly (readonly Cell[])[]
  private readonly sizes: readonly LayerSize[]
  private readonly columns: readonly number[]
  private readonly bands: readonly number[]
  private readonly gaps: WrapGaps
  private readonly places = new Map<string, Spot & { readonly layer: number }>()
  /** The middle of each cell in a layer of one column. */
  private readonly middles = new Map<string, number>()
  private readonly channels = new Map<string, Channels>()
  private readonly lefts: number[] = []
  /** For each band: its right end, and the middle between it and the next band. */
  private readonly ends: { readonly right: number; readonly below: number }[] = []
  private readonly bandOfLayer: number[] = []

  constructor(items: readonly LayerItem[], links: readonly PartLink[], spacing: PartSpacing, room: Size | undefined) {
    this.items = new Map(items.map((item) => [item.key, item]))
    this.links = links
    this.spacing = spacing
    const { layers, layerOf, steps, vias } = layersFor(items, links)
    this.layerOf = layerOf
    this.vias = vias
    this.steps = steps
    const cells = new Map(layers.flat().map((cell) => [cell.key, cell]))
    const ordered = orderLayers(
      layers.map((layer) => layer.map(({ key }) => key)),
      steps,
    )
    this.layers = ordered.map((layer) => layer.flatMap((key) => cells.get(key) ?? []))
    this.sizes = this.layers.map((layer, index) => this.sizeOf(layer, index))
    this.gaps = { column: COLUMN_GAP, band: 2 * spacing.rowGap + BAND_SIDE, side: BAND_SIDE + 8 }
    const wrap = room && wrapFor(this.sizes, room, this.gaps)
    this.columns = wrap?.columns ?? this.layers.map(() => 1)
    this.bands = wrap?.bands ?? [0]
  }

  draw(): DrawnPart {
    const side = this.bands.length > 1 ? this.gaps.side : 0
    let top = 0
    let width = 0
    for (const [band, first] of this.bands.entries()) {
      const last = this.bands[band + 1] ?? this.layers.length
      const size = this.drawBand(band, first, last, { x: side, y: top })
      width = Math.max(width, size.width + 2 * side)
      this.ends.push({ right: side + size.width, below: top + size.height + this.gaps.band / 2 })
      top += size.height + this.gaps.band
    }
    const lines = new Map(this.links.map((link) => [link.key, this.lineOf(link)]))
    return { places: this.places, lines, width, height: Math.max(0, top - this.gaps.band) }
  }

  private sizeOf(layer: readonly Cell[], index: number): LayerSize {
    const { rowGap, layerGap } = this.spacing
    const isBesidePort = (each: readonly Cell[] | undefined): boolean =>
      each?.some(({ key }) => this.items.get(key)?.port !== undefined) === true
    const next = this.layers[index + 1]
    const isLast = index === this.layers.length - 1
    return {
      width: layer.reduce((most, cell) => Math.max(most, cell.width), 0),
      height: layer.reduce((sum, cell) => sum + cell.height + rowGap, -rowGap),
      count: layer.length,
      gapAfter: isLast ? 0 : isBesidePort(layer) || isBesidePort(next) ? PORT_GAP : layerGap,
    }
  }

  private drawBand(band: number, first: number, last: number, { x, y }: Spot): Size {
    const { rowGap } = this.spacing
    const blocks = new Map<number, Block>()
    /** By the key of a cell: itself, or the block that it is in. */
    const placed = new Map<string, string>()
    const heights = new Map<string, number>()
    const rows: string[][] = []
    for (let index = first; index < last; index++) {
      const layer = this.layers[index] ?? []
      const block = this.blockOf(index)
      if (block !== undefined) blocks.set(index, block)
      const cells = block === undefined ? layer : [{ key: block.key, height: block.height }]
      for (const { key, height } of cells) heights.set(key, height)
      for (const { key } of layer) placed.set(key, block?.key ?? key)
      rows.push(cells.map(({ key }) => key))
    }
    const steps = this.steps.flatMap(([from, to]): Step[] => {
      const [one, other] = [placed.get(from), placed.get(to)]
      return one === undefined || other === undefined ? [] : [[one, other]]
    })
    const centres = placeCentres(rows, steps, (key) => heights.get(key) ?? 0, rowGap)
    let left = x
    let bottom = 0
    for (let index = first; index < last; index++) {
      this.bandOfLayer[index] = band
      this.lefts[index] = left
      const block = blocks.get(index)
      if (block === undefined) {
        for (const cell of this.layers[index] ?? []) {
          const middle = Math.round(centres.get(cell.key) ?? 0)
          this.middles.set(cell.key, y + middle)
          if (!cell.isVia) this.put(cell.key, left, y + Math.round((centres.get(cell.key) ?? 0) - cell.height / 2))
          bottom = Math.max(bottom, middle + cell.height / 2)
        }
      } else {
        const top = Math.round((centres.get(block.key) ?? 0) - block.height / 2)
        this.drawBlock(block, left, y + top, this.sizes[index]?.width ?? 0)
        bottom = Math.max(bottom, top + block.height)
      }
      left += this.widthOf(index) + (index === last - 1 ? 0 : (this.sizes[index]?.gapAfter ?? 0))
    }
    return { width: left - x, height: Math.ceil(bottom) }
  }

  private widthOf(layer: number): number {
    const columns = this.columns[layer] ?? 1
    return columns * (this.sizes[layer]?.width ?? 0) + (columns - 1) * COLUMN_GAP
  }

  /** The columns of a layer that has several. Lines pass under them. */
  private blockOf(index: number): Block | undefined {
    const count = this.columns[index] ?? 1
    if (count === 1) return undefined
    const cells = (this.layers[index] ?? []).filter(({ isVia }) => !isVia)
    const inColumn = Math.ceil(cells.length / count)
    // Filled column by column, so that neighbours in order are below each other.
    const rows = Array.from({ length: inColumn }, (_, row) => cells.filter((__, index) => index % inColumn === row))
    const height = rows.reduce((sum, row) => sum + heightOf(row) + this.spacing.rowGap, 0)
    return { key: `block ${index}`, rows, height }
  }

  private drawBlock({ rows }: Block, left: number, top: number, width: number): void {
    const { rowGap } = this.spacing
    const columns = rows[0]?.length ?? 1
    const right = left + columns * (width + COLUMN_GAP) - COLUMN_GAP
    let y = top + rowGap / 2
    for (const row of rows) {
      const height = heightOf(row)
      for (const [index, { key }] of row.entries()) {
        this.put(key, left + index * (width + COLUMN_GAP), y)
        const isLast = index === columns - 1
        const channels = { left, right, above: y - CHANNEL, below: y + height + CHANNEL, isFirst: index === 0, isLast }
        this.channels.set(key, channels)
      }
      y += height + rowGap
    }
  }

  private put(key: string, x: number, y: number): void {
    this.places.set(key, { x, y, layer: this.layerOf.get(key) ?? 0 })
  }

  private lineOf({ key, from, to, fromY, toY }: PartLink): readonly Spot[] {
    const [start, end] = [this.places.get(from), this.places.get(to)]
    const [first, last] = [this.items.get(from), this.items.get(to)]
    if (start === undefined || end === undefined || first === undefined || last === undefined) return []
    const line: Spot[] = [{ x: start.x + first.width, y: start.y + Math.round(fromY ?? first.height / 2) }]
    const [leaving, coming] = [this.channels.get(from), this.channels.get(to)]
    if (leaving !== undefined && !leaving.isLast) {
      const { below, right } = leaving
      line.push({ x: start.x + first.width + COLUMN_GAP, y: below }, { x: right, y: below })
    }
    let layer = this.layerOf.get(from) ?? 0
    const turnTo = (next: number, y: number): void => {
      for (; layer < next; layer++) this.addTurn(line, layer, y)
    }
    for (const via of this.vias.get(key) ?? []) {
      const y = this.middles.get(via)
      turnTo(layer + 1, y ?? line.at(-1)?.y ?? 0)
      const left = this.lefts[layer] ?? 0
      if (y !== undefined) line.push({ x: left, y }, { x: left + this.widthOf(layer), y })
    }
    const target = { x: end.x, y: end.y + Math.round(toY ?? last.height / 2) }
    const isDirect = coming === undefined || coming.isFirst
    turnTo(this.layerOf.get(to) ?? 0, isDirect ? target.y : coming.above)
    if (!isDirect) line.push({ x: coming.left, y: coming.above }, { x: end.x - COLUMN_GAP, y: coming.above })
    line.push(target)
    return line
  }

  /** Continues a line in the next band: around the end of this band, back between both, and to the height `y`. */
  private addTurn(line: Spot[], layer: number, y: number): void {
    const band = this.bandOfLayer[layer] ?? 0
    if (this.bandOfLayer[layer + 1] === band || layer + 1 >= this.layers.length) return
    const { right, below } = this.ends[band] ?? { right: 0, below: 0 }
    const before = line.at(-1)?.y ?? 0
    line.push({ x: right + BAND_SIDE / 2, y: before }, { x: right + BAND_SIDE / 2, y: below })
    line.push({ x: BAND_SIDE / 2, y: below }, { x: BAND_SIDE / 2, y })
  }
}

function heightOf(row: readonly Cell[]): number {
  return row.reduce((most, { height }) => Math.max(most, height), 0)
}
