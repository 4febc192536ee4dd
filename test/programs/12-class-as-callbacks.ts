// A class is welcome as the callbacks of a stage: no base class, context by constructor, `this` is the object.
import { type ProducerCallbacks, type ProducerContext, producer, startLink } from 'genstage'

class Counter implements ProducerCallbacks<number> {
  next: number
  readonly stage: ProducerContext
  constructor(stage: ProducerContext, first: number) {
    this.stage = stage
    this.next = first
  }
  handleDemand(demand: number) {
    return Array.from({ length: demand }, () => this.next++)
  }
  inspect() {
    return { next: this.next }
  }
}
const A = (first: number) => producer((stage) => new Counter(stage, first))
export const a = await startLink(A(0))
console.log(await a.estimateBufferedCount())
process.exit(0)
