// An emitter cannot be slowed down. Events without demand are kept up to a limit, and dropped events are counted.
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, startLink } from 'genstage'
import { fromEmitter } from 'genstage/node'

const sensor = new EventEmitter<{ reading: [number]; end: [] }>()

const readings = await startLink(
  fromEmitter(sensor, 'reading', {
    endOn: ['end'],
    bufferSize: 20,
    whenFull: 'drop-oldest', // the newest readings are the most useful
    formatDiscarded: () => false, // printed below instead of logged
  }),
)

const slow = await startLink(
  consumer({
    async handleEvents(events: readonly number[]) {
      console.log(events.join(' '))
      await sleep(20)
    },
  }),
)
await slow.subscribe(readings, { maxDemand: 10, minDemand: 0 })

for (let reading = 0; reading < 100; reading++) sensor.emit('reading', reading)
console.log(`${await readings.call('discarded')} of 100 were dropped`)
sensor.emit('end')
await slow.exited

/* prints:
0 1 2 3 4 5 6 7 8 9
70 of 100 were dropped
80 81 82 83 84 85 86 87 88 89
90 91 92 93 94 95 96 97 98 99
*/
