import { type Point, TIMELINE } from '../view/timeline.ts'
import { type DomView, setAttributes, svg } from './dom.ts'

const WIDTH = 72
const HEIGHT = 24

/** Draws the last minute. The newest value is at the right, and the largest one touches the top. */
export function sparkline(): DomView<readonly Point[]> {
  const area = svg('path', { class: 'area' })
  const line = svg('path', { class: 'line' })
  const element = svg(
    'svg',
    {
      class: 'sparkline',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    area,
    line,
  )
  return {
    element,
    update(points) {
      const { top, bottom } = sparklinePaths(points, WIDTH, HEIGHT)
      setAttributes(line, { d: top })
      setAttributes(area, { d: bottom })
    },
  }
}

function sparklinePaths(points: readonly Point[], width: number, height: number): { top: string; bottom: string } {
  if (points.length < 2) return { top: '', bottom: '' }
  const most = Math.max(...points.map(({ value }) => value), 1e-9)
  const x = ({ age }: Point): string => (width * (1 - Math.min(1, age / TIMELINE))).toFixed(1)
  // One and a half for the stroke at the top and the bottom.
  const y = ({ value }: Point): string => (height - 1.5 - (value / most) * (height - 3)).toFixed(1)
  const top = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point)} ${y(point)}`).join('')
  const first = points[0]
  const last = points.at(-1)
  return { top, bottom: first && last ? `${top}L${x(last)} ${height}L${x(first)} ${height}Z` : '' }
}
