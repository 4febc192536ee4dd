// Builds the JavaScript of the package. Each file that package.json names is one bundled file, and what several of them
// need is in shared files beside them. `tsc` makes the declarations.
//
//     node --import tsx scripts/build-modules.ts [FOLDER [PROJECT]]
//
// FOLDER is where the files go. Default: `dist` of the project. PROJECT is the project whose sources are built. Default:
// this one.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What `exports` and `imports` hold: a path, or targets by condition. */
type Target = string | { readonly [condition: string]: Target }

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
  readonly imports: Readonly<Record<string, Target>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** A file of the build, and the source that it begins with. */
interface Entry {
  /** Its path in the folder of the build, without the extension. */
  readonly out: string
  /** The path of its source, from the root of the project. */
  readonly in: string
}

/** Builds all JavaScript but the live page, from the sources of a project into a folder. */
export async function buildModules(folder: string, project: string = root): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest
  const { bin, exports, imports, peerDependencies } = manifest
  const programs = Object.values(bin).map((path) => ({ out: nameOf(path), in: `src/${nameOf(path)}.ts` }))
  const entries = [...entriesIn(exports), ...programs]
  // One for each file: several conditions may lead to it, and esbuild would make a shared file for entries that are equal.
  const hosts = new Map(entriesIn(imports).map((entry) => [entry.out, entry]))
  removeShared(folder)
  await build({
    absWorkingDir: project,
    entryPoints: [...entries, ...hosts.values()],
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    // The platform is chosen when the package is loaded, by the conditions in `imports`.
    platform: 'neutral',
    external: ['node:*', ...Object.keys(imports), ...Object.keys(peerDependencies)],
    target: 'es2022',
    charset: 'utf8',
    sourcemap: true,
    // The package contains its sources.
    sourcesContent: false,
    plugins: [oneCore(entries.map((entry) => resolve(project, entry.in)))],
    logLevel: 'warning',
    logOverride: { 'ignored-bare-import': 'silent' },
  })
}

/**
 * Puts the whole core into one shared file.
 *
 * esbuild makes one shared file of all sources that the same entries reach. Different entries reach different parts of
 * the core, which would be a dozen files, most of them loaded by `import 'genstage'`. So each entry gets an import of the
 * main entry. Nothing is imported by it, and it is left out of what is written; but with it all entries reach the same.
 */
function oneCore([main = '', ...others]: readonly string[]): Plugin {
  return {
    name: 'one-core',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!others.includes(path)) return undefined
        // At the end, so that each line keeps its number.
        const contents = `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(main)}\n`
        return { contents, loader: 'ts' }
      })
    },
  }
}

/** The targets that have a source and a built file. `#page` has no source: build-page.ts makes it. */
function entriesIn(target: Target): readonly Entry[] {
  if (typeof target === 'string') return []
  const { 'genstage-source': source, default: built } = target
  if (typeof source !== 'string' || typeof built !== 'string') return Object.values(target).flatMap(entriesIn)
  // Where only types are looked up, the built file is a declaration, which tsc makes.
  return built.endsWith('.js') ? [{ out: nameOf(built), in: source.replace('./', '') }] : []
}

/** The names of shared files change with what is in them, so those of a former build would stay. */
function removeShared(folder: string): void {
  const files = existsSync(folder) ? readdirSync(folder) : []
  for (const name of files.filter((each) => each.startsWith('shared-'))) rmSync(join(folder, name))
}

function nameOf(built: string): string {
  return built.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder = join(root, 'dist'), project = root] = process.argv
  await buildModules(resolve(folder), resolve(project))
}
