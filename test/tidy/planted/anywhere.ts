import { namesNoMachine, packageNeedsNothing } from '../anywhere.ts'
import { type House, manifest } from './house.ts'

// Put together from parts, or this file would break the rules it plants violations of.
const pathOfOneMachine = ['', 'home', 'user', 'genstage'].join('/')

/** Violations of the rules on what is committed and published. */
export const anywhereRules: readonly House[] = [
  {
    title: 'nothing names a machine, or a tool that others do not have',
    rule: namesNoMachine,
    refused: [
      { files: { 'README.md': `\nsee ${pathOfOneMachine}` }, message: 'README.md:2: ' },
      { files: { 'src/a.ts': `'${['', 'tmp', 'a'].join('/')}'` }, message: 'os.tmpdir()' },
      { files: { 'docs/a.md': ['..', 'shared', 'a.md'].join('/') }, message: 'copy what is needed into the project' },
      { files: { 'docs/a.md': ['farm', 'bench'].join('-') }, message: 'name it in the words of this project' },
      {
        files: { 'package-lock.json': ['https://registry', 'example', 'org/a'].join('.') },
        message: 'keep omit-lockfile-registry-resolved=true',
      },
    ],
    allowed: { 'README.md': 'apps/work/home/a.ts, https://example.org/home/a, #!/usr/bin/env node, {{root}}/tmp/x' },
  },
  {
    title: 'the package needs no other to be installed',
    rule: packageNeedsNothing,
    refused: [
      { files: manifest({ dependencies: {} }), message: 'dependencies must not be there' },
      { files: manifest({ devDependencies: { a: '^1.0.0' } }), message: "devDependencies.a is '^1.0.0': pin one" },
      { files: manifest({ peerDependencies: { a: '^1.0.0' } }), message: 'peerDependencies.a is not optional' },
      { files: manifest({ scripts: { postinstall: 'node a.js' } }), message: 'scripts.postinstall runs when' },
      { files: manifest({ scripts: { prepare: 'node a.js' } }), message: 'scripts.prepare makes npm warn' },
    ],
    allowed: manifest({
      devDependencies: { a: '1.0.0', b: 'npm:@some/b@1.0.0' },
      peerDependencies: { c: '^1.0.0' },
      peerDependenciesMeta: { c: { optional: true } },
    }),
  },
]
