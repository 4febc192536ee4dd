import type { Detail } from '../../view/camera.ts'
import type { Size } from '../../view/layout/wrap.ts'
import { type Difference, shortened } from '../../view/short-names.ts'
import { ROOM_FOR_KIND } from './group-head.ts'
import { CARD_WIDTH } from './node-card.ts'

/** The room next to the title of a card, in CSS pixels. */
const CARD_PAD = 26
/** The room around a name that is shown alone, in CSS pixels. */
const NAME_PAD = 13
/** The line heights and fonts of names, as in the style sheet. */
const nameFonts = { usual: { line: 14, font: '600 11px' }, small: { line: 12, font: '600 10px' } }
/** Narrower nodes have a smaller font. */
const USUAL_FROM = 72
const LEAST_HEAD = 56

let ruler: CanvasRenderingContext2D | null | undefined
const widths = new Map<string, number>()

/** The width of a text in a font of the page. */
function widthOf(text: string, font: string): number {
  const key = `${font} ${text}`
  const known = widths.get(key)
  if (known !== undefined) return known
  ruler ??= document.createElement('canvas').getContext('2d')
  if (ruler === null) return text.length * 8
  ruler.font = `${font} ${getComputedStyle(document.documentElement).fontFamily}`
  const { width } = ruler.measureText(text)
  // Names change over time, so what was measured is forgotten from time to time.
  if (widths.size > 20_000) widths.clear()
  widths.set(key, width)
  return width
}

/** From this height on, there is room for more than one line of a name. */
const TALL_FROM = 44

/** Whether a node drawn at this height has room for its content. */
export function isTall({ height }: Size): boolean {
  return height >= TALL_FROM
}

/** The title of a node, shortened to fit into it; there may be a line for its content below. */
export function cardText(
  title: string,
  difference: Difference | undefined,
  detail: Detail,
  seen: Size,
  hasContent: boolean,
): string {
  if (detail === 'card') {
    return shortened(title, difference, (text) => widthOf(text, '600 14px') <= CARD_WIDTH - CARD_PAD)
  }
  if (detail === 'mark') return title
  const { line, font } = nameFonts[isSmall(seen.width) ? 'small' : 'usual']
  const content = hasContent && isTall(seen) ? 1 : 0
  const lines = Math.max(1, Math.floor((seen.height - NAME_PAD) / line) - content)
  const width = seen.width - NAME_PAD
  return shortened(title, difference, (text) => linesOf(text, width, font) <= lines)
}

/** Whether the name of a node with this width has a smaller font. */
export function isSmall(width: number): boolean {
  return width < USUAL_FROM
}

/** The number of lines of a name in a browser, which breaks it after hyphens and spaces, and within long words. */
function linesOf(text: string, width: number, font: string): number {
  let lines = 1
  let used = 0
  for (const word of text.match(/[^-…\s]*(-|…|\s+|$)/g) ?? []) {
    const own = widthOf(word.trimEnd(), font)
    if (used > 0 && used + own > width) {
      lines++
      used = 0
    }
    // The lines of a long word are not all full.
    const more = Math.max(0, Math.ceil((own * 1.08) / width) - 1)
    lines += own > width ? more : 0
    used = own > width ? own - more * width : used + widthOf(word, font)
  }
  return lines
}

/** The title of a group, shortened to fit next to its kind if there is room for that; `undefined` without any room. */
export function headText(
  title: string,
  kind: string,
  difference: Difference | undefined,
  width: number,
): string | undefined {
  if (width < LEAST_HEAD) return undefined
  const beside = width > ROOM_FOR_KIND ? widthOf(kind, '400 11px') + 56 : 34
  return shortened(title, difference, (text) => widthOf(text, '600 12px') <= width - beside)
}

/** The size of the head of a group, in CSS pixels. */
export function headRoom(short: string, kind: string, width: number): Size {
  const beside = width > ROOM_FOR_KIND ? widthOf(kind, '400 11px') + 6 : 0
  return { width: widthOf(short, '600 12px') + beside + 38, height: 18 }
}
