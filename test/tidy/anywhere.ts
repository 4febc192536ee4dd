import { type Manifest, manifestOf } from './manifest.ts'
import type { Rule } from './project-file.ts'

// Some patterns hold one letter in brackets, so that this file does not break the rule it states.
const foreignPlaces: readonly { readonly pattern: RegExp; readonly advice: string }[] = [
  {
    pattern: /(?<![\w.~*})\]:/-])\/(wor[k]|home|root|Users|mnt|tmp|farm)\/[\w.@-]/,
    advice: 'a path that exists on one machine: use one relative to the project, or os.tmpdir()',
  },
  {
    pattern: /(?<!\w)[A-Za-z]:\\(Users|Windows)\b/,
    advice: 'a path that exists on one machine: use one relative to the project, or os.tmpdir()',
  },
  {
    pattern: /\.\.\/share[d]\b|(?<!\w)\.librar[y]\b/,
    advice: 'a folder outside the project, which others do not have: copy what is needed into the project',
  },
  {
    pattern: /\bfar[m]-[a-z]/,
    advice: 'a tool that others do not have: name it in the words of this project',
  },
  {
    pattern: /\bregistr[y]\.[a-z0-9-]+\.[a-z]{2,}|"resolve[d]": "/,
    advice: 'a package registry, which others may not reach: keep omit-lockfile-registry-resolved=true in .npmrc',
  },
]

/** What is committed works on every machine. */
export const namesNoMachine: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      foreignPlaces.flatMap(({ pattern, advice }) => {
        const found = pattern.exec(line)?.[0]
        return found === undefined ? [] : [`${path}:${index + 1}: '${found}' names ${advice}`]
      }),
    ),
  )

/** Users of the library install nothing else, and run nothing when they install it. */
export const packageNeedsNothing: Rule = (files) => judgeManifest(manifestOf(files))

function judgeManifest(manifest: Manifest): string[] {
  const problems: string[] = []
  for (const key of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies']) {
    if (Object.hasOwn(manifest, key)) {
      problems.push(`${key} must not be there: write the part that is needed, or make it an optional peer of a leaf`)
    }
  }
  for (const [name, version] of Object.entries(manifest.devDependencies ?? {})) {
    if (!/^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      problems.push(`devDependencies.${name} is '${version}': pin one exact version, then run npm ci`)
    }
  }
  for (const name of Object.keys(manifest.peerDependencies ?? {})) {
    if (manifest.peerDependenciesMeta?.[name]?.optional !== true) {
      problems.push(`peerDependencies.${name} is not optional: declare it so in peerDependenciesMeta`)
    }
  }
  for (const script of ['preinstall', 'install', 'postinstall']) {
    if (manifest.scripts?.[script] !== undefined) {
      problems.push(`scripts.${script} runs when users install: do it in npm run build`)
    }
  }
  if (manifest.scripts?.prepare !== undefined) {
    problems.push(
      'scripts.prepare makes npm warn users who install, though it does not run there: do it in npm run build',
    )
  }
  return problems.map((problem) => `package.json: ${problem}`)
}
