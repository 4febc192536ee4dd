import { posix } from 'node:path'
import { manifestOf } from './manifest.ts'
import { librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { roomsOf, rows } from './rooms.ts'
import { type ModuleReference, moduleReferences } from './syntax.ts'

const hostFolder = 'src/process/host/'

/** What `#host` stands for: see `imports` in package.json. */
const hosts: readonly string[] = [`${hostFolder}default.ts`, `${hostFolder}node.ts`]

/** Each folder of `src/` imports itself and the layers under it, never one beside it. */
export const layersImportDownwards: Rule = (files) =>
  eachReference(librarySources(files), (file, reference) => {
    const target = targetsOf(file, reference)[0]
    if (target === undefined || isFrontDoor(file.path) || isFrontDoor(target)) return undefined
    const from = layerOf(file.path)
    const to = layerOf(target)
    if (from === undefined || to === undefined || from === to || rowOf(to) < rowOf(from)) return undefined
    const allowed = [...rows.slice(0, rowOf(from)).flatMap(({ layers }) => layers), from]
    return (
      `imports ${target}, but ${from} may import only ${allowed.join(', ')}: ` +
      `move what is needed down into one of these, or pass it in from ${to} as an argument`
    )
  })

/** Each room of a layer imports what the table of rooms allows; an index, which is for users, gathers from all. */
export const roomsImportInOrder: Rule = (files) =>
  eachReference(librarySources(files), (file, reference) => {
    const target = targetsOf(file, reference)[0]
    const layer = layerOf(file.path)
    if (target === undefined || layer === undefined || layer !== layerOf(target)) return undefined
    const from = roomOf(file.path)
    const to = roomOf(target)
    if (from === undefined || to === undefined || from === to || isIndex(file.path)) return undefined
    const allowed = roomsAllowedIn(layer, from)
    if (allowed.includes(to)) return undefined
    return (
      `imports ${target}, but the room ${from} of ${layer} may import only ${[...allowed, from].join(', ')}: ` +
      `move what both need into one of these, pass it in as an argument, or move the file to another room`
    )
  })

/** Every file of `src/` stands in a layer, and in a room of it, that `rooms.ts` knows. */
export const filesStandInALayer: Rule = (files) =>
  librarySources(files).flatMap(({ path }) => {
    if (isFrontDoor(path)) return []
    const layer = layerOf(path)
    if (layer === undefined) {
      const known = rows.flatMap(({ layers }) => layers).join(', ')
      return [
        `${path}: stands in no layer: move it into one of ${known}, ` +
          'or name the new layer in test/tidy/rooms.ts and in ARCHITECTURE.md',
      ]
    }
    if (roomOf(path) !== undefined || isIndex(path)) return []
    const rooms = Object.keys(roomsOf[layer] ?? { '.': [] }).join(', ')
    return [
      `${path}: stands in no room of ${layer}: move it into one of ${rooms}, ` +
        `or name the new room in test/tidy/rooms.ts`,
    ]
  })

/** The index files are for users; inside, a file imports the file that declares what it needs. */
export const indexesAreForUsers: Rule = (files) =>
  eachReference(librarySources(files), (_file, { specifier }) => {
    const relative = specifier.startsWith('.')
    const isIndexFile = relative && (/(^|\/)index(\.[a-z]+)?$/.test(specifier) || !/\.[a-z]+$/.test(specifier))
    if (!isIndexFile && specifier !== 'genstage' && !specifier.startsWith('genstage/')) return undefined
    return `imports '${specifier}', which is for users: import the file that declares what you need`
  })

/** The core runs on any platform: what it needs of one it asks of `#host`. */
export const coreImportsNothingFromOutside: Rule = (files) =>
  eachReference(librarySources(files), (file, { specifier }) => {
    if (specifier.startsWith('.') || specifier === '#host') return undefined
    if (!isCore(file.path)) return undefined
    const isNode = specifier.startsWith('node:')
    if (isNode && isPlatformHost(file.path)) return undefined
    return (
      `imports '${specifier}', but the core imports no package and no module of a platform: ` +
      `put what you need of it into the interface of #host (${hostFolder}), or into a leaf`
    )
  })

/** A leaf may need a package only if its user installs it: an optional peer dependency. */
export const leavesImportOptionalPeers: Rule = (files) => {
  const peers = optionalPeers(files)
  return eachReference(librarySources(files), (file, { specifier }) => {
    if (/^[.#]|^node:|^genstage(\/|$)/.test(specifier)) return undefined
    if (layerOf(file.path) === undefined || isCore(file.path)) return undefined
    const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    if (peers.has(packageName)) return undefined
    return (
      `imports '${specifier}': declare ${packageName} in peerDependencies and as optional in ` +
      'peerDependenciesMeta of package.json, or do without it'
    )
  })
}

/** Applications and examples use what users can import. */
export const appsImportPublicNames: Rule = (files) => {
  const names = publicNames(files)
  const sources = files.filter(({ path }) => /^(apps|examples)\/.*\.[cm]?[jt]sx?$/.test(path))
  return eachReference(sources, (file, { specifier }) => {
    const refuse = (problem: string): string =>
      `imports '${specifier}', ${problem}: apps and examples import the library only as ${[...names].join(', ')}`
    if (specifier.startsWith('#')) return refuse('which is for the library alone')
    if (specifier.startsWith('.')) {
      const program = file.path.split('/', file.path.startsWith('apps/') ? 2 : 1).join('/')
      const target = posix.join(posix.dirname(file.path), specifier)
      return target.startsWith(`${program}/`) ? undefined : refuse(`which lies outside ${program}/`)
    }
    const isOurs = specifier === 'genstage' || specifier.startsWith('genstage/')
    return isOurs && !names.has(specifier) ? refuse('which package.json does not export') : undefined
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

/** The project's own files that a reference means: two for `#host`, none for a package. */
export function targetsOf(file: ProjectFile, { specifier }: Pick<ModuleReference, 'specifier'>): string[] {
  if (specifier === '#host') return [...hosts]
  return specifier.startsWith('.') ? [posix.join(posix.dirname(file.path), specifier)] : []
}

/** The layer that a file of `src/` stands in, as `stage` or `connectors/kafka`. */
export function layerOf(path: string): string | undefined {
  const [top, ...folders] = posix.dirname(path).split('/')
  if (top !== 'src') return undefined
  return [folders[0], folders.slice(0, 2).join('/')].find((name) => name !== undefined && rowOf(name) >= 0)
}

/** The room of its layer that a file stands in: the longest entry of the table that its path begins with. */
function roomOf(path: string): string | undefined {
  const layer = layerOf(path)
  if (layer === undefined) return undefined
  const rooms = roomsOf[layer] ?? { '.': [] }
  const inside = path.slice(`src/${layer}/`.length)
  const folder = posix.dirname(inside)
  const room = Object.hasOwn(rooms, inside) ? inside : folder.split('/', 1)[0]
  return room !== undefined && Object.hasOwn(rooms, room) ? room : undefined
}

function roomsAllowedIn(layer: string, room: string): readonly string[] {
  const rooms = roomsOf[layer] ?? {}
  const names = Object.keys(rooms)
  const allowed = rooms[room]
  return allowed === 'above' ? names.slice(0, names.indexOf(room)) : (allowed ?? [])
}

/** The row that a layer stands in, or -1. */
function rowOf(name: string): number {
  const [group, rest] = name.split('/')
  const entry = rest === undefined ? name : `${group}/*`
  return rows.findIndex(({ layers }) => layers.includes(entry))
}

function isCore(path: string): boolean {
  const layer = layerOf(path)
  return layer !== undefined && rows[rowOf(layer)]?.isCore === true
}

/** `src/index.ts`, which gathers what users see and belongs to no layer. */
function isFrontDoor(path: string): boolean {
  return path === 'src/index.ts'
}

function isIndex(path: string): boolean {
  return posix.basename(path) === 'index.ts'
}

/** The part of the host that is written for one platform, and only loaded there. */
function isPlatformHost(path: string): boolean {
  return path.startsWith(hostFolder) && !['default.ts', 'host.ts'].includes(path.slice(hostFolder.length))
}

function optionalPeers(files: readonly ProjectFile[]): Set<string> {
  const peers = Object.entries(manifestOf(files).peerDependenciesMeta ?? {})
  return new Set(peers.filter(([, { optional }]) => optional === true).map(([name]) => name))
}

function publicNames(files: readonly ProjectFile[]): Set<string> {
  const subpaths = Object.keys(manifestOf(files).exports ?? { '.': true }).filter((path) => !path.endsWith('.json'))
  return new Set(subpaths.map((path) => posix.join('genstage', path)))
}
