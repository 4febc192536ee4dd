import { posix } from 'node:path'
import { librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { type ModuleReference, moduleReferences } from './syntax.ts'

/** The folders of the core, each of which may import itself and what stands before it. */
export const coreLayers: readonly string[] = ['base', 'dispatcher', 'telemetry', 'process', 'supervisor', 'stage']

/** The folders that may import themselves and the core, and that nobody imports. */
export const leafLayers: readonly string[] = ['bridge', 'diagnostics', 'testing', 'observe', 'opentelemetry', 'program']

const hostFolder = 'src/process/host/'

/** What `#host` stands for: see `imports` in package.json. */
const hosts: readonly string[] = [`${hostFolder}default.ts`, `${hostFolder}node.ts`]

/** Each folder of `src/` imports itself and the layers under it; a leaf no other leaf. */
export const layersImportDownwards: Rule = (files) =>
  eachReference(librarySources(files), (file, reference) => {
    const from = layerOf(file.path)
    const target = targetsOf(file, reference)[0]
    if (target === undefined || isFrontDoor(file.path)) return undefined
    const to = layerOf(target)
    if (from === undefined || to === undefined || mayImport(from, to)) return undefined
    if (isFrontDoor(target)) return undefined // `indexesAreForUsers` speaks about it.
    const allowed = [...coreLayers, ...leafLayers].filter((layer) => mayImport(from, layer))
    return (
      `imports ${target}, but ${from} may import only ${allowed.join(', ')}: ` +
      `move what is needed down into one of these, or hand it in from ${to} as an argument`
    )
  })

/** Every file of `src/` stands in a layer that this file knows. */
export const filesStandInALayer: Rule = (files) =>
  librarySources(files)
    .filter(({ path }) => !isFrontDoor(path) && layerOf(path) === undefined)
    .map(
      ({ path }) =>
        `${path}: stands in no layer: move it into one of ${[...coreLayers, ...leafLayers].join(', ')}, ` +
        'or name the new layer in test/tidy/layers.ts and in ARCHITECTURE.md',
    )

/** The index files are the doors for users; inside, one imports what one means. */
export const indexesAreForUsers: Rule = (files) =>
  eachReference(librarySources(files), (_file, { specifier }) => {
    const relative = specifier.startsWith('.')
    const isIndex = relative && (/(^|\/)index(\.[a-z]+)?$/.test(specifier) || !/\.[a-z]+$/.test(specifier))
    if (!isIndex && specifier !== 'genstage' && !specifier.startsWith('genstage/')) return undefined
    return `imports '${specifier}', a door for users: import the file that declares what you need`
  })

/** The core runs on any platform: what it needs of one it asks of `#host`. */
export const coreImportsNothingFromOutside: Rule = (files) =>
  eachReference(librarySources(files), (file, { specifier }) => {
    if (specifier.startsWith('.') || specifier === '#host') return undefined
    if (!coreLayers.includes(layerOf(file.path) ?? '')) return undefined
    const isNode = specifier.startsWith('node:')
    if (isNode && isPlatformHost(file.path)) return undefined
    return (
      `imports '${specifier}', but the core imports no package and no module of a platform: ` +
      `put what you need of it into the interface behind #host (${hostFolder}), or into a leaf`
    )
  })

/** A leaf may need a package only if its user installs it: an optional peer dependency. */
export const leavesImportOptionalPeers: Rule = (files) => {
  const peers = optionalPeers(files)
  return eachReference(librarySources(files), (file, { specifier }) => {
    if (/^[.#]|^node:|^genstage(\/|$)/.test(specifier)) return undefined
    if (!leafLayers.includes(layerOf(file.path) ?? '')) return undefined
    const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    if (peers.has(packageName)) return undefined
    return (
      `imports '${specifier}': declare ${packageName} in peerDependencies and as optional in ` +
      'peerDependenciesMeta of package.json, or do without it'
    )
  })
}

/** No file needs itself, by whatever detour, before it is loaded. */
export const noValueImportCycles: Rule = (files) => {
  const edges = new Map<string, string[]>()
  for (const file of librarySources(files)) {
    const values = moduleReferences(file).filter(({ typeOnly }) => !typeOnly)
    edges.set(file.path, [...new Set(values.flatMap((reference) => targetsOf(file, reference)))])
  }
  return findCycles(edges).map(
    (cycle) =>
      `${cycle[0]}: imports itself in a circle, ${[...cycle, cycle[0]].join(' -> ')}: ` +
      'make one of these an `import type`, move the shared part into a file of its own, or hand it in as an argument',
  )
}

/** Applications and examples use what users can import. */
export const appsImportPublicNames: Rule = (files) => {
  const names = publicNames(files)
  const sources = files.filter(({ path }) => /^(apps|examples)\/.*\.[cm]?[jt]sx?$/.test(path))
  return eachReference(sources, (file, { specifier }) => {
    const say = (problem: string): string =>
      `imports '${specifier}', ${problem}: apps and examples import the library only as ${[...names].join(', ')}`
    if (specifier.startsWith('#')) return say('which is for the library alone')
    if (specifier.startsWith('.')) {
      const program = file.path.split('/', file.path.startsWith('apps/') ? 2 : 1).join('/')
      const target = posix.join(posix.dirname(file.path), specifier)
      return target.startsWith(`${program}/`) ? undefined : say(`which lies outside ${program}/`)
    }
    const isOurs = specifier === 'genstage' || specifier.startsWith('genstage/')
    return isOurs && !names.has(specifier) ? say('which package.json does not export') : undefined
  })
}

function eachReference(
  files: readonly ProjectFile[],
  judge: (file: ProjectFile, reference: ModuleReference) => string | undefined,
): string[] {
  return files.flatMap((file) =>
    moduleReferences(file).flatMap((reference) => {
      const problem = judge(file, reference)
      return problem === undefined ? [] : [`${file.path}:${reference.line}: ${problem}`]
    }),
  )
}

/** `src/index.ts`, which gathers what users see and belongs to no layer. */
function isFrontDoor(path: string): boolean {
  return path === 'src/index.ts'
}

function layerOf(path: string): string | undefined {
  const [top, layer, rest] = path.split('/')
  const isKnown = layer !== undefined && (coreLayers.includes(layer) || leafLayers.includes(layer))
  return top === 'src' && rest !== undefined && isKnown ? layer : undefined
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true
  if (!coreLayers.includes(to)) return false
  return leafLayers.includes(from) || coreLayers.indexOf(to) < coreLayers.indexOf(from)
}

/** The part of the host that is written for one platform, and only loaded there. */
function isPlatformHost(path: string): boolean {
  return path.startsWith(hostFolder) && !['default.ts', 'host.ts'].includes(path.slice(hostFolder.length))
}

/** The project's own files that a reference means: two for `#host`, none for a package. */
function targetsOf(file: ProjectFile, { specifier }: ModuleReference): string[] {
  if (specifier === '#host') return [...hosts]
  return specifier.startsWith('.') ? [posix.join(posix.dirname(file.path), specifier)] : []
}

function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const start = path.indexOf(file)
    if (start >= 0) cycles.push(path.slice(start))
    if (start >= 0 || finished.has(file)) return
    path.push(file)
    for (const next of edges.get(file) ?? []) visit(next)
    path.pop()
    finished.add(file)
  }
  for (const file of edges.keys()) visit(file)
  return cycles
}

interface Manifest {
  readonly exports?: Readonly<Record<string, unknown>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

function manifestOf(files: readonly ProjectFile[]): Manifest {
  const manifest = files.find(({ path }) => path === 'package.json')
  return manifest === undefined ? {} : (JSON.parse(manifest.text) as Manifest)
}

function optionalPeers(files: readonly ProjectFile[]): Set<string> {
  const peers = Object.entries(manifestOf(files).peerDependenciesMeta ?? {})
  return new Set(peers.filter(([, { optional }]) => optional === true).map(([name]) => name))
}

function publicNames(files: readonly ProjectFile[]): Set<string> {
  const doors = Object.keys(manifestOf(files).exports ?? { '.': true }).filter((door) => !door.endsWith('.json'))
  return new Set(doors.map((door) => posix.join('genstage', door)))
}
