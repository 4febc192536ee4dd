import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const project = fileURLToPath(new URL('../..', import.meta.url))
const nodeOptions = ['--conditions=genstage-source', '--import', import.meta.resolve('tsx')]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wordcount-main-'))
})

// Node cannot remove files whose path is too long.
afterAll(() => void execFileSync('rm', ['-rf', folder]))

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program; `preload` is code that runs in its process before. */
function wordcount(parameters: readonly string[], preload = ''): Promise<Outcome> {
  const preloaded = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  return new Promise((resolve) => {
    const options = { maxBuffer: Number.POSITIVE_INFINITY }
    const child = execFile(
      process.execPath,
      [...nodeOptions, ...preloaded, main, ...parameters],
      options,
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

interface Report {
  files: number
  skipped: number
  failed: { path: string; reason: string }[]
  words: number
  distinct: number
  top: [string, number][]
  partial?: boolean
}

/** All words of a folder, by the program. */
async function reported(root: string, preload?: string): Promise<Report> {
  const { code, stdout, stderr } = await wordcount([root, '--top', '10000000', '--json'], preload)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Report
}

/** The same by the tools of the shell. */
function expected(root: string): Report {
  const shell = (script: string) =>
    execFileSync('sh', ['-c', script], {
      cwd: root,
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 1 << 30,
      encoding: 'latin1',
    })
  const isSkipped = `{ case "$1" in *.map|*.min.[a-z]*|*.lock|*-lock.json|*-lock.yaml) true;; *) false;; esac; } ||
    head -c 8192 "$1" | od -An -v -tu1 | awk '
      { for (i = 1; i <= NF; i++) {
          if ($i == 0) nul = 1
          else if ($i >= 9 && $i <= 13 || $i == 32) blanks++
          else if ($i >= 65 && $i <= 90 || $i >= 97 && $i <= 122) letters++
      } }
      END { exit !(nul || letters > 12 * blanks + 240) }'`
  const words = `{ tr -c A-Za-z '\\n' < "$1"; echo; } | tr A-Z a-z | grep .`
  // A line that is not a letter stands for a file.
  const command = `if ${isSkipped}; then echo -; else echo +; ${words}; fi`
  const forEach = `find . -type f -exec sh -c '${command.replaceAll("'", `'\\''`)}' sh {} \\;`
  const lines = shell(`${forEach} | sort | uniq -c | sort -k1,1nr -k2,2`).split('\n')
  const counts = lines
    .filter((line) => line !== '')
    .map((line): [string, number] => {
      const [count, word] = line.trim().split(' ') as [string, string]
      return [word, Number(count)]
    })
  const files = new Map(counts)
  const top = counts.filter(([word]) => word !== '+' && word !== '-')
  return {
    files: files.get('+') ?? 0,
    skipped: files.get('-') ?? 0,
    failed: [],
    words: top.reduce((sum, [, count]) => sum + count, 0),
    distinct: top.length,
    top,
  }
}

/** Creates a folder with an example of every kind of file. */
function makeTree(): string {
  const root = join(folder, 'tree')
  const write = (path: string | Buffer, content: string | Buffer) => {
    const whole = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path)])
    mkdirSync(dirname(whole.toString('latin1')), { recursive: true })
    writeFileSync(whole, content)
  }
  write('plain.txt', 'The quick brown fox, THE lazy dog.\n')
  write('a/b/c/d/deep.txt', "Don't stop\r\nit's CRLF\r\nno newline at the end")
  write('empty', '')
  write('no-words', '1234 5678\n---\n')
  write('-dash', 'dash\n')
  write('with space\nand newline', 'strange name\n')
  write('bytes', Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index % 255) + 1)))
  write('utf-8', 'naïve café Straße ÀÉ ſK\n')
  write('nul-first', '\0binary')
  write('nul-last-of-head', Buffer.concat([Buffer.alloc(8_191, 'bin '), Buffer.from('\0')]))
  write('nul-after-head', Buffer.concat([Buffer.alloc(8_192, 'text '), Buffer.from('cut\0here text')]))
  for (const boundary of [64 << 10, 128 << 10, 256 << 10]) {
    for (const shift of [-7, -3, -1, 0, 1])
      write(`cut/${boundary}${shift}`, `${' '.repeat(boundary + shift)}Boundary x`)
    for (const length of [boundary - 1, boundary, boundary + 1]) write(`ends/${length}`, `${' '.repeat(length - 3)}end`)
  }
  for (const length of [70_000, 300_000])
    write(`long/${length}`, `${' '.repeat(8_192)}before ${'lOnG'.repeat(length / 4)} after`)
  write('random', Buffer.concat([Buffer.alloc(8_192, 'text '), randomText(700_000)]))
  write('minified.js', 'function n(e,t){return e.map(n=>t(n))}'.repeat(10_000))
  write('minified-after-head.js', `${'let code = 1 + 2\n'.repeat(600)}${'n(e,t),'.repeat(10_000)}`)
  for (const name of ['app.min.js', 'app.js.map', 'yarn.lock', 'package-lock.json', 'locks.md', 'min.js'])
    write(name, `some words in ${name}\n`)
  if (process.platform === 'linux') write(Buffer.from('no-utf-8-\xff', 'latin1'), 'odd name\n')
  symlinkSync('plain.txt', join(root, 'link-to-file'))
  symlinkSync('a', join(root, 'link-to-folder'))
  symlinkSync('..', join(root, 'a/b/loop'))
  symlinkSync('nowhere', join(root, 'dangling'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  return root
}

/** Letters of both cases, among other bytes, the same ones each time. */
function randomText(length: number): Buffer {
  let seed = 1
  return Buffer.from(
    Array.from({ length }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      const random = seed >> 16
      return (random & 7) === 0 ? 1 + (random % 254) : ((random >> 3) & 1 ? 65 : 97) + ((random >> 4) % 26)
    }),
  )
}

/** A sparse file that uses no space on the disk: a word, and then zeros, after the first 8 KiB, up to its size. */
function makeSparse(name: string, size: number): string {
  const root = join(folder, name)
  mkdirSync(root)
  writeFileSync(join(root, 'sparse'), ' word'.padEnd(9_000))
  truncateSync(join(root, 'sparse'), size)
  return root
}

describe('the counts equal those of find, tr, grep, sort and uniq', () => {
  test('on a tree with some of everything', async () => {
    const root = makeTree()
    expect(await reported(root)).toEqual(expected(root))
  }, 60_000)

  test('on a part of node_modules', async () => {
    const root = join(project, 'node_modules/vitest')
    expect(await reported(root)).toEqual(expected(root))
  }, 60_000)
})

describe('the output', () => {
  test('is a report, without progress, if it is not a terminal', async () => {
    const { code, stdout, stderr } = await wordcount([join(project, 'src'), '--top', '3'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^Words in .*\n\n(\w+ +[\d,]+ +█+\n){3}\n[\d,]+ words, .*\n[\d,]+ files counted, .*\n.* MB of memory\n$/,
    )
  })

  test('shows progress on a terminal, and removes it at the end; a large file uses no memory', async () => {
    const root = makeSparse('watched', 400 << 20)
    const terminal = 'process.stdout.isTTY = process.stderr.isTTY = true'
    const { code, stdout, stderr } = await wordcount([root], terminal)
    expect(code).toBe(0)
    const drawn = stderr.split('\r\u001b[2K')
    expect(drawn[1]).toMatch(/^\d files, \d words, \d words\/s, waiting: \d+ to read, \d+ to add$/)
    expect(drawn.at(-1)).toBe('')
    expect(stdout).toContain('\n1 words, 1 of them distinct\n')
    expect(Number(/at most (\d+) MB/.exec(stdout)?.[1])).toBeLessThan(250)
    expect((await wordcount([join(project, 'src'), '--json'], terminal)).stderr).toBe('')
  })

  test('may be left unread', async () => {
    const child = spawn(process.execPath, [...nodeOptions, main, join(project, 'src')])
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (data) => (stderr += data))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('with --observe', () => {
  test('a page is served while it counts, and keeps nothing alive at the end', async () => {
    const root = join(folder, 'observed')
    mkdirSync(root)
    for (let file = 0; file < 30; file++) writeFileSync(join(root, `${file}`), 'word')
    const parameters = [root, '--json', '--observe', '0', '--pace', '10']
    const child = spawn(process.execPath, [...nodeOptions, main, ...parameters])
    const ended = new Promise((resolve) => child.on('close', resolve))
    let stdout = ''
    child.stdout.on('data', (data) => (stdout += data))
    const line = await new Promise<string>((resolve) => child.stderr.once('data', (data) => resolve(String(data))))
    const url = /^wordcount: open (http:\/\/127\.0\.0\.1:\d+\/) to watch until the count is done\n$/.exec(line)?.[1]
    const events = await fetch(`${url}events`)
    expect(await events.text()).toContain('"label":"producer walker"')
    expect(await ended).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ files: 30, words: 30 })
  })

  test('a port that is taken is an error, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code, stdout, stderr } = await wordcount([folder, '--observe', String(port)])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^wordcount: cannot listen on port \d+ of 127\.0\.0\.1: the port is in use.*\n$/)
    server.close()
  })
})

describe('one line on stderr describes the error', () => {
  test('if there is no such folder, with exit code 1', async () => {
    expect(await wordcount([join(folder, 'missing\n')])).toEqual({
      code: 1,
      stdout: '',
      stderr: `wordcount: expected a folder that can be read, got: "${folder}/missing\\n" (ENOENT: no such file or directory)\n`,
    })
  })

  test('if it is a file, with exit code 1', async () => {
    const { code, stdout, stderr } = await wordcount([main])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^wordcount: expected a folder that can be read, got: .*main\.ts" \(ENOTDIR: not a directory\)\n$/,
    )
  })

  test('if the arguments are wrong, with exit code 2', async () => {
    expect(await wordcount(['--top', 'ten'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'wordcount: expected --top to be followed by a whole number of at least 1, got: "ten"\n',
    })
  })
})

describe('unreadable files and folders are listed, and the count continues', () => {
  // A path that is too long for the system cannot be read by any user, not even root.
  test.skipIf(process.platform !== 'linux')('whether files or folders', async () => {
    const root = join(folder, 'too-deep')
    const name = 'n'.repeat(200)
    execFileSync('sh', [
      '-c',
      `mkdir "$1"; cd "$1"; echo some words > readable
       while [ $(pwd | wc -c) -lt 3895 ]; do mkdir $2; cd $2; done
       echo unseen > file-$2; mkdir folder-$2; echo unseen > folder-$2/file`,
      'sh',
      root,
      name,
    ])
    const { failed, ...counted } = await reported(root)
    expect(counted).toMatchObject({ files: 1, skipped: 0, words: 2 })
    expect(failed.map(({ path, reason }) => [path.split('/').at(-1), reason])).toEqual([
      [`file-${name}`, 'ENAMETOOLONG: name too long'],
      [`folder-${name}`, 'ENAMETOOLONG: name too long'],
    ])
  })

  test('if reading fails in the middle of a file, which is then listed once', async () => {
    const root = join(folder, 'broken')
    mkdirSync(root)
    writeFileSync(join(root, 'broken'), 'word '.repeat(200_000))
    writeFileSync(join(root, 'whole'), 'one two three')
    const failure = "Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })"
    const report = await reported(root, onRead(`if (position > 300_000) throw ${failure}`))
    expect(report.failed).toEqual([{ path: join(root, 'broken'), reason: 'EIO: i/o error' }])
    expect(report.top.map(([word]) => word)).toEqual(['word', 'one', 'three', 'two'])
  })
})

describe('Ctrl-C', () => {
  const interrupt = "process.kill(process.pid, 'SIGINT')"

  test('ends the run with what was counted so far, marked as partial, and exit code 130', async () => {
    // More than could be counted in an hour. Under npm the signal comes twice, once from the terminal and once from npm.
    const root = makeSparse('interrupted', 2 ** 40)
    const inTheMiddle = onRead(`if (position > 2 ** 25) { ${interrupt}; ${interrupt} }`)
    const { code, stdout, stderr } = await wordcount([root, '--json'], inTheMiddle)
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      files: 1,
      skipped: 0,
      failed: [],
      words: 1,
      distinct: 1,
      top: [['word', 1]],
      partial: true,
    })
    expect((await wordcount([root], inTheMiddle)).stdout).toMatch(/^Partial result/)
  })

  test('ends it at once if it is sent again', async () => {
    const root = makeSparse('impatient', 2 ** 40)
    // The disk no longer responds; without the second signal the program would hang forever.
    const hanging = onRead(`if (position > 2 ** 25) {
      ${interrupt}
      setTimeout(() => ${interrupt}, 400)
      await new Promise((resolve) => setTimeout(resolve, 3_600_000))
    }`)
    expect(await wordcount([root, '--json'], hanging)).toEqual({ code: 130, stdout: '', stderr: '' })
  })
})

/** Code to run in the program's process: before each read of a file from some `position`, do something. */
function onRead(something: string): string {
  return `
    import { open } from 'node:fs/promises'
    const file = await open('/dev/null')
    const prototype = Object.getPrototypeOf(file)
    const { read } = prototype
    prototype.read = async function (buffer, offset, length, position) {
      ${something}
      return read.call(this, buffer, offset, length, position)
    }
    await file.close()`
}
