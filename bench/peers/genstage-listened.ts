import { attachTelemetry } from 'genstage'

export { runs } from './genstage.ts'

let heard = 0
const listen = (): void => {
  heard++
}

// What is told per batch and per demand: what an exporter of metrics listens to, and the part that costs.
attachTelemetry({ 'batch.handled': listen, 'demand.handled': listen, 'demand.sent': listen, 'demand.received': listen })
process.once('exit', () => {
  if (heard === 0) throw new Error('nothing was heard')
})
