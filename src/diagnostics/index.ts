export { type DiagnosticsMessage, diagnosticsChannelOf, publishDiagnostics } from './publish-diagnostics.ts'
