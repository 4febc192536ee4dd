/** The most characters of one event. No server of this library sends more. */
const LONGEST_EVENT = 40 << 20

/** Splits a stream of server-sent events into events, wherever its pieces begin and end. */
export class EventReader {
  /** The parts of the event that has begun. */
  private parts: string[] = []
  private length = 0

  /** Whether the event that has begun is too long. */
  get isTooLong(): boolean {
    return this.length > LONGEST_EVENT
  }

  /** Takes the next piece; returns the events that end in it. */
  take(text: string): readonly string[] {
    const events: string[] = []
    let from = 0
    // The empty line that ends an event may itself be split.
    if (text.startsWith('\n') && this.parts.at(-1)?.endsWith('\n') === true) {
      events.push(this.finish())
      from = 1
    }
    for (let end = text.indexOf('\n\n', from); end >= 0; end = text.indexOf('\n\n', from)) {
      this.keep(text.slice(from, end))
      events.push(this.finish())
      from = end + 2
    }
    this.keep(text.slice(from))
    return events
  }

  private keep(part: string): void {
    if (part === '') return
    this.parts.push(part)
    this.length += part.length
  }

  private finish(): string {
    const event = this.parts.join('')
    this.parts = []
    this.length = 0
    return event
  }
}
