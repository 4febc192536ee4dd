// The output of a child process, line by line, read only as far as it is needed. Then the child process is stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { consumer, startLink } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromReadable } from 'genstage/node'

/** Writes forever. While its output is not read, it waits in `writeSync`, which throws once the pipe is closed. */
const program = `
  const { writeSync } = require('node:fs')
  try {
    for (let line = 1; ; line++) writeSync(1, 'line ' + line + '\\n')
  } catch {
    process.exitCode = 3
  }
`

const Head = (count: number) =>
  consumer(() => {
    let left = count
    return {
      handleEvents(lines: readonly string[]) {
        for (const line of lines.slice(0, left)) console.log(line)
        left -= lines.length
        return left > 0 ? undefined : { stop: 'normal' }
      },
    }
  })

const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
const closed = once(child, 'close')

const bytes = await startLink(fromReadable(child.stdout))
const text = await startLink(decodeText())
const lines = await startLink(splitLines())
const head = await startLink(Head(3))
await head.subscribe(lines, { maxDemand: 10 })
await lines.subscribe(text, { maxDemand: 2 })
await text.subscribe(bytes, { maxDemand: 2 })

// Each of these stages stops when it has no subscriber any more, and the first of them closes the pipe. The events that
// they had read ahead are dropped, and counted on stderr.
console.log('the head ended:', await head.exited)
console.log('so did the source:', await bytes.exited)
const [code] = await closed
console.log('the child ended with code', code)

/* prints:
line 1
line 2
line 3
the head ended: normal
so did the source: normal
the child ended with code 3
*/
