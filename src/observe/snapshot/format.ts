/** Formats a number: `12,345`. */
export function figure(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Formats a number of things: `1 event`, `12,345 events`. */
export function count(value: number, thing: string, things: string = `${thing}s`): string {
  return `${figure(value)} ${Math.round(value) === 1 ? thing : things}`
}

/** Formats a time in milliseconds: `250 ms`, `42 s`, `7 min`, `3 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${ms < 10_000 ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1_000)} s`
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min`
  return `${figure(Math.floor(ms / 3_600_000))} h`
}

/** Formats a share from 0 to 1: `87 %`. */
export function percent(share: number): string {
  return `${Math.round(Math.min(share, 1) * 100)} %`
}

/** Formats a number of events in some milliseconds as a rate: `12.5 events a second`. */
export function rate(value: number, ms: number): string {
  const perSecond = ms > 0 ? (value * 1_000) / ms : 0
  return `${perSecond < 100 ? Number(perSecond.toPrecision(2)) : figure(perSecond)} events a second`
}
