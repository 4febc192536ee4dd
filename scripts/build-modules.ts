// Builds the JavaScript of the package: one bundled file for each file that package.json names, and shared files beside
// them for what several of them need. `tsc` writes the declarations.
//
//     node --import tsx scripts/build-modules.ts [FOLDER [PROJECT]]
//
// FOLDER is the folder for the files. Default: `dist` of this project. PROJECT is the project to build. Default: this
// project.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A value in `exports` and `imports`: a path, or targets by condition. */
type Target = string | { readonly [condition: string]: Target }

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
  readonly imports: Readonly<Record<string, Target>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** A file to build, and its source. */
interface Entry {
  /** Its path in the folder for the files, without the extension. */
  readonly out: string
  /** The path of its source, relative to the project. */
  readonly in: string
}

/** Builds all JavaScript except the live page, from the sources of a project into a folder. */
export async function buildModules(folder: string, project: string = root): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest
  const { bin, exports, imports, peerDependencies } = manifest
  const programs = Object.values(bin).map((path) => ({ out: nameOf(path), in: `src/${nameOf(path)}.ts` }))
  const entries = [...entriesIn(exports), ...programs]
  // One entry for each file, even if several conditions lead to it: equal entries would get a shared file.
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
 * esbuild creates one shared file for each set of entries that reach the same sources. Entries reach different parts of
 * the core, which would result in a dozen files, and `import 'genstage'` would load most of them. So an import of the
 * main entry is added to each entry. It imports no names and is not written to the file, but it makes all entries reach
 * the same sources.
 */
function oneCore([main = '', ...others]: readonly string[]): Plugin {
  return {
    name: 'one-core',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!others.includes(path)) return undefined
        // At the end, so that line numbers stay the same.
        const contents = `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(main)}\n`
        return { contents, loader: 'ts' }
      })
    },
  }
}

/** The targets that have a source and a built file. `#page` has no source: build-page.ts generates it. */
function entriesIn(target: Target): readonly Entry[] {
  if (typeof target === 'string') return []
  const { 'genstage-source': source, default: built } = target
  if (typeof source !== 'string' || typeof built !== 'string') return Object.values(target).flatMap(entriesIn)
  // The target for types is a declaration file, which tsc writes.
  return built.endsWith('.js') ? [{ out: nameOf(built), in: source.replace('./', '') }] : []
}

/** The names of shared files depend on their content, so files of an earlier build would remain. */
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
