/** The text of an unknown number. */
const UNKNOWN = '–'

const units: readonly (readonly [factor: number, unit: string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]

/** Formats a whole number in at most six characters: `99,999`, `123k`, `1.23M`. */
export function amount(value: number): string {
  const whole = Math.round(value)
  if (whole < 100_000) return String(whole).replace(/\B(?=(\d{3})+$)/g, ',')
  // A number that rounds up to 1,000 of a unit is 1 of the next one.
  const [factor, unit] = units.find(([each]) => whole >= each * 0.9995) ?? [1e3, 'k']
  const scaled = whole / factor
  return `${scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2)}${unit}`
}

/** Formats events per second, without the unit; below 10 with one decimal place, unless it is whole. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return UNKNOWN
  if (perSecond > 0 && perSecond < 0.05) return '<0.1'
  const tenths = Math.round(perSecond * 10) / 10
  return tenths < 10 && !Number.isInteger(tenths) ? tenths.toFixed(1) : amount(perSecond)
}

/** Formats a share from 0 to 1: `42%`. */
export function percent(share: number | null): string {
  return share === null ? UNKNOWN : `${Math.round(share * 100)}%`
}

/** Formats milliseconds: `450 ms`, `12.3 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

/** Formats a number of things: `1 event`, `2 events`. */
export function counted(count: number, noun: string): string {
  return `${amount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/**
 * How full a bar is for a count without a limit, from 0 to 1.
 *
 * Logarithmic, so that 1 is visible and the bar is not full before 100,000.
 */
export function logarithmicShare(count: number): number {
  return Math.min(1, Math.log10(1 + Math.max(0, count)) / 5)
}
