#!/usr/bin/env node
import nodeProcess from 'node:process'
import { run } from './run.ts'

const { argv, env, stderr, stdout } = nodeProcess
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) nodeProcess.once(signal, () => interruption.abort())
// The reader of the output has closed it, as `head` does after some lines: that is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  nodeProcess.exit()
})

nodeProcess.exitCode = await run(argv.slice(2), { stdout, stderr, environment: env, signal: interruption.signal })
