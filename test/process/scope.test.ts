import { consumer, createScope, fromIterable, type ProcessRef, producer, StageFailure, task } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from './gate.ts'
import { acting, idle, recordingLogger } from './plain-stages.ts'

/** A stage that writes down its own end, and fails or stops as its messages request. */
const Ending = (name: string, ends: string[], wait?: Promise<void>) =>
  consumer({
    handleEvents() {},
    handleInfo(message: unknown) {
      if (message instanceof Error) throw message
      return { stop: message as string }
    },
    async terminate(reason) {
      await wait
      ends.push(`${name}: ${reason instanceof Error ? reason.message : (reason as string)}`)
    },
  })

describe('a scope', () => {
  test('whose first stage fails stops the others in reverse order, and rejects done', async () => {
    await shuffled(30, async (runtime) => {
      const ends: string[] = []
      const scope = createScope({ runtime })
      const one = await scope.startLink(Ending('one', ends))
      const two = await scope.startLink(Ending('two', ends), { name: 'second' })
      const three = await scope.startLink(Ending('three', ends))
      const four = await scope.startLink(Ending('four', ends))
      const error = new Error('boom')
      const done = expect(scope.done).rejects.toMatchObject({
        name: 'StageFailure',
        code: 'GENSTAGE_STAGE_FAILURE',
        stage: 'consumer second',
        callback: 'handleInfo',
        reason: error,
        cause: error,
        message: 'consumer second failed in handleInfo: boom',
      })
      two.send(error)
      await done
      expect(ends).toEqual(['two: boom', 'four: shutdown', 'three: shutdown', 'one: shutdown'])
      expect(await Promise.all([one, two, three, four].map(({ exited }) => exited))).toEqual([
        'shutdown',
        error,
        'shutdown',
        'shutdown',
      ])
      await scope[Symbol.asyncDispose]()
    })
  })

  test('waits for each stage to stop before it stops the next', async () => {
    const runtime = testRuntime()
    const ends: string[] = []
    const slow = gate()
    const scope = createScope({ runtime })
    await scope.startLink(Ending('one', ends))
    await scope.startLink(Ending('two', ends, slow.promise))
    const disposed = scope[Symbol.asyncDispose]().then(() => ends.push('disposed'))
    await runtime.settle()
    expect(ends).toEqual([])
    slow.open()
    await disposed
    expect(ends).toEqual(['two: shutdown', 'one: shutdown', 'disposed'])
    await scope.done
  })

  test('kills what has not stopped within 5,000 ms', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    const stuck = await scope.startLink(acting(() => new Promise(() => {})))
    stuck.send('')
    const disposed = scope[Symbol.asyncDispose]()
    await runtime.advance(4_999)
    let isOver = false
    void stuck.exited.then(() => (isOver = true))
    await runtime.settle()
    expect(isOver).toBe(false)
    await runtime.advance(1)
    expect(await stuck.exited).toBe('killed')
    await disposed
    await scope.done
  })

  test.each(['normal', 'shutdown', { shutdown: 'enough' }])(
    'is not troubled by an end with reason %o',
    async (reason) => {
      const runtime = testRuntime()
      const ends: string[] = []
      const scope = createScope({ runtime })
      const one = await scope.startLink(Ending('one', ends))
      const two = await scope.startLink(Ending('two', ends))
      one.send(reason)
      await one.exited
      await runtime.settle()
      expect(ends).toHaveLength(1)
      await two.stop()
      await scope[Symbol.asyncDispose]()
      await scope.done
    },
  )

  test('ignores an end that was requested', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    const refs = await Promise.all(Array.from({ length: 4 }, () => scope.startLink(idle())))
    await refs[0]?.stop(new Error('asked for'))
    refs[1]?.exit(new Error('asked for'))
    refs[2]?.exit('kill')
    await runtime.settle()
    let isAlive = true
    void refs[3]?.exited.then(() => (isAlive = false))
    await runtime.settle()
    expect(isAlive).toBe(true)
    await scope[Symbol.asyncDispose]()
    await scope.done
  })

  test('is disposed of at the end of its block', async () => {
    const runtime = testRuntime()
    const ends: string[] = []
    {
      await using scope = createScope({ runtime })
      await scope.startLink(Ending('one', ends))
      await scope.startLink(Ending('two', ends))
    }
    expect(ends).toEqual(['two: shutdown', 'one: shutdown'])
  })

  test('takes nothing in once it is closed', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    await scope[Symbol.asyncDispose]()
    await expect(scope.startLink(idle())).rejects.toMatchObject({ name: 'StartError', code: 'GENSTAGE_START' })
    await scope[Symbol.asyncDispose]()
  })

  test('may be disposed of twice, at once', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    const ref = await scope.startLink(idle())
    await Promise.all([scope[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()])
    expect(await ref.exited).toBe('shutdown')
  })

  test('reports one cause however many stages it ends', async () => {
    await shuffled(30, async (runtime) => {
      const scope = createScope({ runtime })
      const error = new Error('boom')
      const source = await scope.startLink(
        producer({
          demand: 'accumulate',
          handleDemand: () => {
            throw error
          },
        }),
        { name: 'source' },
      )
      const sinks = await Promise.all(Array.from({ length: 3 }, () => scope.startLink(idle())))
      const done = expect(scope.done).rejects.toMatchObject({
        stage: 'producer source',
        callback: 'handleDemand',
        cause: error,
      })
      await Promise.all(sinks.map((sink) => sink.subscribe(source)))
      source.demand('forward')
      await done
      for (const ref of [source, ...sinks]) expect([error, 'shutdown']).toContain(await (ref as ProcessRef).exited)
    })
  })

  test('receives the failure of a task, and of an iterable', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    await scope.startLink(task(() => Promise.reject(new Error('in a task'))))
    await expect(scope.done).rejects.toThrow('task')

    const other = createScope({ runtime })
    const source = await other.startLink(
      fromIterable(
        (function* () {
          yield 1
          throw new Error('in a generator')
        })(),
      ),
    )
    const sink = await other.startLink(idle())
    await sink.subscribe(source)
    await expect(other.done).rejects.toMatchObject({ cause: new Error('in a generator') })
  })

  test('passes a failed start on by its rejection, and by nothing else', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    const other = await scope.startLink(idle())
    const failing = consumer(() => {
      throw new Error('in setup')
    })
    await expect(scope.startLink(failing)).rejects.toMatchObject({
      code: 'GENSTAGE_START',
      cause: new Error('in setup'),
    })
    await runtime.settle()
    await other.stop()
    await scope[Symbol.asyncDispose]()
    await scope.done
  })

  test('logs what fails while it closes, because nothing else would report it', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const scope = createScope({ runtime })
    const failing = consumer({
      handleEvents() {},
      terminate() {
        throw new Error('in terminate')
      },
    })
    await scope.startLink(failing, { name: 'last' })
    await scope[Symbol.asyncDispose]()
    await scope.done
    const errors = lines.filter((line) => line.startsWith('error'))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('consumer last failed in terminate: in terminate')
  })

  test('stands apart from other scopes', async () => {
    const runtime = testRuntime()
    const one = createScope({ runtime })
    const other = createScope({ runtime })
    const failing = await one.startLink(Ending('failing', []))
    const bystander = await other.startLink(idle())
    const done = expect(one.done).rejects.toBeInstanceOf(StageFailure)
    failing.send(new Error('boom'))
    await done
    await bystander.stop()
    await other[Symbol.asyncDispose]()
    await other.done
  })

  test('starts its stages in its own runtime, and refuses another', async () => {
    const runtime = testRuntime()
    const scope = createScope({ runtime })
    const starting = (options: unknown): Promise<ProcessRef> => scope.startLink(idle(), options as object)
    await expect(starting({ runtime: testRuntime() })).rejects.toThrow(TypeError)
    for (const options of [null, 5, 'name', [], { nam: 'x' }]) {
      await expect(starting(options)).rejects.toThrow(TypeError)
    }
    const ref = await starting({ runtime, name: 'inside' })
    expect(ref.name).toBe('inside')
    await scope[Symbol.asyncDispose]()
  })
})

