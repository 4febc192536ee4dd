import { defineConfig } from 'vitest/config'

// `genstage-source` makes `genstage`, `genstage/testing` and `#host` mean the sources, not the build.
const conditions = ['genstage-source', 'node', 'default']

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // `npm run test:scale` runs the tests of what is very large, which take too long for `npm test`.
    include: mode === 'scale' ? ['test/**/*.scale.ts'] : ['test/**/*.test.ts', 'apps/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // Processes, not threads: tests of exit codes, signals and leaks must not share a heap with others.
    pool: 'forks',
    maxWorkers: 2,
    // For the tests that count what is collected.
    execArgv: ['--expose-gc'],
    // A forgotten `.only` must not pass for a whole run; `--allowOnly` is there for working.
    allowOnly: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
}))
