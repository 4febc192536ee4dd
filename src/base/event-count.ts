/** A number of events in words: `1 event`, `5 events`. */
export function eventCount(count: number): string {
  return count === 1 ? '1 event' : `${count} events`
}