describe('createScope with a function', () => {
  test('resolves with what it returns, once the stages that still run have been stopped, last first', async () => {
    await shuffled(20, async (runtime) => {
      const ends: string[] = []
      const value = await createScope(
        async (scope) => {
          await scope.startLink(Ending('one', ends))
          await scope.startLink(Ending('two', ends))
          return 42
        },
        { runtime },
      )
      expect(value).toBe(42)
      expect(ends).toEqual(['two: shutdown', 'one: shutdown'])
    })
  })

  test('rejects with what it throws, at once or later, once its stages have been stopped', async () => {
    const runtime = testRuntime()
    const ends: string[] = []
    const error = new Error('mine')
    const later = createScope(
      async (scope) => {
        await scope.startLink(Ending('one', ends))
        throw error
      },
      { runtime },
    )
    await expect(later).rejects.toBe(error)
    expect(ends).toEqual(['one: shutdown'])
    const atOnce = createScope(
      () => {
        throw error
      },
      { runtime },
    )
    await expect(atOnce).rejects.toBe(error)
  })

  test('rejects with the failure of a stage, once the others have stopped, and without waiting for the function', async () => {
    await shuffled(20, async (runtime) => {
      const ends: string[] = []
      const scoped = createScope(
        async (scope) => {
          await scope.startLink(Ending('one', ends))
          const two = await scope.startLink(Ending('two', ends), { name: 'second' })
          two.send(new Error('boom'))
          await new Promise(() => {})
        },
        { runtime },
      )
      await expect(scoped).rejects.toMatchObject({ name: 'StageFailure', message: expect.stringContaining('boom') })
      expect(ends).toEqual(['two: boom', 'one: shutdown'])
    })
  })

  test('rejects with the failure that came first: of a stage, and logs what the function then throws', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    for (const error of [new Error('after that'), undefined]) {
      const scoped = createScope(
        async (scope) => {
          const one = await scope.startLink(Ending('one', []))
          one.send(new Error('boom'))
          await one.exited
          if (error === undefined) await scope.startLink(idle())
          throw error
        },
        { runtime },
      )
      await expect(scoped).rejects.toBeInstanceOf(StageFailure)
      await runtime.settle()
    }
    const own = lines.filter((line) => line.includes('the function of a scope'))
    expect(own).toEqual([
      'error: the function of a scope failed after one of its stages had failed: after that',
      expect.stringContaining('debug: the function of a scope failed after one of its stages had failed: '),
    ])
  })

  test('rejects with the failure that came first: of the function, and logs that of a stage that is stopped', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const error = new Error('mine')
    const Bad = () =>
      consumer({
        handleEvents() {},
        terminate() {
          throw new Error('at the end')
        },
      })
    const scoped = createScope(
      async (scope) => {
        await scope.startLink(Bad())
        throw error
      },
      { runtime },
    )
    await expect(scoped).rejects.toBe(error)
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([expect.stringContaining('at the end')])
  })

  test('has its stages run in the runtime that is named, and bears that the function disposes of the scope', async () => {
    const runtime = testRuntime()
    const value = await createScope(
      async (scope) => {
        const stage = await scope.startLink(idle())
        await scope[Symbol.asyncDispose]()
        return [stage.id.startsWith(runtime.id), await stage.exited]
      },
      { runtime },
    )
    expect(value).toEqual([true, 'shutdown'])
  })
})
